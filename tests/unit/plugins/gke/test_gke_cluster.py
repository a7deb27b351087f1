# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""gke_cluster: birth with its node pools, every field changed by its own request or refused, and deletion."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.core.errors import (
    ImmutableField,
    InvalidOption,
    OperationFailed,
)
from ansible_collections.llmops.gke.plugins.module_utils.core.result import Result, silent
from ansible_collections.llmops.gke.plugins.module_utils.engines.gke import gke_cluster
from ansible_collections.llmops.gke.plugins.module_utils.engines.gke.gke_cluster import ARGUMENT_SPEC as SPEC
from ansible_collections.llmops.gke.plugins.module_utils.gke.fields.cluster.table import CLUSTER_FIELDS
from tests.unit.fake_http import FakeServer, Reply
from tests.unit.plugins.gke.cluster_cases import AT_BIRTH, CHANGES, IMMUTABLE, case
from tests.unit.plugins.gke.gke_support import (
    CLUSTER,
    CLUSTER_PATH,
    DONE,
    NOT_FOUND,
    OPERATION_PATH,
    PARENT,
    operation,
    options,
    running,
)

DEFAULT_POOL = {"name": "default-pool", "initial_node_count": 1, "config": {"machine_type": "n1-standard-4"}}
GPU_POOL = {
    "name": "gpu",
    "config": {
        "machine_type": "g2-standard-12",
        "accelerators": [{"accelerator_type": "nvidia-l4", "accelerator_count": 1}],
    },
}


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


@pytest.mark.parametrize("path", [path for path, row in CHANGES.items() if row[2] == AT_BIRTH])
def test_a_field_of_birth_is_not_compared(path: str):
    live, given = case(path)
    assert not play({("GET", CLUSTER_PATH): live}, **given)[0].changed
    answers = {("GET", CLUSTER_PATH): (Reply(200, live), Reply(200, {**live, **LABELLED})), ("POST", LABEL_PATH): DONE}
    result, _server = play(answers, **given, resource_labels={"team": "ml"})
    assert result.changed
    assert result.warnings == []


def test_node_pools_are_born_in_the_cluster_s_own_request():
    body = {
        "name": CLUSTER,
        "locations": ["us-central1-a"],
        "nodePools": [
            {"name": "default-pool", "initialNodeCount": 1, "config": {"machineType": "n1-standard-4"}},
            {
                "name": "gpu",
                "config": {
                    "machineType": "g2-standard-12",
                    "accelerators": [{"acceleratorCount": "1", "acceleratorType": "nvidia-l4"}],
                },
            },
        ],
    }
    live = {**body, "status": "RUNNING", "masterAuth": {"clusterCaCertificate": "CA", "clientKey": "SECRET"}}
    given = {"locations": ["us-central1-a"], "node_pools": [DEFAULT_POOL, GPU_POOL]}
    foretold, _server = play({("GET", CLUSTER_PATH): NOT_FOUND}, check=True, **given)
    replies = {
        ("GET", CLUSTER_PATH): (NOT_FOUND, Reply(200, live)),
        ("POST", f"{PARENT}/clusters"): operation("PENDING"),
        ("GET", OPERATION_PATH): (Reply(200, operation()), Reply(200, DONE)),
    }
    result, server = play(replies, **given)
    assert [tuple(request) for request in server.requests] == [
        ("GET", CLUSTER_PATH, None),
        ("POST", f"{PARENT}/clusters", {"cluster": body, "parent": PARENT.removeprefix("/v1/")}),
        ("GET", OPERATION_PATH, None),
        ("GET", OPERATION_PATH, None),
        ("GET", CLUSTER_PATH, None),
    ]
    assert result.operations == [DONE]
    assert result.http_requests == 5
    assert "SECRET" not in str(result.to_dict())
    assert result.values["cluster"]["masterAuth"] == {"clusterCaCertificate": "CA"}
    assert (result.before, result.after) == (foretold.before, foretold.after) == (None, result.after)
    assert [pool["name"] for pool in result.after["node_pools"]] == ["default-pool", "gpu"]


def test_node_pools_of_a_cluster_that_exists_are_not_compared():
    live = running(name=CLUSTER, nodePools=[running(name="default-pool", config={"machineType": "e2-small"})])
    result, server = play({("GET", CLUSTER_PATH): live}, node_pools=[DEFAULT_POOL, GPU_POOL])
    assert not result.changed
    assert "diff" not in result.to_dict()
    assert server.calls() == [f"GET {CLUSTER_PATH}"]


@pytest.mark.parametrize("check", [True, False])
def test_creation_without_a_node_pool_is_refused(check: bool):
    with pytest.raises(InvalidOption, match="node_pools: None is not accepted; it takes at least one node pool"):
        play({("GET", CLUSTER_PATH): NOT_FOUND}, check=check)


def test_a_pool_that_is_born_broken_fails_the_creation():
    conditions = [{"code": "GCE_STOCKOUT", "message": "No L4 left."}]
    live = running(name=CLUSTER, nodePools=[{"name": "gpu", "status": "RUNNING_WITH_ERROR", "conditions": conditions}])
    replies = {("GET", CLUSTER_PATH): (NOT_FOUND, Reply(200, live)), ("POST", f"{PARENT}/clusters"): DONE}
    with pytest.raises(OperationFailed, match="node pool gpu of cluster mistral is RUNNING_WITH_ERROR.*No L4 left"):
        play(replies, node_pools=[GPU_POOL])


def test_a_broken_pool_does_not_keep_a_cluster_from_being_changed():
    live = running(name=CLUSTER, nodePools=[{"name": "gpu", "status": "ERROR"}])
    replies = {("GET", CLUSTER_PATH): (Reply(200, live), Reply(200, {**live, **LABELLED})), ("POST", LABEL_PATH): DONE}
    assert play(replies, node_pools=[GPU_POOL], resource_labels={"team": "ml"})[0].changed


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
