# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether an operation failed, and what is told of it."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.gke import operations

STOCKOUT = {"code": "GCE_STOCKOUT", "canonicalCode": "RESOURCE_EXHAUSTED", "message": "No L4 here."}
ELSEWHERE = "name other zones of the region in locations, or another machine type, or try again later"
QUOTA = "ask for more quota (console: IAM, Quotas), or for fewer or other nodes"
EXHAUSTED = "ask for more quota, or for other zones, fewer nodes or another machine type"


@pytest.mark.parametrize(
    ("condition", "fails"),
    [
        (STOCKOUT, True),
        ({"code": "GCE_STOCKOUT"}, True),
        ({"code": "GCE_STOCKOUT", "canonicalCode": "OK"}, True),
        ({"canonicalCode": "INTERNAL"}, True),
        ({"code": "UNKNOWN", "canonicalCode": "INTERNAL"}, True),
        ({"code": "UNKNOWN", "canonicalCode": "OK"}, False),
        ({"code": "UNKNOWN"}, False),
        ({}, False),
        ({"code": "SET_BY_OPERATOR", "canonicalCode": "INTERNAL"}, False),
        ({"code": "CA_EXPIRING", "canonicalCode": "UNKNOWN"}, False),
    ],
)
def test_a_condition_that_tells_of_a_failure(condition: dict[str, Any], fails: bool):
    note = {"code": "SET_BY_OPERATOR"}
    assert operations.failure_conditions([note, condition, note]) == ([condition] if fails else [])


def test_no_conditions_tell_of_no_failure():
    assert operations.failure_conditions(None) == operations.failure_conditions([]) == []


@pytest.mark.parametrize(
    ("given", "message", "fields"),
    [
        ({}, "do it: GKE failed: no reason was given", {}),
        ({"words": "Oops. ."}, "do it: GKE failed: Oops", {"server_message": "Oops. ."}),
        (
            {"words": "No GPU in zone X."},
            "do it: GKE failed: No GPU in zone X",
            {"server_message": "No GPU in zone X."},
        ),
        (
            {"conditions": [STOCKOUT]},
            f"do it: GKE failed with GCE_STOCKOUT: No L4 here; {ELSEWHERE}",
            {"code": "GCE_STOCKOUT", "server_message": "No L4 here.", "conditions": [STOCKOUT]},
        ),
        (
            {"conditions": [STOCKOUT], "words": "It failed.", "code": "RESOURCE_EXHAUSTED", "remedy": "or wait"},
            f"do it: GKE failed with GCE_STOCKOUT: It failed; No L4 here; {ELSEWHERE}; or wait",
            {"code": "GCE_STOCKOUT", "server_message": "It failed.; No L4 here.", "conditions": [STOCKOUT]},
        ),
        # What several say is said once.
        (
            {"conditions": [STOCKOUT, {**STOCKOUT, "code": "X"}], "words": "No L4 here."},
            f"do it: GKE failed with GCE_STOCKOUT: No L4 here; {ELSEWHERE}",
            {
                "code": "GCE_STOCKOUT",
                "server_message": "No L4 here.",
                "conditions": [STOCKOUT, {**STOCKOUT, "code": "X"}],
            },
        ),
        # The first code that is known advises: those of the conditions, then those in the words, then the status'.
        (
            {"conditions": [{"code": "NEW", "canonicalCode": "RESOURCE_EXHAUSTED"}], "words": "GCE_QUOTA_EXCEEDED: 0."},
            f"do it: GKE failed with RESOURCE_EXHAUSTED: GCE_QUOTA_EXCEEDED: 0; {EXHAUSTED}",
            {
                "code": "RESOURCE_EXHAUSTED",
                "server_message": "GCE_QUOTA_EXCEEDED: 0.",
                "conditions": [{"code": "NEW", "canonicalCode": "RESOURCE_EXHAUSTED"}],
            },
        ),
        (
            {"words": "GCE_QUOTA_EXCEEDED: 0.", "code": "RESOURCE_EXHAUSTED"},
            f"do it: GKE failed with GCE_QUOTA_EXCEEDED: GCE_QUOTA_EXCEEDED: 0; {QUOTA}",
            {"code": "GCE_QUOTA_EXCEEDED", "server_message": "GCE_QUOTA_EXCEEDED: 0."},
        ),
        (
            {"code": "RESOURCE_EXHAUSTED"},
            f"do it: GKE failed with RESOURCE_EXHAUSTED: no reason was given; {EXHAUSTED}",
            {"code": "RESOURCE_EXHAUSTED"},
        ),
        # Of codes that advise nothing, the first that says something is told.
        (
            {"conditions": [{"code": "UNKNOWN"}, {"code": "NEW", "canonicalCode": "INTERNAL"}], "code": "UNAVAILABLE"},
            "do it: GKE failed with NEW: no reason was given",
            {"code": "NEW", "conditions": [{"code": "UNKNOWN"}, {"code": "NEW", "canonicalCode": "INTERNAL"}]},
        ),
        (
            {"conditions": [{"canonicalCode": "INTERNAL"}], "code": "UNAVAILABLE", "remedy": "try again"},
            "do it: GKE failed with INTERNAL: no reason was given; try again",
            {"code": "INTERNAL", "conditions": [{"canonicalCode": "INTERNAL"}]},
        ),
        ({"code": "UNAVAILABLE"}, "do it: GKE failed with UNAVAILABLE: no reason was given", {"code": "UNAVAILABLE"}),
    ],
)
def test_a_failure_says_what_the_server_said_and_what_to_do(given: dict[str, Any], message: str, fields: Any):
    error = operations.failure("do it", **{"conditions": [], **given})
    assert error.message == message
    assert error.fields == fields


