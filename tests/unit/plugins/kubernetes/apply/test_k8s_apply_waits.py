# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""k8s_apply: waiting until objects are ready, or gone."""

from __future__ import annotations

import copy

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.core.errors import InvalidOption
from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.wait.wait import WaitFailed
from ansible_collections.llmops.gke.plugins.modules.k8s_apply import SPEC
from tests.unit.fake_http import FakeServer, Reply
from tests.unit.plugins.kubernetes.k8s_support import (
    CONFIG,
    CONFIG_PATH,
    DEPLOYMENT_PATH,
    Collection,
    config,
    event,
    golden,
    not_found,
    owned_by,
    run,
)

CREATED = golden("apply_deployment", "apply creates")
MANIFEST = CREATED[0]


DEPLOYMENTS = "/apis/apps/v1/namespaces/golden/deployments"
AROUND = {
    ("GET", "/apis/apps/v1/namespaces/golden/replicasets"): Collection([]),
    ("GET", "/api/v1/namespaces/golden/pods"): Collection([]),
    ("GET", "/api/v1/namespaces/golden/events"): Collection([]),
}


def bare(server):
    return [call.partition("?")[0] for call in server.calls()]


def test_the_wait_ends_when_the_rollout_is_done():
    created = CREATED[1].body
    ready = copy.deepcopy(created)
    ready["status"] = {"observedGeneration": 1, "replicas": 1, "updatedReplicas": 1, "availableReplicas": 1}
    progress: list[str] = []
    routes = {
        **AROUND,
        ("GET", DEPLOYMENT_PATH): not_found(),
        ("PATCH", DEPLOYMENT_PATH): CREATED[1],
        ("GET", DEPLOYMENTS): Collection([created], [("MODIFIED", ready)]),
    }
    with FakeServer(routes) as server:
        result = run(SPEC, server.url, manifests=[MANIFEST], wait=True, progress=progress)
        assert bare(server)[:2] == [f"GET {DEPLOYMENT_PATH}", f"PATCH {DEPLOYMENT_PATH}"]
        assert bare(server).count(f"GET {DEPLOYMENTS}") == 2
    assert result["objects"][0]["object"]["status"]["availableReplicas"] == 1
    assert progress[0] == "Deployment golden/mistral-7b: created"
    assert progress[-1] == "Deployment golden/mistral-7b: ready"


def test_a_wait_that_cannot_end_well_fails_at_once_and_says_what_was_applied():
    waiting = golden("apply_deployment", "the controller has written status")[1].body
    message = 'Error creating: pods "mistral-7b-" is forbidden: exceeded quota: gpus'
    owners = owned_by(waiting["metadata"]["uid"])
    replica_set = {"metadata": {"name": "s", "namespace": "golden", "uid": "s", "ownerReferences": owners}}
    refused = event({"kind": "ReplicaSet", **replica_set}, "FailedCreate", message)
    routes = {
        **AROUND,
        ("GET", "/apis/apps/v1/namespaces/golden/replicasets"): Collection([replica_set]),
        ("GET", "/api/v1/namespaces/golden/events"): Collection([refused]),
        ("GET", DEPLOYMENT_PATH): not_found(),
        ("PATCH", DEPLOYMENT_PATH): Reply(201, waiting),
        ("GET", DEPLOYMENTS): Collection([waiting]),
    }
    with FakeServer(routes) as server, pytest.raises(WaitFailed) as error:
        run(SPEC, server.url, manifests=[MANIFEST], wait=True)
    assert message in error.value.message
    assert error.value.fields["applied"] == ["Deployment golden/mistral-7b"]
    (step,) = error.value.fields["steps_done"]
    assert (step["action"], step["resource"]) == ("create", "Deployment golden/mistral-7b")


SCALER = {
    "apiVersion": "autoscaling/v2",
    "kind": "HorizontalPodAutoscaler",
    "metadata": {"name": "m", "namespace": "golden", "uid": "h", "resourceVersion": "2"},
}
SCALERS = "/apis/autoscaling/v2/namespaces/golden/horizontalpodautoscalers"


def scaler(status):
    return {**SCALER, "status": {"conditions": [{"type": "ScalingActive", "status": status, "reason": "R"}]}}


@pytest.mark.parametrize(
    "option", [{"wait_for": ["HorizontalPodAutoscaler"]}, {"wait_condition": {"type": "ScalingActive"}}]
)
def test_autoscalers_are_waited_for_where_that_is_asked(option):
    routes = {
        **AROUND,
        ("GET", f"{SCALERS}/m"): not_found(),
        ("PATCH", f"{SCALERS}/m"): scaler("False"),
        ("GET", SCALERS): Collection([scaler("False")], [("MODIFIED", scaler("True"))]),
    }
    with FakeServer(routes) as server:
        run(SPEC, server.url, manifests=[SCALER], wait=True)
        assert len(server.calls()) == 2
        result = run(SPEC, server.url, manifests=[SCALER], wait=True, **option)
    assert result["objects"][0]["object"]["status"]["conditions"][0]["status"] == "True"


def test_a_misspelt_kind_to_wait_for_is_refused_before_anything_is_applied():
    with FakeServer({}) as server, pytest.raises(InvalidOption, match="^wait_for: 'Deploymnt' .* Deployment"):
        run(SPEC, server.url, manifests=[MANIFEST], wait=True, wait_for=["Deploymnt"])


def test_absent_deletes_in_reverse_and_sees_each_gone():
    config_there = config(a="1")
    deployment = CREATED[1].body
    routes = {
        ("GET", CONFIG_PATH): Reply(200, config_there),
        ("GET", DEPLOYMENT_PATH): Reply(200, deployment),
        ("DELETE", DEPLOYMENT_PATH): Reply(200, deployment),
        ("GET", DEPLOYMENTS): Collection([deployment], [("DELETED", deployment)]),
        ("DELETE", CONFIG_PATH): Reply(200, {"kind": "Status", "status": "Success"}),
    }
    with FakeServer(routes) as server:
        result = run(SPEC, server.url, manifests=[CONFIG, MANIFEST], state="absent")
        assert sorted(server.calls()[:2]) == sorted([f"GET {CONFIG_PATH}", f"GET {DEPLOYMENT_PATH}"])
        # A server that answers with a Status has deleted at once: there is nothing to wait for.
        assert bare(server)[2:] == [
            f"DELETE {DEPLOYMENT_PATH}",
            f"GET {DEPLOYMENTS}",
            f"GET {DEPLOYMENTS}",
            f"DELETE {CONFIG_PATH}",
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
