# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Roles of Google Cloud for a cluster's service accounts, by workload identity federation for GKE: no key is needed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from ..core.deadline import Deadline
from ..core.reconcile import add_next
from ..core.result import Progress, Result
from ..google.apis import GoogleApis
from ..google.iam import BucketPolicy, ProjectPolicy, converge_member, service_account_member
from ..google.names import check_bucket, check_project, check_role
from .cluster_access import ClusterAccess


@dataclass(frozen=True)
class Grant:
    """A role in the cluster's project, or on a bucket, for the Kubernetes service account namespace/name."""

    namespace: str
    name: str
    role: str
    bucket: str | None = None


def checked(project: str | None, grants: Sequence[Grant]) -> Sequence[Grant]:
    """The grants; raises InvalidOption for one that no request could carry out."""
    for grant in grants:
        check_project(project)
        check_role(grant.role, "service_account_roles.role")
        if grant.bucket is not None:
            check_bucket(grant.bucket, "service_account_roles.bucket")
    return grants


def give(
    access: ClusterAccess,
    options: dict[str, Any],
    grants: Sequence[Grant],
    deadline: Deadline,
    progress: Progress,
    *,
    check: bool,
) -> Result:
    """Have each service account among the members of its role. options: those of the ``kubernetes_access`` fragment.

    Raises HttpError, whose ``steps_done`` are the grants before it. Without grants nothing is asked.
    """
    result = Result()
    if not grants:
        return result
    project = check_project(options.get("project"))
    apis = GoogleApis(options, deadline)
    try:
        for grant in grants:
            add_next(result, partial(_given, apis, project, grant, deadline, progress, check), check=check)
    finally:
        access.other_requests += apis.sent
        apis.close()
    result.values = {}
    return result


def _given(apis: GoogleApis, project: str, grant: Grant, deadline: Deadline, progress: Progress, check: bool) -> Result:
    member = service_account_member(apis, project, grant.namespace, grant.name)
    policy = BucketPolicy(grant.bucket) if grant.bucket is not None else ProjectPolicy(project)
    result = converge_member(apis, deadline, policy, grant.role, member, "present", check)
    for step in result.plan:
        progress(f"{step.resource}: {member} has {grant.role}")
        # The same role may be given on several resources.
        result.before, result.after = {step.resource: result.before}, {step.resource: result.after}
    return result
