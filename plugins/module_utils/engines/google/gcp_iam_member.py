# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine of gcp_iam_member."""

from __future__ import annotations

from typing import Any

from ...core.deadline import Deadline
from ...core.errors import InvalidOption
from ...core.result import Progress, Result
from ...core.runner import ModuleSpec
from ...google.apis import GoogleApis
from ...google.iam import BucketPolicy, ProjectPolicy, converge_member, service_account_member
from ...google.names import check_bucket, check_project, check_role
from ...google.options import PROJECT_READER


def run(options: dict[str, Any], check: bool, _progress: Progress) -> Result:
    """Add or remove the member. options: those of gcp_iam_member. Raises InvalidOption, HttpError."""
    project, role = check_project(options["project"]), check_role(options["role"])
    if options["kubernetes_service_account"] is None and ":" not in (options["member"] or ""):
        raise InvalidOption("member", options["member"], "a kind and a name, such as user:someone@example.com")
    bucket = options["bucket"]
    resource = BucketPolicy(check_bucket(bucket)) if bucket is not None else ProjectPolicy(project)
    deadline = Deadline(options["timeout"])
    apis = GoogleApis(options, deadline)
    try:
        return converge_member(apis, deadline, resource, role, _member(apis, project, options), options["state"], check)
    finally:
        apis.close()


def _member(apis: GoogleApis, project: str, options: dict[str, Any]) -> str:
    """The member, made of a Kubernetes service account where that is given."""
    account = options["kubernetes_service_account"]
    if account is None:
        return options["member"]
    return service_account_member(apis, project, account["namespace"], account["name"])


ARGUMENT_SPEC: dict[str, Any] = {
    **PROJECT_READER,
    "bucket": {"type": "str"},
    "role": {"type": "str", "required": True},
    "member": {"type": "str"},
    "kubernetes_service_account": {
        "type": "dict",
        "options": {"namespace": {"type": "str", "required": True}, "name": {"type": "str", "required": True}},
    },
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
}

RULES: dict[str, Any] = {
    "required_one_of": [("member", "kubernetes_service_account")],
    "mutually_exclusive": [("member", "kubernetes_service_account")],
}

SPEC = ModuleSpec(run=run, argument_spec=ARGUMENT_SPEC, rules=RULES, told=frozenset({"plan"}))