@pytest.mark.parametrize(
    ("ended", "message"),
    [
        ({}, None),
        ({"error": None, "statusMessage": ""}, None),
        ({"error": {}}, None),
        ({"clusterConditions": [{"code": "CA_EXPIRING", "canonicalCode": "UNKNOWN"}]}, None),
        ({"error": {"code": 3}}, "INVALID_ARGUMENT: no reason was given"),
        ({"error": {"code": 7}}, "PERMISSION_DENIED: no reason was given"),
        ({"error": {"code": 8}}, f"RESOURCE_EXHAUSTED: no reason was given; {EXHAUSTED}"),
        ({"error": {"code": 9}}, "FAILED_PRECONDITION: no reason was given"),
        ({"error": {"code": 13, "message": "Oops."}}, "INTERNAL: Oops"),
        ({"error": {"code": 14}}, "UNAVAILABLE: no reason was given"),
        ({"error": {"code": 13, "message": "New."}, "statusMessage": "Old."}, "INTERNAL: New"),
        ({"clusterConditions": [STOCKOUT]}, f"GCE_STOCKOUT: No L4 here; {ELSEWHERE}"),
        ({"nodepoolConditions": [STOCKOUT]}, f"GCE_STOCKOUT: No L4 here; {ELSEWHERE}"),
        (
            {"clusterConditions": [{"canonicalCode": "INTERNAL"}], "nodepoolConditions": [STOCKOUT]},
            f"GCE_STOCKOUT: No L4 here; {ELSEWHERE}",
        ),
    ],
)
def test_an_operation_that_is_done_may_have_failed(ended: dict[str, Any], message: str | None):
    error = operations.operation_failure("do it", {"name": "operation-1", "status": "DONE", **ended})
    if message is None:
        assert error is None
    else:
        assert error.message == f"do it: GKE failed with {message}"
        assert error.fields["operation"] == "operation-1"


@pytest.mark.parametrize(
    ("ended", "message"),
    [
        ({"error": {"code": 99}}, "no reason was given"),
        ({"error": {"message": "Oops."}}, "Oops"),
        ({"statusMessage": "Old."}, "Old"),
    ],
)
def test_a_failure_without_a_code_that_is_known_has_none(ended: dict[str, Any], message: str):
    error = operations.operation_failure("do it", ended)
    assert error.message == f"do it: GKE failed: {message}"
    assert error.fields.get("code") is None
    assert error.fields["operation"] is None


@pytest.mark.parametrize(
    ("resource", "said"),
    [
        ({"statusMessage": "Sick.", "conditions": [{"code": "UNKNOWN", "message": "etcd."}]}, "Sick.; etcd"),
        (
            {"conditions": [{"code": "CLOUD_KMS_KEY_DESTROYED", "message": "Gone"}]},
            "Gone; restore the key's version",
        ),
        ({"conditions": [{"code": "UNKNOWN", "canonicalCode": "RESOURCE_EXHAUSTED", "message": "Full"}]}, None),
        ({"conditions": None}, "no reason was given"),
        ({}, "no reason was given"),
    ],
)
def test_what_a_resource_that_works_on_says_of_itself(resource: dict[str, Any], said: str | None):
    expected = said or f"Full; {operations.ADVICE['RESOURCE_EXHAUSTED']}"
    assert operations.complaint(resource) == expected
