# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""gke_cluster: every field changed by its own request or refused, and deletion."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.core.errors import ImmutableField, OperationFailed
from ansible_collections.llmops.gke.plugins.module_utils.core.result import Result, silent
from ansible_collections.llmops.gke.plugins.module_utils.engines.gke import gke_cluster
from ansible_collections.llmops.gke.plugins.module_utils.engines.gke.gke_cluster import ARGUMENT_SPEC as SPEC
from ansible_collections.llmops.gke.plugins.module_utils.gke.fields.cluster.table import CLUSTER_FIELDS
from tests.unit.fake_http import FakeServer, Reply
from tests.unit.plugins.gke.cluster_cases import CHANGES, CREATE_ONLY, IMMUTABLE, case
from tests.unit.plugins.gke.gke_support import (
    CLUSTER,
    CLUSTER_PATH,
    DONE,
    NOT_FOUND,
    OPERATION_PATH,
    operation,
    options,
    running,
)

LABELLED = {"resourceLabels": {"team": "ml"}}
LABEL_PATH = f"{CLUSTER_PATH}:setResourceLabels"


def play(answers: Any, check: bool = False, **given: Any) -> tuple[Result, FakeServer]:
    with FakeServer(answers) as server:
        return gke_cluster.run(options(SPEC, server.url, name=CLUSTER, **given), check, silent), server


@pytest.mark.parametrize("path", [path for path, row in CHANGES.items() if isinstance(row[2], dict)])
def test_a_change_is_one_request_of_the_field_s_own_and_check_mode_foretells_it(path: str):
    live, given = case(path)
    sent = CHANGES[path][2]
    labels = path == "resourceLabels"
    method, where = ("POST", f"{CLUSTER_PATH}:setResourceLabels") if labels else ("PUT", CLUSTER_PATH)
    foretold, server = play({("GET", CLUSTER_PATH): live}, check=True, **given)
    assert server.calls() == [f"GET {CLUSTER_PATH}"]
    after = foretold.values["cluster"]
    answers = {("GET", CLUSTER_PATH): (Reply(200, live), Reply(200, after)), (method, where): DONE}
    result, server = play(answers, **given)
    assert [tuple(request) for request in server.requests] == [
        ("GET", CLUSTER_PATH, None),
        (method, where, sent if labels else {"update": sent}),
        ("GET", CLUSTER_PATH, None),
    ]
    assert result.changed and result.warnings == []
    assert [step.to_dict() for step in result.plan] == [step.to_dict() for step in foretold.plan]
    assert (result.before, result.after) == (foretold.before, foretold.after)
    again, server = play({("GET", CLUSTER_PATH): after}, **given)
    assert not again.changed
    assert server.calls() == [f"GET {CLUSTER_PATH}"]


@pytest.mark.parametrize("path", [path for path, row in CHANGES.items() if row[2] is IMMUTABLE])
def test_an_immutable_field_is_refused_by_name_before_anything_is_written(path: str):
    live, given = case(path)
    with FakeServer({("GET", CLUSTER_PATH): live}) as server, pytest.raises(ImmutableField) as raised:
        gke_cluster.run(options(SPEC, server.url, name=CLUSTER, **given), False, silent)
    assert raised.value.fields["field"] == next(row for row in CLUSTER_FIELDS if row.path == path).option
    assert server.calls() == [f"GET {CLUSTER_PATH}"]


@pytest.mark.parametrize("path", [path for path, row in CHANGES.items() if row[2] == CREATE_ONLY])
def test_a_field_of_the_create_request_alone_is_not_compared(path: str):
    live, given = case(path)
    assert not play({("GET", CLUSTER_PATH): live}, **given)[0].changed
    answers = {("GET", CLUSTER_PATH): (Reply(200, live), Reply(200, {**live, **LABELLED})), ("POST", LABEL_PATH): DONE}
    result, _server = play(answers, **given, resource_labels={"team": "ml"})
    assert result.changed
    assert result.warnings == []


