# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Under load exporter, PodMonitoring, adapter and autoscaler bring a second replica and its node, and later none.

The tests of this file build on each other, in their order: one deployment serves them all.
"""

from __future__ import annotations

import json

import pytest

from tests.playbooks.playground import until
from tests.playbooks.watching import WINDOWS, Watcher, load

SIGNALS = [
    {"signal": "waiting_requests", "target": 5},
    {"signal": "running_requests", "target": 5},
    {"signal": "gpu_utilization", "target": 95},
]
SCALED = {
    **WINDOWS,
    "llmops_gpu_metrics": "daemonset",
    "model_server_hpa_enabled": True,
    "model_server_hpa_signals": SIGNALS,
}
LOADED = {"verify_load": True, "verify_load_clients": 16, "verify_load_timeout": 60}


@pytest.fixture(scope="module")
def watcher(sandbox) -> Watcher:
    return Watcher(sandbox)


def test_deploy_ends_with_an_autoscaler_that_acts(sandbox, watcher):
    run = sandbox.play("deploy.yml", variables=SCALED)
    assert run.code == 0, run.output
    conditions = watcher.get("hpa", "mistral-7b-hpa")["status"]["conditions"]
    assert {one["type"]: one["reason"] for one in conditions}["ScalingActive"] == "ValidMetricFound"
    again = sandbox.play("deploy.yml", variables=SCALED)
    assert (again.code, again.recap["changed"]) == (0, 0), again.output


def test_load_brings_a_second_replica_on_a_second_node(watcher):
    (first,) = watcher.gpu_nodes()
    with load(watcher):
        until(lambda: watcher.replicas() == (2, 2), "two replicas are ready")
        raw = watcher.kubectl(
            "get", "--raw", "/apis/external.metrics.k8s.io/v1beta1/namespaces/default/"
            "prometheus.googleapis.com%7Cdcgm_fi_dev_gpu_util%7Cunknown"
        )  # fmt: skip
    assert len(watcher.gpu_nodes()) == 2
    pods = watcher.get("pods", "-l", "app=mistral-7b")["items"]
    assert {pod["spec"]["nodeName"] for pod in pods} == set(watcher.gpu_nodes())
    values = {item["metricLabels"]["exported_pod"]: item["value"] for item in json.loads(raw)["items"]}
    assert "99" in values.values(), values
    assert any("above target" in message for message in watcher.events("SuccessfulRescale"))
    assert any("1->2 (max: 2)" in message for message in watcher.events("TriggeredScaleUp"))
    assert first in watcher.gpu_nodes()


def test_verify_shows_that_the_autoscaler_acts(sandbox, watcher):
    until(lambda: watcher.replicas() == (1, 1), "one replica is left")
    # By a forwarded port, as where a key would travel in the clear.
    run = sandbox.play("verify.yml", variables={**LOADED, "verify_port_forward": True})
    assert (run.code, run.recap["changed"]) == (0, 0), run.output
    assert "under load a further replica was asked for and came: 2 serve" in " ".join(run.output.split())


def test_after_the_window_replica_and_node_go_again(watcher):
    until(lambda: watcher.replicas() == (1, 1), "one replica is left")
    until(lambda: len(watcher.gpu_nodes()) == 1, "one node is left")
    assert "New size: 1; reason: All metrics below target" in watcher.events("SuccessfulRescale")


def test_a_pool_at_its_maximum_is_told(sandbox, watcher):
    wrong = {"gpu_nodepool_max_node_count": 1, "llmops_gpu_metrics": "managed"}
    run = sandbox.play("deploy.yml", variables={**SCALED, **wrong})
    assert run.code != 0
    told = " ".join(run.output.split())
    assert "replicas that the play's node pools can hold: 1 at most" in told
    # An autoscaler cannot read what GKE's own exporter sends.
    assert "gpu_utilization needs llmops_gpu_metrics daemonset (managed)" in told
    fixed = {"gpu_nodepool_max_node_count": 1, "model_server_hpa_max_replicas": 1}
    run = sandbox.play("deploy.yml", "--tags", "gpu_nodepool", variables={**SCALED, **fixed})
    assert run.code == 0, run.output
    run = sandbox.play("verify.yml", variables=LOADED)
    assert run.code == 0, run.output
    told = " ".join(run.output.split())
    assert "under load no further replica came: no node fits pod mistral-7b-" in told
    assert "max node group size reached); raise the pool's maximum" in told
    assert any("max node group size reached" in message for message in watcher.events("NotTriggerScaleUp"))
    assert len(watcher.gpu_nodes()) == 1


def test_switched_off_it_leaves_the_number_of_replicas_to_the_inventory(sandbox, watcher):
    model, off = ("--tags", "tgi_mistral"), {"gpu_nodepool_max_node_count": 1, "llmops_gpu_metrics": "daemonset"}
    planned = sandbox.play("deploy.yml", "--check", *model, variables=off)
    run = sandbox.play("deploy.yml", *model, variables=off)
    assert (run.code, run.recap["changed"]) == (0, planned.recap["changed"]), run.output
    assert (watcher.get("hpa")["items"], watcher.replicas()) == ([], (1, 1))
    again = sandbox.play("deploy.yml", *model, variables=off)
    assert (again.code, again.recap["changed"]) == (0, 0), again.output
