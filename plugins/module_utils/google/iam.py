# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One member of one role of a project, added or taken out; everything else of its IAM policy is kept.

A policy is written as a whole, so it is read first and written back with the etag it had (Resource Manager,
projects.setIamPolicy): where somebody else was quicker, it is read again.
"""

from __future__ import annotations

from typing import Any

from ..core.deadline import Deadline, backoff
from ..core.errors import HttpError, ReplyLost, UnexpectedAnswer
from ..core.result import Change, Result, Step
from ..http.answers import FILLED
from .apis import GoogleApis

SERVICE = "Resource Manager"
_POLICY = {
    # Written back without one, a policy would replace whatever is there.
    "etag!": FILLED,
    "version": int,
    "bindings": [{"role!": str, "members": [str], "condition": {}}],
}
POLICY_VERSION = 3
"""The version in which conditions are told, so that they are written back."""


def converge_member(
    apis: GoogleApis, deadline: Deadline, project: str, role: str, member: str, state: str, check: bool
) -> Result:
    """Have ``member`` among those of ``role`` (state ``present``) or not (``absent``).

    The result's values: role, member, members; its before and after are the role's members. Raises HttpError.
    """
    path, pauses, first = f"/v1/projects/{project}:setIamPolicy", backoff(), None
    unsettled: list[ReplyLost] = []
    doing = f"{'give' if state == 'present' else 'take'} {role} {'to' if state == 'present' else 'from'} {member}"
    while True:
        policy = _read(apis, project)
        before = members_of(policy, role)
        after = sorted({*before, member}) if state == "present" else [one for one in before if one != member]
        first = before if first is None else first
        if unsettled and isinstance(unsettled[-1], UnexpectedAnswer) and before != after:
            raise unsettled[-1]
        if before != after and not check:
            try:
                apis.write(SERVICE, path, doing, {"policy": with_members(policy, role, after)}, _POLICY)
            except ReplyLost as lost:
                unsettled.append(lost)
                # Whether it was written is seen by looking.
                _pause(deadline, max(next(pauses), lost.retry_after), doing, lost)
                continue
            except HttpError as error:
                if error.status != 409:
                    raise
                _pause(deadline, next(pauses), doing, error)
                continue
        break
    values = {"role": role, "member": member, "members": after}
    if first == after:
        return Result(values=values, http_requests=apis.sent)
    step = Step("update", f"IAM policy of project {project}", f"POST {path}", (Change(role, first, after),))
    return Result(
        changed=True,
        before={role: first},
        after={role: after},
        plan=[step],
        values=values,
        http_requests=apis.sent,
    )


def _pause(deadline: Deadline, seconds: float, doing: str, error: HttpError) -> None:
    if seconds >= deadline.remaining():
        raise error
    deadline.pause(seconds, doing, error.message)


def members_of(policy: dict[str, Any], role: str) -> list[str]:
    """Who has the role without a condition, sorted."""
    return sorted({member for binding in _plain(policy, role) for member in binding.get("members", [])})


def with_members(policy: dict[str, Any], role: str, members: list[str]) -> dict[str, Any]:
    """The policy with these members of the role; conditional bindings, other roles and the etag as they were."""
    plain = _plain(policy, role)
    kept = [binding for binding in policy.get("bindings", []) if binding not in plain]
    new = [{"role": role, "members": members}] if members else []
    return {**policy, "version": POLICY_VERSION, "bindings": kept + new}


def _plain(policy: dict[str, Any], role: str) -> list[dict[str, Any]]:
    return [one for one in policy.get("bindings", []) if one.get("role") == role and "condition" not in one]


def _read(apis: GoogleApis, project: str) -> dict[str, Any]:
    body = {"options": {"requestedPolicyVersion": POLICY_VERSION}}
    doing = f"read the IAM policy of project {project}"
    return apis.ask(SERVICE, f"/v1/projects/{project}:getIamPolicy", doing, body, _POLICY)


def service_account_member(apis: GoogleApis, project: str, namespace: str, name: str) -> str:
    """A Kubernetes service account as IAM names it (workload identity federation for GKE); reads the project."""
    doing = f"read the number of project {project}"
    found = apis.get(SERVICE, f"/v1/projects/{project}", doing, {"projectNumber!": (str, int)})
    pool = f"projects/{found['projectNumber']}/locations/global/workloadIdentityPools/{project}.svc.id.goog"
    return f"principal://iam.googleapis.com/{pool}/subject/ns/{namespace}/sa/{name}"
