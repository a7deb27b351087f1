# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""gke_node_pool: every field changed by its own request or refused by name, and what is compared."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.core.errors import HttpError, ImmutableField, OperationFailed
from ansible_collections.llmops.gke.plugins.module_utils.core.result import Result, silent
from ansible_collections.llmops.gke.plugins.module_utils.engines.gke import gke_node_pool
from ansible_collections.llmops.gke.plugins.module_utils.engines.gke.gke_node_pool import ARGUMENT_SPEC as NODE_POOL
from ansible_collections.llmops.gke.plugins.module_utils.gke.client import ClusterAbsent
from ansible_collections.llmops.gke.plugins.module_utils.gke.fields.node_pool.table import NODE_POOL_FIELDS
from tests.unit.fake_http import FakeServer, Reply, google_error
from tests.unit.plugins.gke.gke_support import (
    CLUSTER,
    CLUSTER_PATH,
    DONE,
    NOT_FOUND,
    OPERATION_PATH,
    POOL,
    POOL_PATH,
    operation,
    options,
    running,
)
from tests.unit.plugins.gke.node_pool_cases import CHANGES, GKE_TAINT, L4, LATEST_DRIVER, ON, case


def play(answers: Any, check: bool = False, **given: Any) -> tuple[Result, FakeServer]:
    with FakeServer(answers) as server:
        task = options(NODE_POOL, server.url, cluster=CLUSTER, name=POOL, **given)
        return gke_node_pool.run(task, check, silent), server


@pytest.mark.parametrize("path", [path for path, row in CHANGES.items() if row[2] is not None])
def test_a_change_is_one_request_of_the_field_s_own_and_check_mode_foretells_it(path: str):
    have, given, (suffix, body) = case(path)
    method = "POST" if suffix else "PUT"
    after = {"config": {}} | have
    foretold, server = play({("GET", POOL_PATH): have}, check=True, **given)
    assert server.calls() == [f"GET {POOL_PATH}"]
    answers = {
        ("GET", POOL_PATH): (Reply(200, have), Reply(200, foretold.values["node_pool"])),
        (method, POOL_PATH + suffix): DONE,
    }
    result, server = play(answers, **given)
    assert [tuple(request) for request in server.requests] == [
        ("GET", POOL_PATH, None),
        (method, POOL_PATH + suffix, body),
        ("GET", POOL_PATH, None),
    ]
    assert result.changed and foretold.changed
    assert result.warnings == []
    assert [step.to_dict() for step in result.plan] == [step.to_dict() for step in foretold.plan]
    assert (result.before, result.after) == (foretold.before, foretold.after)
    again, server = play({("GET", POOL_PATH): {**after, **foretold.values["node_pool"]}}, **given)
    assert not again.changed
    assert server.calls() == [f"GET {POOL_PATH}"]


@pytest.mark.parametrize("path", [path for path, row in CHANGES.items() if row[2] is None])
def test_an_immutable_field_is_refused_by_name_before_anything_is_written(path: str):
    have, given, _none = case(path)
    with FakeServer({("GET", POOL_PATH): have}) as server:
        task = options(NODE_POOL, server.url, cluster=CLUSTER, name=POOL, **given)
        with pytest.raises(ImmutableField) as raised:
            gke_node_pool.run(task, False, silent)
    field = next(field for field in NODE_POOL_FIELDS if field.path == path)
    assert raised.value.fields["field"] == field.option
    assert raised.value.fields["remedy"] in raised.value.message
    assert server.calls() == [f"GET {POOL_PATH}"]


def test_several_differences_are_made_good_one_after_the_other():
    have = running(autoscaling=ON, initialNodeCount=1, config={"labels": {}, "tags": []})
    replies = {
        ("GET", POOL_PATH): (Reply(200, have), Reply(200, running())),
        ("POST", f"{POOL_PATH}:setAutoscaling"): operation(),
        ("POST", f"{POOL_PATH}:setSize"): DONE,
        ("PUT", POOL_PATH): DONE,
        ("GET", OPERATION_PATH): (Reply(200, operation()), Reply(200, DONE)),
    }
    given = {
        "autoscaling": {"enabled": False},
        "initial_node_count": 2,
        "config": {"tags": ["t"], "labels": {"a": "b"}},
    }
    result, server = play(replies, **given)
    assert server.calls() == [
        f"GET {POOL_PATH}",
        f"POST {POOL_PATH}:setAutoscaling",
        f"GET {OPERATION_PATH}",
        f"GET {OPERATION_PATH}",
        f"POST {POOL_PATH}:setSize",
        f"PUT {POOL_PATH}",
        f"PUT {POOL_PATH}",
        f"GET {POOL_PATH}",
    ]
    assert [request.body for request in server.requests if request.method == "PUT"] == [
        {"labels": {"labels": {"a": "b"}}},
        {"tags": {"tags": ["t"]}},
    ]
    assert len(result.operations) == 4
    assert len(result.warnings) == 3, "GKE still shows the old values, and that is told"


