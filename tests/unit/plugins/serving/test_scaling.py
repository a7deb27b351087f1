# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""llm_scaling: under load one more replica is asked for, and comes or is explained."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.llmops.gke.plugins.module_utils.core.errors import HttpError, InvalidOption
from ansible_collections.llmops.gke.plugins.module_utils.core.result import silent
from ansible_collections.llmops.gke.plugins.module_utils.engines.serving.llm_scaling import NotScaled
from ansible_collections.llmops.gke.plugins.module_utils.http.address import AddressRefused
from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.client.port_forward import PortForwardFailed
from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.diagnosis.autoscaler import NoAutoscaler
from ansible_collections.llmops.gke.plugins.modules.llm_scaling import SPEC
from tests.unit.fake_http import FakeServer, Reply, Request
from tests.unit.plugins.kubernetes import k8s_support

IN = "/namespaces/golden"
ACTIVE = {"type": "ScalingActive", "status": "True"}
BLIND = {"type": "ScalingActive", "status": "False", "message": "no metrics returned from custom metrics API"}


def metric(which: str, value: str) -> dict[str, Any]:
    return {"type": "Pods", "pods": {"metric": {"name": "tgi_queue_size"}, which: {"averageValue": value}}}


def pod(name: str, *, ready: bool) -> dict[str, Any]:
    conditions = [
        {"type": "PodScheduled", "status": str(ready), "message": "0/1 nodes are available: 1 Insufficient gpu."},
        {"type": "Ready", "status": str(ready)},
    ]
    return {"metadata": {"name": name, "namespace": "golden", "uid": name}, "status": {"conditions": conditions}}


class Cluster:
    """A model of one replica, whose autoscaler asks for another as soon as it was asked something itself."""

    def __init__(
        self, *, comes: bool = True, most: int = 2, reason: str = "", text: str = "", asks: bool = True
    ) -> None:
        self.comes, self.most, self.reason, self.text, self.asks = comes, most, reason, text, asks
        self.active, self.generate = ACTIVE, Reply(200, {"generated_text": "a story"})
        self.loaded = self.stale = False

    def __call__(self, request: Request) -> Any:
        path = request.path.partition("?")[0]
        if path == "/generate":
            self.loaded = True
            return self.generate
        grown = self.loaded and self.asks
        if path.endswith("/horizontalpodautoscalers/hpa"):
            scaled = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "mistral"}
            status = {
                "desiredReplicas": 1 + grown,
                "conditions": [self.active],
                "currentMetrics": [metric("current", "3")],
            }
            spec = {"scaleTargetRef": scaled, "maxReplicas": self.most, "metrics": [metric("target", "5")]}
            return {"metadata": {"name": "hpa"}, "spec": spec, "status": status}
        if path.endswith("/deployments/mistral"):
            selector = {"matchLabels": {"app": "mistral"}}
            return {
                "metadata": {"name": "mistral"},
                "spec": {"replicas": 1 + grown, "selector": selector},
                "status": {"readyReplicas": 1 + (grown and self.comes)},
            }
        if path.endswith("/pods"):
            return {"items": [pod("first", ready=True)] + ([pod("second", ready=False)] if not self.comes else [])}
        if path.endswith("/events"):
            about = {"kind": "Pod", "name": "second", "uid": "second"}
            event = {
                "involvedObject": about,
                "reason": self.reason,
                "message": self.text,
                "count": 2,
                "metadata": {"name": "event", "uid": "event"},
            }
            event["metadata"]["resourceVersion"] = "2" if grown or self.stale else "1"
            return {"items": [event] if self.reason else []}
        return k8s_support.not_found()


def scale(cluster: Any, check: bool = False, **given: Any) -> dict[str, Any]:
    with FakeServer(cluster) as server:
        settings = {"url": server.url, "autoscaler": "hpa", "clients": 2, "timeout": 20, **given}
        access = {"kubeconfig": k8s_support.kubeconfig(server.url)}
        wanted = {name: value for name, value in {**access, **settings}.items() if value is not None}
        validated = ArgumentSpecValidator(dict(SPEC.argument_spec), **SPEC.rules).validate(wanted)
        assert not validated.error_messages, validated.error_messages
        return SPEC.run(validated.validated_parameters, check, silent).to_dict()


