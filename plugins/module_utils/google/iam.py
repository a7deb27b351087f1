# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One member of one role of a project or a bucket, added or taken out; everything else of its IAM policy is kept.

A policy is written as a whole, so it is read first and written back with the etag it had (projects.setIamPolicy,
buckets.setIamPolicy): where somebody else was quicker, it is read again.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from ..core.deadline import Deadline, backoff
from ..core.errors import HttpError, ReplyLost, UnexpectedAnswer
from ..core.result import Change, Result, Step
from ..http.answers import FILLED
from .apis import GoogleApis

SERVICE = "Resource Manager"
STORAGE = "Cloud Storage"
_POLICY = {
    # Written back without one, a policy would replace whatever is there.
    "etag!": FILLED,
    "version": int,
    "bindings": [{"role!": str, "members": [str], "condition": {}}],
}
POLICY_VERSION = 3
"""The version in which conditions are told, so that they are written back."""


class Policy(ABC):
    """The IAM policy of one resource. title: the resource in messages. request: the one that writes the policy.

    overtaken: the status that says that somebody else has written it meanwhile.
    """

    title: str
    request: str
    overtaken: int

    @abstractmethod
    def read(self, apis: GoogleApis) -> dict[str, Any]:
        """The policy as it is. Raises HttpError."""

    @abstractmethod
    def write(self, apis: GoogleApis, doing: str, policy: dict[str, Any]) -> None:
        """Replace it. Raises HttpError, ReplyLost."""


class ProjectPolicy(Policy):
    """The policy of a project."""

    overtaken = 409

    def __init__(self, project: str) -> None:
        self.title, self._path = f"project {project}", f"/v1/projects/{project}"
        self.request = f"POST {self._path}:setIamPolicy"

    def read(self, apis: GoogleApis) -> dict[str, Any]:
        """See Policy."""
        body = {"options": {"requestedPolicyVersion": POLICY_VERSION}}
        return apis.ask(SERVICE, f"{self._path}:getIamPolicy", _reading(self), body, _POLICY)

    def write(self, apis: GoogleApis, doing: str, policy: dict[str, Any]) -> None:
        """See Policy."""
        apis.write(SERVICE, f"{self._path}:setIamPolicy", doing, {"policy": policy}, _POLICY)


class BucketPolicy(Policy):
    """The policy of a Cloud Storage bucket."""

    overtaken = 412

    def __init__(self, bucket: str) -> None:
        self.title, self._path = f"bucket {bucket}", f"/b/{bucket}/iam"
        self.request = f"PUT {self._path}"

    def read(self, apis: GoogleApis) -> dict[str, Any]:
        """See Policy."""
        version = {"optionsRequestedPolicyVersion": POLICY_VERSION}
        return apis.get(STORAGE, self._path, _reading(self), _POLICY, **version)

    def write(self, apis: GoogleApis, doing: str, policy: dict[str, Any]) -> None:
        """See Policy."""
        apis.write(STORAGE, self._path, doing, policy, _POLICY, method="PUT")


def _reading(policy: Policy) -> str:
    return f"read the IAM policy of {policy.title}"


def converge_member(
    apis: GoogleApis, deadline: Deadline, resource: Policy, role: str, member: str, state: str, check: bool
) -> Result:
    """Have ``member`` among those of ``role`` (state ``present``) or not (``absent``).

    The result's values: role, member, members; its before and after are the role's members. Raises HttpError.
    """
    pauses, first = backoff(), None
    unsettled: list[ReplyLost] = []
    given = state == "present"
    doing = f"{'give' if given else 'take'} {role} on {resource.title} {'to' if given else 'from'} {member}"
    while True:
        policy = resource.read(apis)
        before = members_of(policy, role)
        after = sorted({*before, member}) if state == "present" else [one for one in before if one != member]
        first = before if first is None else first
        if unsettled and isinstance(unsettled[-1], UnexpectedAnswer) and before != after:
            raise unsettled[-1]
        if before != after and not check:
            try:
                resource.write(apis, doing, with_members(policy, role, after))
            except ReplyLost as lost:
                unsettled.append(lost)
                # Whether it was written is seen by looking.
                _pause(deadline, max(next(pauses), lost.retry_after), doing, lost)
                continue
            except HttpError as error:
                if error.status != resource.overtaken:
                    raise
                _pause(deadline, next(pauses), doing, error)
                continue
        break
    values = {"role": role, "member": member, "members": after}
    if first == after:
        return Result(values=values, http_requests=apis.sent)
    step = Step("update", f"IAM policy of {resource.title}", resource.request, (Change(role, first, after),))
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


def service_account_member(apis: GoogleApis, project: str, namespace: str, name: str) -> str:
    """A Kubernetes service account as IAM names it (workload identity federation for GKE); reads the project."""
    doing = f"read the number of project {project}"
    found = apis.get(SERVICE, f"/v1/projects/{project}", doing, {"projectNumber!": (str, int)})
    pool = f"projects/{found['projectNumber']}/locations/global/workloadIdentityPools/{project}.svc.id.goog"
    return f"principal://iam.googleapis.com/{pool}/subject/ns/{namespace}/sa/{name}"
