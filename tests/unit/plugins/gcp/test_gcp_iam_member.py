# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""gcp_iam_member: the policy as it is written, conflicts, lost replies, and what is refused beforehand."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.llmops.gke.plugins.module_utils.core.errors import (
    HttpError,
    InvalidOption,
    UnexpectedAnswer,
)
from ansible_collections.llmops.gke.plugins.module_utils.core.result import silent
from ansible_collections.llmops.gke.plugins.module_utils.engines.google import gcp_iam_member
from ansible_collections.llmops.gke.plugins.module_utils.engines.google.gcp_iam_member import (
    ARGUMENT_SPEC as IAM_MEMBER,
)
from ansible_collections.llmops.gke.plugins.module_utils.engines.google.gcp_iam_member import RULES as IAM_MEMBER_RULES
from ansible_collections.llmops.gke.plugins.module_utils.google import iam
from tests.unit.fake_http import FakeServer, Reply, google_error

GET, SET = "/v1/projects/demo-project:getIamPolicy", "/v1/projects/demo-project:setIamPolicy"
ROLE, MEMBER = "roles/monitoring.viewer", "user:a@example.com"
CONDITIONAL = {"role": ROLE, "members": ["user:c@example.com"], "condition": {"expression": "true"}}
OTHER = {"role": "roles/owner", "members": ["user:o@example.com"]}
POLICY = {
    "version": 3,
    "etag": "BwY=",
    "bindings": [OTHER, CONDITIONAL, {"role": ROLE, "members": ["user:b@example.com"]}],
}
WITH_IT = {**POLICY, "bindings": [OTHER, CONDITIONAL, {"role": ROLE, "members": [MEMBER, "user:b@example.com"]}]}


def play(answers: Any, **given: Any) -> tuple[dict[str, Any], FakeServer]:
    with FakeServer(answers) as server:
        services = ("container", "compute", "resource_manager", "service_usage", "iam", "storage")
        ends = {f"{one}_api_endpoint": server.url for one in services}
        asked = {"project": "demo-project", "access_token": "t", "role": ROLE, "member": MEMBER, **ends, **given}
        validated = ArgumentSpecValidator(IAM_MEMBER, **IAM_MEMBER_RULES).validate(asked)
        assert not validated.error_messages, validated.error_messages
        return gcp_iam_member.run(validated.validated_parameters, False, silent).to_dict(), server


def test_only_the_one_binding_changes_and_the_etag_goes_along():
    result, server = play({("POST", GET): POLICY, ("POST", SET): WITH_IT})
    assert [request.path for request in server.requests] == [GET, SET]
    assert server.requests[0].body == {"options": {"requestedPolicyVersion": 3}}
    assert server.requests[1].body == {"policy": WITH_IT}
    assert result["plan"][0]["changes"] == [
        {"field": ROLE, "before": ["user:b@example.com"], "after": [MEMBER, "user:b@example.com"]}
    ]


def test_the_last_member_takes_the_binding_along():
    written = iam.with_members(WITH_IT, "roles/owner", [])
    assert written["bindings"] == WITH_IT["bindings"][1:]


def test_a_change_at_the_same_time_is_read_again():
    conflict = google_error(409, "ABORTED", "There were concurrent policy changes.")
    newer = {**POLICY, "etag": "BwZ="}
    answers = {
        ("POST", GET): (Reply(200, POLICY), Reply(200, newer)),
        ("POST", SET): (conflict, Reply(200, newer)),
    }
    result, server = play(answers)
    assert [request.path for request in server.requests] == [GET, SET, GET, SET]
    assert server.requests[3].body["policy"]["etag"] == "BwZ="
    assert result["changed"]


def test_a_lost_reply_is_settled_by_looking():
    answers = {("POST", GET): (Reply(200, POLICY), Reply(200, WITH_IT)), ("POST", SET): Reply(lost=True)}
    result, server = play(answers)
    assert [request.path for request in server.requests] == [GET, SET, GET]
    assert result["changed"] and result["members"] == [MEMBER, "user:b@example.com"]


@pytest.mark.parametrize("policy", [{}, {"bindings": []}, {**POLICY, "etag": ""}, {**POLICY, "bindings": {}}, [], None])
def test_a_policy_that_was_not_read_whole_is_never_written_back(policy):
    with pytest.raises(UnexpectedAnswer, match="read the IAM policy of project demo-project: .* answered"):
        # Nothing answers to setIamPolicy: it would fail the test.
        play({("POST", GET): Reply(200, policy) if policy is not None else Reply(200, "null")})


def test_an_answer_to_the_write_that_is_none_is_settled_by_looking():
    answers = {("POST", GET): (Reply(200, POLICY), Reply(200, WITH_IT)), ("POST", SET): "<html>"}
    result, server = play(answers)
    assert [request.path for request in server.requests] == [GET, SET, GET]
    assert result["changed"]
    with pytest.raises(UnexpectedAnswer, match="give roles/monitoring.viewer"):
        play({("POST", GET): POLICY, ("POST", SET): "<html>"})


def test_what_is_refused():
    with pytest.raises(HttpError, match="read the IAM policy of project demo-project: .*403 PERMISSION_DENIED: No"):
        play({("POST", GET): google_error(403, "PERMISSION_DENIED", "No.")})
    with pytest.raises(InvalidOption, match="role: 'viewer' is not accepted"):
        play({}, role="viewer")
    with pytest.raises(InvalidOption, match="member: 'someone' is not accepted"):
        play({}, member="someone")


BUCKET = "/b/my-models/iam"


def test_a_bucket_has_a_policy_of_its_own():
    """Read and written by Cloud Storage's requests, and the project's policy is not touched."""
    answers = {("GET", BUCKET): POLICY, ("PUT", BUCKET): WITH_IT}
    result, server = play(answers, bucket="my-models")
    assert [(request.method, request.path.partition("?")[0]) for request in server.requests] == [
        ("GET", BUCKET),
        ("PUT", BUCKET),
    ]
    assert server.requests[0].path.endswith("?optionsRequestedPolicyVersion=3")
    assert server.requests[1].body == WITH_IT
    assert result["plan"][0]["resource"] == "IAM policy of bucket my-models"
    assert result["plan"][0]["request"] == "PUT /b/my-models/iam"


def test_a_buckets_policy_that_somebody_else_wrote_meanwhile_is_read_again():
    overtaken = Reply(412, {"error": {"code": 412, "message": "At least one of the pre-conditions did not hold."}})
    newer = {**POLICY, "etag": "CAI="}
    answers = {
        ("GET", BUCKET): (Reply(200, POLICY), Reply(200, newer)),
        ("PUT", BUCKET): (overtaken, Reply(200, WITH_IT)),
    }
    result, server = play(answers, bucket="my-models")
    assert [request.method for request in server.requests] == ["GET", "PUT", "GET", "PUT"]
    assert server.requests[3].body["etag"] == "CAI=" and result["changed"]


@pytest.mark.parametrize("bucket", ["", "gs://my-models", "My-Models", "a", "my-models/7b", "goog-models"])
def test_a_bucket_is_named_without_anything_else(bucket):
    with pytest.raises(InvalidOption, match="bucket: .* is not accepted; .*a bucket's name"):
        play({}, bucket=bucket)
