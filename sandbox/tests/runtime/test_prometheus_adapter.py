# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""prometheus-adapter over the frontend of managed Prometheus: rules, queries, and what it says when it cannot."""

from __future__ import annotations

import aiohttp
import pytest
import yaml

from llmops_gke_sandbox.workloads.metrics import adapter_rules, promql

from .conftest import pod
from .test_hpa_metrics import _install

ADAPTER = "registry.k8s.io/prometheus-adapter/prometheus-adapter:v0.12.0"
FRONTEND = "gke.gcr.io/prometheus-engine/frontend:v0.15.3-gke.0"
SERIES = "dcgm_fi_dev_fb_total"
RULE = {
    "seriesQuery": SERIES + '{cluster="test"}',
    "resources": {"overrides": {"namespace": {"resource": "namespace"}, "pod": {"resource": "pod"}}},
    "name": {"matches": "^(.*)_total$", "as": "${1}_mib"},
    "metricsQuery": 'sum(<<.Series>>{<<.LabelMatchers>>,cluster="test"}) by (<<.GroupBy>>)',
}
METRIC = "dcgm_fi_dev_fb_mib"


async def _run(world, config: object, url: str = "http://frontend.default.svc:9090") -> None:
    """Start the adapter with a configuration, and the frontend that it is to ask."""
    api = world.api
    text = config if isinstance(config, str) else yaml.safe_dump(config)
    await api.create("configmaps", {"metadata": {"name": "rules"}, "data": {"config.yaml": text}}, "default")
    adapter = {
        "args": [f"--prometheus-url={url}", "--config=/etc/adapter/config.yaml"],
        "ports": [{"name": "https", "containerPort": 6443}],
        "readinessProbe": {"httpGet": {"path": "/readyz", "port": "https", "scheme": "HTTPS"}, "periodSeconds": 1},
        "volumeMounts": [{"name": "rules", "mountPath": "/etc/adapter"}],
    }
    frontend = {"args": ["--query.project-id=sandbox-project"], "ports": [{"containerPort": 9090}]}
    spec = {"selector": {"app": "frontend"}, "ports": [{"port": 9090, "targetPort": 9090}]}
    await api.create("services", {"metadata": {"name": "frontend"}, "spec": spec}, "default")
    volumes = [{"name": "rules", "configMap": {"name": "rules"}}]
    await api.create("pods", pod("frontend", FRONTEND, container=frontend), "default")
    await api.create("pods", pod("prometheus", ADAPTER, container=adapter, volumes=volumes), "default")
    await world.started("frontend")


async def _ask(world, name: str) -> tuple[int, dict]:
    """What the adapter answers about POD/METRIC of the namespace default."""
    port = world.runtime.pod_port("default", "prometheus", 6443)
    url = f"http://127.0.0.1:{port}/apis/custom.metrics.k8s.io/v1beta2/namespaces/default/pods/{name}"
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        return answer.status, await answer.json()


async def test_a_metric_is_served_under_the_name_that_its_rule_gives(gpu_world):
    await _install(gpu_world)
    await _run(gpu_world, {"rules": [RULE]})
    await gpu_world.started("prometheus")
    for which in ("exporter", "*"):
        status, body = await _ask(gpu_world, f"{which}/{METRIC}")
        told = [(one["describedObject"]["name"], one["metric"]["name"], one["value"]) for one in body["items"]]
        assert (status, told) == (200, [("exporter", METRIC, "23034")])
    for unknown in (f"exporter/{SERIES}", f"frontend/{METRIC}"):
        assert (await _ask(gpu_world, unknown))[0] == 404


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://nobody.default.svc:9090", "nothing answers as Service default/nobody"),
        ("https://prometheus.example.com", "the sandbox knows http://SERVICE.NAMESPACE.svc:PORT of its cluster alone"),
    ],
)
async def test_without_its_prometheus_there_is_no_metric(gpu_world, url, why):
    await _install(gpu_world)
    await _run(gpu_world, {"rules": [RULE]}, url)
    await gpu_world.started("prometheus")
    status, body = await _ask(gpu_world, f"exporter/{METRIC}")
    assert (status, body["message"]) == (404, f"the server could not find the metric {METRIC} for pods")
    assert why in gpu_world.runtime.pod_logs("default", "prometheus", "main", False, None)[-1]


async def test_a_query_that_is_not_played_fails_as_any_query(gpu_world):
    await _install(gpu_world)
    await _run(gpu_world, {"rules": [{**RULE, "metricsQuery": "rate(<<.Series>>[5m]) * <<.GroupBy>>"}]})
    await gpu_world.started("prometheus")
    status, body = await _ask(gpu_world, f"exporter/{METRIC}")
    assert (status, body["message"]) == (500, "Internal error occurred: unable to fetch metrics")
    assert "of PromQL" in gpu_world.runtime.pod_logs("default", "prometheus", "main", False, None)[-1]


async def test_a_configuration_that_is_not_played_ends_the_adapter(world):
    await _run(world, {"rules": [RULE], "externalRules": [RULE]})

    def ended() -> dict:
        status = (world.pod("prometheus")["status"].get("containerStatuses") or [{}])[0]
        return status.get("lastState", {}).get("terminated", {})

    terminated = await world.until(ended, "it ends")
    assert terminated["exitCode"] == 1
    log = world.runtime.pod_logs("default", "prometheus", "main", True, None)
    assert log == ["the sandbox does not play externalRules of prometheus-adapter"]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"seriesFilters": [{"is": "x"}]}, "does not play seriesFilters"),
        ({"resources": {"template": "kube_<<.Resource>>"}}, r"does not play resources\.template"),
        ({"resources": {"overrides": {"pod": {"resource": "pod"}}}}, "labels of namespace and pod"),
        ({"metricsQuery": "sum(<<index .LabelValuesByName 0>>)"}, "does not play <<index"),
        ({"name": {"matches": "(a)(b)"}}, 'must specify an "as" value'),
    ],
)
def test_rules_that_are_not_played_are_named(change, why):
    with pytest.raises(ValueError, match=why):
        adapter_rules.rules(yaml.safe_dump({"rules": [{**RULE, **change}]}))


SAMPLES = [
    ({"__name__": "up", "pod": "a", "zone": "x"}, 1.0),
    ({"__name__": "up", "pod": "b", "zone": "x"}, 3.0),
    ({"__name__": "down", "pod": "a", "zone": "y"}, 5.0),
]


@pytest.mark.parametrize(
    ("query", "values"),
    [
        ("up", [1.0, 3.0]),
        ('up{pod=~"a|c",}', [1.0]),
        ('up{pod!~"a",zone!="y"}', [3.0]),
        ('sum(up{zone="x"}) by (zone)', [4.0]),
        ("avg by (zone) (up)", [2.0]),
        ("max(up)", [3.0]),
        ('min(up{pod="nobody"}) by (pod)', []),
    ],
)
def test_the_part_of_promql_that_is_played(query, values):
    assert [value for _labels, value in promql.evaluate(query, SAMPLES)] == values


@pytest.mark.parametrize("query", ["rate(up[5m])", "up + up", "up{pod=a}", "", 'up{pod="a" zone="x"}', 'up{pod=~"("}'])
def test_what_is_not_played_is_refused(query):
    with pytest.raises(promql.NotPlayed, match="the sandbox"):
        promql.evaluate(query, SAMPLES)
