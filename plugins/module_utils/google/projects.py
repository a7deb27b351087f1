# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which APIs a project has enabled, and what the caller may do in it; also by what a refusal says of that."""

from __future__ import annotations

import re
from typing import Any

from ..core.errors import HttpError
from ..http.replies import error_info
from .apis import GoogleApis

_PERMISSION = re.compile(r"""["'](\w+\.\w+\.\w+)["'] permission|Permission ["'](\w+\.\w+\.\w+)["'] denied""")
_AT_ONCE = 100
"""Permissions in one question."""

_ACCOUNT = re.compile(r"[^@]+@(?P<project>[^@.]+)(\.(?P<domain>[^@]+))?\.iam\.gserviceaccount\.com")


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
    path, doing = f"/v1/projects/{project}:testIamPermissions", f"read what the caller may do in project {project}"
    granted: set[str] = set()
    for first in range(0, len(permissions), _AT_ONCE):
        asked = {"permissions": permissions[first : first + _AT_ONCE]}
        granted.update(apis.ask("Resource Manager", path, doing, asked, {"permissions": [str]}).get("permissions", []))
    return granted


def account_permissions(apis: GoogleApis, project: str, account: str, permissions: list[str]) -> set[str] | None:
    """Those that the caller has on a service account (projects.serviceAccounts.testIamPermissions); None where the
    account does not exist.

    project: whose account it is, where its e-mail does not tell.
    """
    path = f"/v1/projects/{project_of_account(account) or project}/serviceAccounts/{account}:testIamPermissions"
    doing = f"read what the caller may do with service account {account}"
    try:
        body: dict[str, Any] = apis.ask("IAM", path, doing, {"permissions": permissions}, {"permissions": [str]})
    except HttpError as error:
        if error.status == 404:
            return None
        raise
    return set(body.get("permissions", []))


def project_of_account(account: str) -> str | None:
    """The project that a service account's e-mail names; None for one of Google's own, such as Compute Engine's."""
    found = _ACCOUNT.fullmatch(account)
    if found is None:
        return None
    return f"{found['domain']}:{found['project']}" if found["domain"] else found["project"]


def disabled_service(error: Exception) -> str | None:
    """The API that is off in the project, where that is why a request was refused (``compute.googleapis.com``)."""
    told = error_info(getattr(error, "details", None))
    return told["metadata"].get("service") if told.get("reason") == "SERVICE_DISABLED" else None


def missing_permission(error: Exception) -> str | None:
    """The IAM permission whose want is why a request was refused, as far as the server says it."""
    if not isinstance(error, HttpError) or error.status != 403:
        return None
    told = error_info(error.details)
    found = _PERMISSION.search(error.server_message)
    return told.get("metadata", {}).get("permission") or (found and (found[1] or found[2])) or None


def is_unknown_project(error: Exception) -> bool:
    """Whether a request was refused because there is no such project, or none that the caller may see."""
    return error_info(getattr(error, "details", None)).get("reason") == "CONSUMER_INVALID"