def test_the_size_of_an_autoscaled_pool_is_left_to_the_autoscaler():
    have = running(autoscaling=ON, initialNodeCount=2)
    result, _server = play({("GET", POOL_PATH): have}, initial_node_count=1)
    assert not result.changed


def test_what_gke_adds_by_itself_is_no_difference():
    have = running(
        version="1.33.4-gke.100",
        config={
            "accelerators": [{**L4, **LATEST_DRIVER, "gpuSharingConfig": {"maxSharedClientsPerGpu": "2"}}],
            "taints": [GKE_TAINT],
            "labels": {"cloud.google.com/gke-accelerator": "nvidia-l4", "accelerator": "nvidia-gpu"},
        },
    )
    given = {
        "version": "1.33",
        "config": {
            "accelerators": [{"accelerator_type": "nvidia-l4", "accelerator_count": 1}],
            "labels": {"accelerator": "nvidia-gpu"},
            "taints": [],
            "gvnic": {"enabled": False},
        },
    }
    result, _server = play({("GET", POOL_PATH): have}, **given)
    assert not result.changed


def test_a_pool_is_created_with_what_is_named_and_nothing_else():
    created = {"name": POOL, "initialNodeCount": 1, "config": {"machineType": "g2-standard-12", "accelerators": [L4]}}
    replies = {
        ("GET", POOL_PATH): (NOT_FOUND, Reply(200, running(created))),
        ("POST", f"{CLUSTER_PATH}/nodePools"): DONE,
    }
    given = {
        "initial_node_count": 1,
        "config": {
            "machine_type": "g2-standard-12",
            "accelerators": [{"accelerator_type": "nvidia-l4", "accelerator_count": 1}],
        },
    }
    result, server = play(replies, **given)
    assert server.requests[1].body == {"nodePool": created, "parent": CLUSTER_PATH.removeprefix("/v1/")}
    assert result.before is None
    assert result.after["config"]["accelerators"] == [{"accelerator_count": 1, "accelerator_type": "nvidia-l4"}]


def test_deletion_is_followed_to_its_end_and_absence_is_left_alone():
    replies = {
        ("GET", CLUSTER_PATH): running(name=CLUSTER),
        ("GET", POOL_PATH): (Reply(200, running()), NOT_FOUND),
        ("DELETE", POOL_PATH): operation(),
        ("GET", OPERATION_PATH): DONE,
    }
    result, server = play(replies, state="absent")
    assert server.calls() == [
        f"GET {POOL_PATH}",
        f"GET {CLUSTER_PATH}",
        f"DELETE {POOL_PATH}",
        f"GET {OPERATION_PATH}",
        f"GET {POOL_PATH}",
    ]
    assert result.changed and result.values["node_pool"] is None
    again, server = play({("GET", POOL_PATH): NOT_FOUND}, state="absent")
    assert not again.changed
    assert server.calls() == [f"GET {POOL_PATH}"]


@pytest.mark.parametrize(
    ("live", "asked", "named", "strategy"),
    [
        ("BLUE_GREEN", {"max_surge": 1, "max_unavailable": 1}, "max_surge", "SURGE"),
        ("SHORT_LIVED", {"max_unavailable": 1}, "max_unavailable", "SURGE"),
        ("SURGE", {"blue_green_settings": {"node_pool_soak_duration": "60s"}}, "blue_green_settings", "BLUE_GREEN"),
        (None, {"blue_green_settings": {"node_pool_soak_duration": "60s"}}, "blue_green_settings", "BLUE_GREEN"),
    ],
)
def test_settings_of_another_strategy_than_the_pool_has_are_refused_by_name(live, asked, named, strategy):
    settings = {"strategy": live} if live else {"maxSurge": 1}
    replies = {("GET", POOL_PATH): running(upgradeSettings=settings)}
    with pytest.raises(ImmutableField) as raised:
        play(replies, upgrade_settings=asked)
    assert raised.value.fields["field"].startswith(f"upgrade_settings.{named}")
    asked_for = " and ".join(f"upgrade_settings.{name}" for name in asked)
    assert raised.value.message.endswith(
        f"the pool's upgrades are {live or 'SURGE'}: give upgrade_settings.strategy: {strategy} as well to change "
        f"that, or null for {asked_for} to keep it"
    )