def test_several_differences_go_one_field_a_request():
    live = running(name=CLUSTER, addonsConfig={"httpLoadBalancing": {"disabled": True}})
    given = {
        "addons_config": {
            "gcs_fuse_csi_driver_config": {"enabled": True},
            "http_load_balancing": {"disabled": False},
            "horizontal_pod_autoscaling": {"disabled": False},
        },
        "shielded_nodes": {"enabled": True},
    }
    _result, server = play({("GET", CLUSTER_PATH): live, ("PUT", CLUSTER_PATH): DONE}, **given)
    assert [request.body for request in server.requests if request.method == "PUT"] == [
        {
            "update": {
                "desiredAddonsConfig": {
                    "gcsFuseCsiDriverConfig": {"enabled": True},
                    "httpLoadBalancing": {"disabled": False},
                    "horizontalPodAutoscaling": {"disabled": False},
                }
            }
        },
        {"update": {"desiredShieldedNodes": {"enabled": True}}},
    ]


def test_what_gke_fills_in_is_no_difference():
    live = running(
        name=CLUSTER,
        network="default",
        ipAllocationPolicy={"useIpAliases": True, "clusterIpv4CidrBlock": "10.96.0.0/17"},
        resourceLabels={"goog-managed": "true", "team": "ml"},
        releaseChannel={},
        addonsConfig={"horizontalPodAutoscaling": {}},
    )
    given = {
        "network": "projects/demo-project/global/networks/default",
        "ip_allocation_policy": {"use_ip_aliases": True, "cluster_ipv4_cidr_block": "/17"},
        "resource_labels": {"team": "ml"},
        "release_channel": {"channel": "UNSPECIFIED"},
        "addons_config": {"horizontal_pod_autoscaling": {"disabled": False}},
    }
    assert not play({("GET", CLUSTER_PATH): live}, **given)[0].changed


def test_a_cluster_that_can_only_be_deleted_says_what_to_run():
    with pytest.raises(OperationFailed) as raised:
        play({("GET", CLUSTER_PATH): running(name=CLUSTER, status="ERROR", statusMessage="No stock.")})
    assert raised.value.message == (
        "cluster mistral is ERROR: GKE failed: No stock; a cluster in ERROR can only be deleted: run ansible-playbook "
        "-i INVENTORY llmops.gke.teardown -e llmops_confirm_teardown=mistral (or gke_cluster with state: absent), then "
        "this again"
    )


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (
            {"conditions": [{"code": "UNKNOWN", "canonicalCode": "UNAVAILABLE", "message": "etcd is slow."}]},
            "etcd is slow",
        ),
        (
            {
                "conditions": [{"code": "CLOUD_KMS_KEY_DESTROYED", "message": "Key 3 is gone."}],
                "statusMessage": "Sick",
            },
            "Sick; Key 3 is gone; restore the key's version",
        ),
        ({"conditions": [{"code": "CA_EXPIRING", "message": "The CA ends soon."}]}, "The CA ends soon"),
        ({}, "no reason was given"),
    ],
)
@pytest.mark.parametrize("check", [False, True])
def test_a_degraded_cluster_is_a_warning_in_its_words(told: dict[str, Any], words: str, check: bool):
    result, _server = play({("GET", CLUSTER_PATH): running(name=CLUSTER, status="DEGRADED", **told)}, check=check)
    assert (result.changed, result.warnings) == (False, [f"cluster mistral is DEGRADED: {words}"])


def test_deletion_is_followed_to_its_end_and_absence_is_left_alone():
    replies = {
        ("GET", CLUSTER_PATH): (Reply(200, running(name=CLUSTER)), NOT_FOUND),
        ("DELETE", CLUSTER_PATH): operation(),
        ("GET", OPERATION_PATH): DONE,
    }
    result, server = play(replies, state="absent")
    assert server.calls() == [
        f"GET {CLUSTER_PATH}",
        f"DELETE {CLUSTER_PATH}",
        f"GET {OPERATION_PATH}",
        f"GET {CLUSTER_PATH}",
    ]
    assert result.changed and result.values["cluster"] is None
    again, _server = play({("GET", CLUSTER_PATH): NOT_FOUND}, state="absent")
    assert not again.changed
