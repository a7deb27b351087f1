# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The autoscaler over prometheus-adapter and managed Prometheus' frontend, and the way from one adapter to the other.

The tests of this file build on each other, in their order: one deployment serves them all.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.apply.apply_set import PART_OF, ApplySet
from tests.playbooks.playground import until
from tests.playbooks.test_autoscaling import SIGNALS
from tests.playbooks.watching import WINDOWS, Watcher, load

GOOGLES, ITS_OWN = "custom-metrics-stackdriver-adapter", "prometheus-adapter"
STACKDRIVER = {
    **WINDOWS,
    "llmops_gpu_metrics": "daemonset",
    "model_server_hpa_enabled": True,
    "model_server_hpa_signals": SIGNALS,
}
PROMETHEUS = {
    **STACKDRIVER,
    "model_server_hpa_adapter": "prometheus",
    "model_server_hpa_prometheus_url": "http://frontend.default.svc:9090",
}
API_SERVICES = "/apis/apiregistration.k8s.io/v1/apiservices"
MODEL = ("--tags", "tgi_mistral")


def frontend(project: str) -> list[dict[str, Any]]:
    """The frontend of managed Prometheus, as Google's documentation has it deployed."""
    labels = {"app": "frontend"}
    container = {
        "name": "frontend",
        "image": "gke.gcr.io/prometheus-engine/frontend:v0.15.3-gke.0",
        "args": ["--web.listen-address=:9090", f"--query.project-id={project}"],
        "ports": [{"name": "web", "containerPort": 9090}],
        "readinessProbe": {"httpGet": {"path": "/-/ready", "port": "web"}},
    }
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
    return [
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": "frontend", "namespace": "default"},
            "spec": {"replicas": 1, "selector": {"matchLabels": labels}, "template": template},
        },
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "frontend", "namespace": "default"},
            "spec": {"clusterIP": "None", "selector": labels, "ports": [{"name": "web", "port": 9090}]},
        },
    ]


@pytest.fixture(scope="module")
def watcher(sandbox) -> Watcher:
    return Watcher(sandbox)


def served_by(watcher: Watcher) -> dict[str, str]:
    """API service -> the Service behind it, of both metrics APIs."""
    found = watcher.get("apiservices")["items"]
    return {
        one["metadata"]["name"]: one["spec"]["service"]["name"]
        for one in found
        if one["spec"].get("group") in ("custom.metrics.k8s.io", "external.metrics.k8s.io")
    }


def adapters(watcher: Watcher) -> dict[str, set[str]]:
    """Kind -> names of everything that is there of adapters."""
    kinds = "deployments,services,serviceaccounts,configmaps,rolebindings,clusterroles,clusterrolebindings"
    label = f"{PART_OF}={ApplySet.named('configmaps/llmops-metrics-adapter', 'custom-metrics').id}"
    found: dict[str, set[str]] = {}
    for one in watcher.get(kinds, "-A", "-l", label)["items"]:
        found.setdefault(one["kind"], set()).add(one["metadata"]["name"])
    return found


@pytest.mark.parametrize("roles", [(), MODEL], ids=["preflight", "role alone"])
@pytest.mark.parametrize("url", ["", "http://reader:TOPSECRET@prometheus:9090"], ids=["none", "with credentials"])
def test_a_prometheus_that_cannot_be_asked_is_refused_before_anything_is_made(sandbox, roles, url):
    sandbox.forget_requests()
    run = sandbox.play("deploy.yml", *roles, variables={**PROMETHEUS, "model_server_hpa_prometheus_url": url})
    assert (run.code, sandbox.writes()) == (2, []), run.output
    assert "model_server_hpa_prometheus_url" in run.output
    assert "TOPSECRET" not in run.output
    assert "http://frontend.NAMESPACE.svc:9090" in run.output


