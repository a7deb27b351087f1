# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""APIs that are off, permissions that are missing, and a project that is not there. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from ....core.errors import HttpError, LlmopsError
from ....google.projects import disabled_service, is_unknown_project, missing_permission, project_of_account
from ..facts import Facts
from ..findings import RULES, Finding, listed
from ..plan import Plan
from . import table

MEMBER = "MEMBER"
"""Stands in commands for the caller."""

_TOLD = 6
"""Permissions of one role that a finding names; of more, it tells how many there are."""


def check_apis(plan: Plan, facts: Facts) -> Iterator[Finding]:
    """Every API that is not enabled, in one finding, because one command enables them all.

    What Service Usage says of them, and what the refusals of those say that are off.
    """
    states = facts["services"]
    told_off = {disabled_service(fact) for fact in facts.values() if isinstance(fact, LlmopsError)}
    needed = table.apis_of(plan)
    known = not isinstance(states, LlmopsError)
    off = [api for api in needed if api.service in told_off or known and states.get(api.service) != "ENABLED"]
    if off:
        names = listed([api.title for api in off])
        yield Finding("apis", f"not enabled in project {plan.project}: {names}", enable(plan, *off))


def check_permissions(plan: Plan, facts: Facts) -> Iterator[Finding]:
    """Missing permissions, one finding for each role that would give them."""
    missing: dict[str, list[str]] = {}
    for permission in table.permissions_of(plan):
        if permission not in facts["permissions"]:
            missing.setdefault(table.role_of(permission), []).append(permission)
    for role, permissions in missing.items():
        more = len(permissions) - _TOLD
        told = [*permissions[:_TOLD], f"{more} more of {role}"] if more > 0 else permissions
        message = f"the caller lacks {listed(told)} in project {plan.project}"
        yield Finding("permissions", message, grant(plan, role))


def check_accounts(plan: Plan, facts: Facts) -> Iterator[Finding]:
    """Service accounts of the nodes that the caller may not attach, or that are not there."""
    variables = table.accounts_of(plan, facts["project"].default_account)
    for account, permissions in facts["accounts"].items():
        variable = variables.get(account)
        project = project_of_account(account) or plan.project
        if permissions is None:
            message = f"the service account of the nodes, {account}, does not exist in project {project}"
            fix = f"set {variable} to one that does (gcloud iam service-accounts list --project {project})"
            yield Finding("accounts", message, fix, variable=variable)
        elif table.ACT_AS not in permissions:
            message = f"the caller lacks {table.ACT_AS} on {account}, the service account of the nodes"
            fix = (
                f"gcloud iam service-accounts add-iam-policy-binding {account} --project {project} "
                f"--member={MEMBER} --role={table.ACCOUNT_USER}"
            )
            yield Finding("accounts", message, fix)


def unseen_project(plan: Plan, facts: Facts) -> Finding | None:
    """The finding that the project is not there, or hidden from the caller: Google answers the same to both."""
    failures = [fact for fact in facts.values() if isinstance(fact, LlmopsError)]
    refused = [one for one in failures if isinstance(one, HttpError) and one.status in (403, 404)]
    nothing = len(refused) > 1 and all(not fact for fact in facts.values() if not isinstance(fact, LlmopsError))
    hidden = nothing and len(refused) == len(failures) and not any(disabled_service(one) for one in failures)
    if not (hidden or any(is_unknown_project(one) for one in failures)):
        return None
    roles = dict.fromkeys(table.role_of(permission) for permission in table.permissions_of(plan))
    return Finding(
        RULES,
        f"llmops_project: there is no project {plan.project}, or the caller may see nothing of it (Google answers "
        f"{listed(sorted({str(one.status) for one in refused}))} to both)",
        "set llmops_project to the project's ID, which is neither its name nor its number (gcloud projects list), or "
        f"let the caller in: {grant(plan, 'ROLE')}, for each ROLE of {listed(list(roles))}",
        variable="llmops_project",
    )


def told_elsewhere(fact: LlmopsError, names: set[str], facts: Facts) -> bool:
    """Whether a check among ``names`` tells why something could not be read."""
    if disabled_service(fact) is not None:
        return "apis" in names
    permissions = facts.get("permissions")
    readable = "permissions" in names and isinstance(permissions, set)
    return readable and missing_permission(fact) in {*table_permissions()} - permissions


def table_permissions() -> list[str]:
    """Every permission of the table."""
    return [permission for need in table.NEEDS for permission in need.permissions]


def way_out(plan: Plan, fact: LlmopsError) -> str:
    """The command that lets something be read, as far as the refusal says what is wanting; else nothing."""
    service, permission = disabled_service(fact), missing_permission(fact)
    if service is not None:
        return enable(plan, table.Api(service, "", ""))
    return grant(plan, table.role_of(permission)) if permission in table_permissions() else ""


def enable(plan: Plan, *apis: table.Api) -> str:
    """The command that enables APIs."""
    return f"gcloud services enable {' '.join(api.service for api in apis)} --project {plan.project}"


def grant(plan: Plan, role: str) -> str:
    """The command that grants a role in the project."""
    return f"gcloud projects add-iam-policy-binding {plan.project} --member={MEMBER} --role={role}"


def naming(findings: Iterable[Finding], member: str) -> list[Finding]:
    """The findings with the caller in their commands. member: as IAM policies name it."""
    return [replace(one, fix=one.fix.replace(f"--member={MEMBER}", f"--member={member}")) for one in findings]