def test_a_replica_that_comes():
    result = scale(Cluster())
    assert (result["asked"], result["arrived"], result["replicas"], result["why"]) == (True, True, 2, "")
    assert result["answered"] > 0 and "warnings" not in result and not result["changed"]


FULL = ("NotTriggerScaleUp", "pod didn't trigger scale-up: 1 max node group size reached")
QUOTA = ("FailedScaleUp", "Node scale up in zones us-central1-a failed: GCE quota exceeded.")
STOCKOUT = ("FailedScaleUp", "Node scale up in zones us-central1-a failed: GCE out of resources.")


@pytest.mark.parametrize(
    ("event", "told", "timeout"),
    [(FULL, "raise the pool's maximum", 20), (QUOTA, "ask for more quota", 20), (STOCKOUT, "GCE out of", 1)],
)
def test_a_replica_that_does_not_come_is_explained(event: tuple[str, str], told: str, timeout: int):
    result = scale(Cluster(comes=False, reason=event[0], text=event[1]), timeout=timeout)
    assert (result["asked"], result["arrived"], result["replicas"]) == (True, False, 1)
    assert told in result["why"]
    assert result["warnings"] == [f"no further replica came: {result['why']}"]


def test_what_was_told_before_the_load_is_not_taken_for_final():
    cluster = Cluster(comes=False, reason=FULL[0], text=FULL[1])
    cluster.stale = True
    assert scale(cluster, timeout=1)["why"].startswith("not within 1 s: no node fits pod second")


def test_an_autoscaler_at_its_own_maximum_is_not_loaded():
    cluster = Cluster(most=1)
    result = scale(cluster)
    assert not cluster.loaded and "at its own maximum of 1" in result["why"]


def test_a_preview_sends_nothing_to_the_model():
    cluster = Cluster()
    result = scale(cluster, check=True)
    assert not cluster.loaded and (result["asked"], result["why"]) == (False, "")


def test_an_autoscaler_that_does_not_ask_is_told_with_its_figures():
    with pytest.raises(NotScaled, match="more than 1 replicas within 1 s of load: tgi_queue_size is 3, its target 5; "):
        scale(Cluster(asks=False), timeout=1)


def test_an_autoscaler_without_metrics_is_told():
    cluster = Cluster(asks=False)
    cluster.active = BLIND
    with pytest.raises(NotScaled, match="it has no metrics yet: no metrics returned from custom metrics API"):
        scale(cluster, timeout=1)


def test_requests_that_are_refused_end_it_at_once():
    cluster = Cluster(asks=False)
    cluster.generate = Reply(422, {"error": "inputs must have less tokens", "error_type": "validation"})
    with pytest.raises(HttpError, match="inputs must have less tokens"):
        scale(cluster)


@pytest.mark.parametrize("check", [True, False])
def test_a_key_that_would_travel_in_the_clear_ends_it_before_any_load(check):
    cluster = Cluster(asks=False)
    with pytest.raises(AddressRefused, match="plain http.*LLMOPS_PLAIN_HTTP=true"):
        scale(cluster, check=check, url="http://192.0.2.1", api_key="secret", timeout=3)
    assert not cluster.loaded


def test_a_model_without_an_address_is_reached_through_the_cluster():
    forwarded = {"url": None, "port_forward": {"service": "mistral", "port": 80}}
    with pytest.raises(PortForwardFailed, match="Service golden/mistral: it does not exist"):
        scale(Cluster(), **forwarded)
    assert scale(Cluster(), check=True, **forwarded)["reachable"] is False


def test_no_autoscaler():
    def nothing(asked: Request) -> Any:
        return {"items": []} if "/events" in asked.path else k8s_support.not_found()

    with pytest.raises(NoAutoscaler, match="there is no HorizontalPodAutoscaler golden/hpa; apply it first"):
        scale(nothing)
    preview = scale(nothing, check=True)
    assert preview["warnings"][0].startswith("there is no HorizontalPodAutoscaler golden/hpa")
    assert (preview["asked"], preview["replicas"]) == (False, 0)


def test_no_clients():
    with pytest.raises(InvalidOption, match="clients: 0 is not accepted"):
        scale(Cluster(), clients=0)
