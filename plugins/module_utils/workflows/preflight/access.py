# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""APIs that are off and permissions that are missing. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from .facts import APIS, FURTHER_PERMISSIONS, PERMISSIONS, Facts
from .findings import Finding, listed
from .plan import Plan


def check_apis(plan: Plan, facts: Facts) -> Iterator[Finding]:
    """Every API that is not enabled, in one finding, because one command enables them all."""
    off = [service for service in APIS if facts["services"].get(service) != "ENABLED"]
    if off:
        names = listed([APIS[service] for service in off])
        fix = f"gcloud services enable {' '.join(off)} --project {plan.project}"
        yield Finding("apis", f"not enabled in project {plan.project}: {names}", fix)


def check_permissions(plan: Plan, facts: Facts) -> Iterator[Finding]:
    """Missing permissions, one finding for each role that would give them."""
    missing: dict[str, list[str]] = {}
    for permission in dict.fromkeys([*PERMISSIONS, *plan.permissions]):
        if permission not in facts["permissions"]:
            role = {**PERMISSIONS, **FURTHER_PERMISSIONS}.get(permission, "ROLE")
            missing.setdefault(role, []).append(permission)
    for role, permissions in missing.items():
        fix = f"gcloud projects add-iam-policy-binding {plan.project} --member=MEMBER --role={role}"
        yield Finding("permissions", f"the caller lacks {listed(permissions)} in project {plan.project}", fix)
