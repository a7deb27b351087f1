# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""At no moment do two exporters read the GPUs: neither while who runs them changes, nor beside a stranger's.

The tests of this file build on each other, in their order: one cluster serves them all.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.playbooks.playground import until

OURS, OF_GKE = "gpu-metrics", "gke-managed-system"
ROLES = ("--tags", "gke_cluster,gpu_nodepool,dcgm_exporter")
FOREIGN = {
    "apiVersion": "apps/v1",
    "kind": "DaemonSet",
    "metadata": {"name": "nvidia-dcgm-exporter", "namespace": "default"},
    "spec": {
        "selector": {"matchLabels": {"app": "dcgm"}},
        "template": {
            "metadata": {"labels": {"app": "dcgm"}},
            "spec": {
                "nodeSelector": {"nobody": "has-this"},
                "containers": [
                    {"name": "exporter", "image": "nvcr.io/nvidia/k8s/dcgm-exporter:4.5.3-4.8.2-distroless"}
                ],
            },
        },
    },
}


class Cluster:
    """The cluster, by kubectl."""

    def __init__(self, sandbox: Any) -> None:
        self._sandbox = sandbox
        file = sandbox.directory / "kubeconfig-us-central1-mistral-cluster-gke"
        self._kubectl = ["kubectl", "--kubeconfig", str(file)]

    def kubectl(self, *words: str, given: Any = None) -> str:
        text = json.dumps(given) if given else None
        done = subprocess.run(
            [*self._kubectl, *words], input=text, capture_output=True, text=True, check=True, timeout=30
        )
        return done.stdout

    def version(self) -> str:
        """Where the list of DaemonSets stands, for a watch that misses nothing after it."""
        return json.loads(self.kubectl("get", "--raw", "/apis/apps/v1/daemonsets"))["metadata"]["resourceVersion"]

    def happened(self, since: str) -> Iterator[tuple[str, str]]:
        """Yield (type, namespace) of all that became of exporters' DaemonSets, in its order."""
        watched = f"/apis/apps/v1/daemonsets?watch=1&resourceVersion={since}&timeoutSeconds=1"
        for line in self.kubectl("get", "--raw", watched).splitlines():
            event = json.loads(line)
            if event["object"]["metadata"]["name"] == "dcgm-exporter":
                yield event["type"], event["object"]["metadata"]["namespace"]

    def exporters(self) -> set[str]:
        found = json.loads(self.kubectl("get", "daemonsets", "-A", "-o", "json"))["items"]
        return {one["metadata"]["namespace"] for one in found if one["metadata"]["name"] == "dcgm-exporter"}


@pytest.fixture(scope="module")
def cluster(sandbox) -> Cluster:
    run = sandbox.play("deploy.yml", *ROLES, variables={"llmops_gpu_metrics": "daemonset"})
    assert run.code == 0, run.output
    return Cluster(sandbox)


TO_GKE, TO_US = ("managed", OURS, OF_GKE), ("daemonset", OF_GKE, OURS)
EXACTLY = {"gke_cluster_exactly": ["monitoring_config.component_config.enable_components"]}


@pytest.mark.parametrize(
    ("mode", "gone", "come", "given"),
    [(*TO_GKE, {}), (*TO_US, {}), (*TO_GKE, EXACTLY), (*TO_US, EXACTLY)],
    ids=["to GKE", "to us", "to GKE, exactly", "to us, exactly"],
)
def test_while_it_changes_there_is_one_or_none(sandbox, cluster, mode, gone, come, given):
    assert cluster.exporters() == {gone}
    planned = sandbox.play("deploy.yml", "--check", *ROLES, variables={"llmops_gpu_metrics": mode, **given})
    assert planned.code == 0, planned.output
    since = cluster.version()
    sandbox.forget_requests()
    # GKE takes its time: it looks every 10 of its seconds, and leaves this many looks out.
    fault = {"name": "addons_late", "times": 3 * sandbox.speed // 10}
    requests.post(f"{sandbox.endpoints['admin']}/faults", json=fault, timeout=10).raise_for_status()
    run = sandbox.play("deploy.yml", *ROLES, variables={"llmops_gpu_metrics": mode, **given})
    assert run.code == 0, run.output
    assert run.recap["changed"] == planned.recap["changed"] > 0, run.output
    until(lambda: cluster.exporters() == {come}, f"the exporter in {come} is there alone")
    alive, most = {gone}, {gone}
    for kind, namespace in cluster.happened(since):
        alive = alive - {namespace} if kind == "DELETED" else alive | {namespace}
        most = max(most, alive, key=len)
    assert len(most) == 1, f"at once: {most}"
    assert gone not in alive
    # Not only what runs: GKE is told to run its own after ours is gone, and ours comes after GKE was told to end it.
    order = [
        "cluster" if "/projects/" in write else "ours"
        for write in sandbox.writes()
        if "/daemonsets/dcgm-exporter" in write or write.startswith("PUT /container/v1/")
    ]
    assert order[0] == ("ours" if mode == "managed" else "cluster"), sandbox.writes()
    if not given:
        again = sandbox.play("deploy.yml", *ROLES, variables={"llmops_gpu_metrics": mode})
        assert (again.code, again.recap["changed"]) == (0, 0), again.output


def test_the_cluster_alone_does_not_begin_what_is_the_exporters_matter(sandbox, cluster):
    sandbox.forget_requests()
    run = sandbox.play("deploy.yml", "--tags", "gke_cluster", variables={"llmops_gpu_metrics": "managed"})
    assert (run.code, run.recap["changed"], sandbox.writes()) == (0, 0, []), run.output
    assert cluster.exporters() == {OURS}
    # It is drift from the inventory nevertheless.
    run = sandbox.play("status.yml", variables={"llmops_gpu_metrics": "managed"})
    assert run.code == 0, run.output
    assert "monitoring_config.component_config.enable_components" in run.output


def test_gke_runs_none_beside_a_strangers(sandbox, cluster):
    cluster.kubectl("create", "-f", "-", given=FOREIGN)
    sandbox.forget_requests()
    run = sandbox.play("deploy.yml", "--tags", "dcgm_exporter", variables={"llmops_gpu_metrics": "managed"})
    assert (run.code, sandbox.writes()) == (2, []), run.output
    told = " ".join(run.output.split())
    assert (
        "DaemonSet default/nvidia-dcgm-exporter already exports the figures of the GPUs of mistral-cluster-gke" in told
    )
    assert "Keep it with llmops_gpu_metrics none, or remove it" in told
    run = sandbox.play("deploy.yml", *ROLES, variables={"llmops_gpu_metrics": "none"})
    assert run.code == 0, run.output
    assert cluster.exporters() == set()
    cluster.kubectl("delete", "daemonset", "nvidia-dcgm-exporter")
    run = sandbox.play("deploy.yml", "--tags", "dcgm_exporter", variables={"llmops_gpu_metrics": "managed"})
    assert run.code == 0, run.output
