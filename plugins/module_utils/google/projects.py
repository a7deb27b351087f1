# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which APIs a project has enabled, and what the caller may do in it."""

from __future__ import annotations

from typing import Any

from .apis import GoogleApis


def service_states(apis: GoogleApis, project: str, names: list[str]) -> dict[str, str]:
    """Service (``container.googleapis.com``) -> ``ENABLED`` or ``DISABLED`` (Service Usage, services.batchGet)."""
    body = apis.get(
        "Service Usage",
        f"/v1/projects/{project}/services:batchGet",
        f"read which APIs project {project} has enabled",
        {"services!": [{"config!": {"name!": str}, "state!": str}]},
        names=[f"projects/{project}/services/{name}" for name in names],
    )
    return {one["config"]["name"]: one["state"] for one in body.get("services", [])}


def granted_permissions(apis: GoogleApis, project: str, permissions: list[str]) -> set[str]:
    """Those of the IAM permissions that the caller has in the project (projects.testIamPermissions)."""
    body: dict[str, Any] = apis.ask(
        "Resource Manager",
        f"/v1/projects/{project}:testIamPermissions",
        f"read what the caller may do in project {project}",
        {"permissions": permissions},
        {"permissions": [str]},
    )
    return set(body.get("permissions", []))
