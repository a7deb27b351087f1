# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""k8s_apply: waiting until objects are ready, or gone."""

from __future__ import annotations

import copy

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.errors import DeadlineExceeded, InvalidOption
from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.waiting import WaitFailed
from ansible_collections.llmops.gke.plugins.modules.k8s_apply import SPEC
from tests.unit.fake_http import FakeServer, Reply
from tests.unit.plugins.kubernetes.k8s_support import (
    CONFIG,
    CONFIG_PATH,
    DEPLOYMENT_PATH,
    config,
    golden,
    not_found,
    run,
)

CREATED = golden("apply_deployment", "apply creates")
MANIFEST = CREATED[0]


def test_the_wait_ends_when_the_rollout_is_done():
    created = CREATED[1].body
    ready = copy.deepcopy(created)
    ready["status"] = {"observedGeneration": 1, "replicas": 1, "updatedReplicas": 1, "availableReplicas": 1}
    progress: list[str] = []
    pods = {"items": []}
    routes = {
        ("GET", DEPLOYMENT_PATH): (not_found(), Reply(200, created), Reply(200, ready)),
        ("PATCH", DEPLOYMENT_PATH): CREATED[1],
        ("GET", "/api/v1/namespaces/golden/pods"): pods,
    }
    with FakeServer(routes) as server:
        result = run(SPEC, server.url, manifests=[MANIFEST], wait=True, progress=progress)
        assert [call.partition("?")[0] for call in server.calls()] == [
            f"GET {DEPLOYMENT_PATH}",
            f"PATCH {DEPLOYMENT_PATH}",
            f"GET {DEPLOYMENT_PATH}",
            f"GET {DEPLOYMENT_PATH}",
        ]
    assert result["objects"][0]["object"]["status"]["availableReplicas"] == 1
    assert progress[0] == "Deployment golden/mistral-7b: created"
    assert progress[-1] == "Deployment golden/mistral-7b: ready"


def test_a_wait_that_cannot_end_well_fails_at_once_and_says_what_was_applied():
    waiting = golden("apply_deployment", "the controller has written status")[1].body
    pod = {
        "metadata": {"name": "mistral-7b-x", "namespace": "golden"},
        "status": {
            "phase": "Pending",
            "containerStatuses": [
                {
                    "name": "mistral-7b",
                    "state": {
                        "waiting": {
                            "reason": "CreateContainerConfigError",
                            "message": 'secret "mistral-demo" not found',
                        }
                    },
                }
            ],
        },
    }
    routes = {
        ("GET", DEPLOYMENT_PATH): (not_found(), Reply(200, waiting)),
        ("PATCH", DEPLOYMENT_PATH): CREATED[1],
        ("GET", "/api/v1/namespaces/golden/pods"): {"items": [pod]},
    }
    with FakeServer(routes) as server, pytest.raises(WaitFailed) as error:
        run(SPEC, server.url, manifests=[MANIFEST], wait=True)
    assert 'secret "mistral-demo" not found' in error.value.message
    assert error.value.fields["applied"] == ["Deployment golden/mistral-7b"]


def test_a_timeout_tells_what_was_seen_last():
    waiting = golden("apply_deployment", "the controller has written status")[1].body
    pods = golden("pod_failures", "no node fits")[1]
    routes = {
        ("GET", DEPLOYMENT_PATH): (Reply(200, waiting),),
        ("GET", "/api/v1/namespaces/golden/pods"): pods,
        ("GET", "/apis/apps/v1/namespaces/golden/replicasets"): {"items": []},
    }
    with FakeServer(routes) as server, pytest.raises(DeadlineExceeded) as error:
        run(SPEC, server.url, manifests=[MANIFEST], field_manager="ansible", wait=True, timeout=5)
    assert "no nodes available to schedule pods" in error.value.message


def test_absent_deletes_in_reverse_and_sees_each_gone():
    config_there = config(a="1")
    deployment = CREATED[1].body
    routes = {
        ("GET", CONFIG_PATH): (Reply(200, config_there), not_found()),
        ("GET", DEPLOYMENT_PATH): (Reply(200, deployment), Reply(200, deployment), not_found()),
        ("DELETE", DEPLOYMENT_PATH): Reply(200, deployment),
        ("DELETE", CONFIG_PATH): Reply(200, {"kind": "Status", "status": "Success"}),
    }
    with FakeServer(routes) as server:
        result = run(SPEC, server.url, manifests=[CONFIG, MANIFEST], state="absent")
        assert sorted(server.calls()[:2]) == sorted([f"GET {CONFIG_PATH}", f"GET {DEPLOYMENT_PATH}"])
        assert server.calls()[2:] == [
            f"DELETE {DEPLOYMENT_PATH}",
            f"GET {DEPLOYMENT_PATH}",
            f"GET {DEPLOYMENT_PATH}",
            f"DELETE {CONFIG_PATH}",
            f"GET {CONFIG_PATH}",
        ]
        assert server.requests[2].body == {
            "propagationPolicy": "Foreground",
            "preconditions": {"uid": deployment["metadata"]["uid"]},
        }
    assert result["totals"] == {"deleted": 2}
    assert result["diff"]["after"] == {}


def test_absent_again_changes_nothing_and_check_mode_only_reads():
    with FakeServer({("GET", CONFIG_PATH): (not_found(), Reply(200, config(a="1")))}) as server:
        assert run(SPEC, server.url, manifests=[CONFIG], state="absent")["totals"] == {"absent": 1}
        assert run(SPEC, server.url, check=True, manifests=[CONFIG], state="absent")["totals"] == {"deleted": 1}
        assert server.calls() == [f"GET {CONFIG_PATH}"] * 2


def test_an_object_of_an_api_that_is_not_served_is_absent_but_a_misspelt_kind_is_refused():
    def manifest(kind: str) -> dict:
        return {"apiVersion": "monitoring.googleapis.com/v1", "kind": kind, "metadata": {"name": "x"}}

    discovery = "/apis/monitoring.googleapis.com/v1"
    path = f"{discovery}/namespaces/golden/podmonitorings/x"
    unserved = golden("discovery", "/apis/nope/v1")[1]
    with FakeServer({("GET", discovery): unserved, ("GET", path): unserved}) as server:
        assert run(SPEC, server.url, manifests=[manifest("PodMonitoring")], state="absent")["totals"] == {"absent": 1}
    served = golden("custom_resource", "its discovery")[1]
    with FakeServer({("GET", discovery): served}) as server, pytest.raises(InvalidOption, match="did you mean"):
        run(SPEC, server.url, manifests=[manifest("PodMonitorin")], state="absent")
