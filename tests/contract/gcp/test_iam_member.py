# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""gcp_iam_member on the sandbox's Resource Manager: one member more or less, and everything else as it was."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.core.result import silent
from ansible_collections.llmops.gke.plugins.module_utils.engines.google import gcp_iam_member
from ansible_collections.llmops.gke.plugins.module_utils.engines.google.gcp_iam_member import (
    ARGUMENT_SPEC as IAM_MEMBER,
)

ADAPTER = {"namespace": "custom-metrics", "name": "adapter"}
PRINCIPAL = (
    "principal://iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/"
    "sandbox-project.svc.id.goog/subject/ns/custom-metrics/sa/adapter"
)


@pytest.fixture
def grant(options_of):
    """Runs the engine for a role."""

    def run(check: bool = False, **given: Any) -> dict[str, Any]:
        options = options_of(IAM_MEMBER, **{"role": "roles/monitoring.viewer", **given})
        return gcp_iam_member.run(options, check, silent).to_dict()

    return run


def test_given_once_kept_and_taken_away(sandbox, grant):
    account = {"kubernetes_service_account": ADAPTER}
    planned = grant(check=True, **account)
    assert planned["changed"] and planned["plan"][0]["changes"][0]["after"] == [PRINCIPAL]
    done = grant(**account)
    assert {key: done[key] for key in ("changed", "plan", "members", "diff")} == {
        key: planned[key] for key in ("changed", "plan", "members", "diff")
    }
    sandbox.forget_requests()
    again = grant(**account)
    assert again["changed"] is False and again["members"] == [PRINCIPAL]
    assert [entry["path"].rpartition(":")[2] for entry in sandbox.requests() if entry["method"] == "POST"] == [
        "getIamPolicy"
    ]
    beside = grant(member="user:someone@example.com")
    assert beside["members"] == [PRINCIPAL, "user:someone@example.com"]
    gone = grant(state="absent", **account)
    assert gone["members"] == ["user:someone@example.com"]
    assert grant(role="roles/owner", member="user:x@example.com", state="absent")["members"] == [
        "serviceAccount:sandbox@sandbox-project.iam.gserviceaccount.com"
    ]


def test_a_role_of_a_bucket_leaves_the_project_as_it_is(grant):
    given = {
        "role": "roles/storage.objectViewer",
        "bucket": "sandbox-project-models",
        "kubernetes_service_account": ADAPTER,
    }
    planned = grant(check=True, **given)
    done = grant(**given)
    assert planned["changed"] and (done["plan"], done["members"]) == (planned["plan"], [PRINCIPAL])
    assert grant(**given)["changed"] is False
    assert grant(role=given["role"], state="absent", kubernetes_service_account=ADAPTER)["changed"] is False
    assert grant(**given, state="absent")["members"] == []