def test_another_strategy_is_one_request_without_what_belonged_to_the_old_one():
    settings = {"strategy": "BLUE_GREEN", "blueGreenSettings": {"nodePoolSoakDuration": "60s"}}
    replies = {
        ("GET", POOL_PATH): (
            Reply(200, running(upgradeSettings=settings)),
            Reply(200, running(upgradeSettings={"strategy": "SURGE", "maxSurge": 1})),
        ),
        ("PUT", POOL_PATH): DONE,
    }
    _result, server = play(replies, upgrade_settings={"strategy": "SURGE", "max_surge": 1})
    assert server.requests[1].body == {"upgradeSettings": {"strategy": "SURGE", "maxSurge": 1}}


@pytest.mark.parametrize(
    ("labels", "goes"),
    [({"owner": "us", "more": "too"}, True), ({"owner": "them"}, False), ({}, False), (None, False)],
    ids=["ours", "another value", "none of it", "no labels"],
)
def test_a_pool_without_the_expected_labels_is_kept(labels, goes):
    have = {"name": POOL, "status": "RUNNING", "config": {} if labels is None else {"labels": labels}}
    replies = {("GET", POOL_PATH): have, ("GET", CLUSTER_PATH): running(name=CLUSTER)}
    result, _server = play(replies, check=True, state="absent", expected_labels={"owner": "us"})
    assert result.changed is goes


def test_a_broken_pool_is_named_with_the_server_s_words_and_advice():
    have = running(
        status="RUNNING_WITH_ERROR",
        conditions=[{"code": "GCE_STOCKOUT", "canonicalCode": "RESOURCE_EXHAUSTED", "message": "No L4 left."}],
    )
    with pytest.raises(OperationFailed, match=r"gpu is RUNNING_WITH_ERROR.*GCE_STOCKOUT.*No L4 left.*other zones"):
        play({("GET", POOL_PATH): have})


def test_a_pool_that_comes_up_broken_fails_the_task_that_created_it():
    broken = running(status="ERROR", conditions=[{"code": "GCE_QUOTA_EXCEEDED", "message": "Quota of 0."}])
    replies = {
        ("GET", POOL_PATH): (NOT_FOUND, Reply(200, broken)),
        ("POST", f"{CLUSTER_PATH}/nodePools"): DONE,
    }
    with pytest.raises(OperationFailed, match="GCE_QUOTA_EXCEEDED: Quota of 0; ask for more quota"):
        play(replies)


def test_a_broken_pool_can_be_changed_and_deleted():
    have = running(status="ERROR", initialNodeCount=9)
    result, _server = play({("GET", POOL_PATH): have}, check=True, initial_node_count=1)
    assert [step.request for step in result.plan] == [f"POST {POOL_PATH}:setSize"]
    replies = {("GET", POOL_PATH): have, ("GET", CLUSTER_PATH): running(name=CLUSTER)}
    result, _server = play(replies, check=True, state="absent")
    assert [step.action for step in result.plan] == ["delete"]


def test_the_server_s_refusal_is_told():
    replies = {
        ("GET", POOL_PATH): NOT_FOUND,
        ("POST", f"{CLUSTER_PATH}/nodePools"): google_error(404, "NOT_FOUND", "Not found: networks/lost."),
        ("GET", CLUSTER_PATH): running(name=CLUSTER),
    }
    with pytest.raises(HttpError, match=r"create node pool gpu.*404 NOT_FOUND: Not found: networks/lost"):
        play(replies)


def test_without_its_cluster_a_pool_is_foretold_with_a_warning_and_its_creation_fails_by_name():
    gone = google_error(404, "NOT_FOUND", "Not found: clusters/mistral.")
    replies = {("GET", POOL_PATH): NOT_FOUND, ("GET", CLUSTER_PATH): NOT_FOUND}
    result, server = play(replies, check=True)
    assert [step.action for step in result.plan] == ["create"]
    absent = "cluster mistral in us-central1 of project demo-project does not exist"
    assert result.warnings == [f"{absent}; the node pool is predicted as if it did"]
    assert server.calls() == [f"GET {POOL_PATH}", f"GET {CLUSTER_PATH}"]
    replies |= {("POST", f"{CLUSTER_PATH}/nodePools"): gone}
    with pytest.raises(ClusterAbsent, match=f"{absent}; create it first"):
        play(replies)
    assert not play({("GET", POOL_PATH): NOT_FOUND}, check=True, state="absent")[0].changed