def test_an_adapter_is_exchanged_for_the_other(sandbox, watcher):
    run = sandbox.play("deploy.yml", variables=STACKDRIVER)
    assert run.code == 0, run.output
    assert set(served_by(watcher).values()) == {GOOGLES}
    assert adapters(watcher)["Deployment"] == {GOOGLES}
    for manifest in frontend(sandbox.endpoints["project"]):
        watcher.kubectl("create", "-f", "-", given=manifest)

    sandbox.forget_requests()
    planned = sandbox.play("deploy.yml", *MODEL, "--check", variables=PROMETHEUS)
    assert (planned.code, sandbox.writes_beside_dry_runs()) == (0, []), planned.output
    run = sandbox.play("deploy.yml", *MODEL, variables=PROMETHEUS)
    assert run.code == 0, run.output
    assert run.recap["changed"] == planned.recap["changed"] == 2, run.output
    # An API service changes hands in one write: it is never away, and nobody makes a second one.
    writes = [write.partition("?")[0] for write in sandbox.writes_beside_dry_runs() if "/apiservices/" in write]
    assert (sorted(writes[:-1]), writes[-1]) == (
        [f"PATCH {API_SERVICES}/{one}.custom.metrics.k8s.io" for one in ("v1beta1", "v1beta2")],
        f"DELETE {API_SERVICES}/v1beta1.external.metrics.k8s.io",
    )
    assert served_by(watcher) == {f"{one}.custom.metrics.k8s.io": ITS_OWN for one in ("v1beta1", "v1beta2")}
    there = adapters(watcher)
    assert there["Deployment"] == there["Service"] == there["ServiceAccount"] == {ITS_OWN}
    assert not any("stackdriver" in name or "external" in name for names in there.values() for name in names)
    again = sandbox.play("deploy.yml", *MODEL, variables=PROMETHEUS)
    assert (again.code, again.recap["changed"]) == (0, 0), again.output


def test_load_brings_a_second_replica_on_a_second_node_and_it_goes_again(watcher):
    names = [one["pods"]["metric"]["name"] for one in watcher.get("hpa", "mistral-7b-hpa")["spec"]["metrics"]]
    assert names == ["tgi_queue_size", "tgi_batch_current_size", "dcgm_fi_dev_gpu_util"]
    with load(watcher):
        until(lambda: watcher.replicas() == (2, 2), "two replicas are ready")
        path = "/apis/custom.metrics.k8s.io/v1beta2/namespaces/default/pods/*/dcgm_fi_dev_gpu_util"
        items = json.loads(watcher.kubectl("get", "--raw", path))["items"]
    assert len(watcher.gpu_nodes()) == 2
    pods = {pod["metadata"]["name"] for pod in watcher.get("pods", "-l", "app=mistral-7b")["items"]}
    assert {item["describedObject"]["name"] for item in items} == pods
    assert any("pods metric" in message for message in watcher.events("SuccessfulRescale"))
    until(lambda: watcher.replicas() == (1, 1), "one replica is left")
    until(lambda: len(watcher.gpu_nodes()) == 1, "one node is left")


def test_a_strangers_adapter_is_used_as_it_is(sandbox, watcher):
    watcher.kubectl("label", "apiservice", "v1beta1.custom.metrics.k8s.io", "app.kubernetes.io/managed-by-")
    sandbox.forget_requests()
    run = sandbox.play("deploy.yml", *MODEL, variables=PROMETHEUS)
    assert (run.code, run.recap["changed"]) == (0, 0), run.output
    watcher.kubectl("label", "apiservice", "v1beta1.custom.metrics.k8s.io", "app.kubernetes.io/managed-by=llmops.gke")


def test_what_is_no_longer_wanted_goes(sandbox, watcher):
    back = sandbox.play("deploy.yml", *MODEL, variables=STACKDRIVER)
    assert back.code == 0, back.output
    assert set(served_by(watcher).values()) == {GOOGLES}
    assert adapters(watcher)["Deployment"] == {GOOGLES}
    # The adapter is the cluster's: while another deployment's autoscaler stands on it, it stays.
    other = watcher.get("hpa", "mistral-7b-hpa")
    other["metadata"] = {"name": "of-another", "namespace": "default"}
    watcher.kubectl("create", "-f", "-", given=other)
    kept = sandbox.play("deploy.yml", *MODEL, variables={"llmops_gpu_metrics": "daemonset"})
    assert kept.code == 0, kept.output
    assert [one["metadata"]["name"] for one in watcher.get("hpa")["items"]] == ["of-another"]
    assert adapters(watcher)["Deployment"] == {GOOGLES}
    watcher.kubectl("delete", "hpa", "of-another")
    for _time in range(2):
        run = sandbox.play("deploy.yml", *MODEL, variables={"llmops_gpu_metrics": "daemonset"})
        assert run.code == 0, run.output
        assert (served_by(watcher), adapters(watcher)) == ({}, {})
    assert run.recap["changed"] == 0
