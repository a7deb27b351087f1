# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Automation Platform counts of our tasks: the queries on real results, held to what it asks of their output."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jq
import pytest
import yaml
from working_copy import ROOT

from tests.contract.gke.playground import Playground, playground
from tests.contract.kubernetes.conftest import Cluster

QUERIES = yaml.safe_load((ROOT / "extensions" / "audit" / "event_query.yml").read_text())
POOL = {"name": "first", "initial_node_count": 1, "config": {"machine_type": "e2-medium"}}
HOME = {"location": "us-central1", "name": "home"}
LABELS = {"matchLabels": {"app": "model"}}
TEMPLATE = {
    "metadata": {"labels": {"app": "model"}},
    "spec": {"containers": [{"name": "model", "image": "registry.k8s.io/pause:3.10"}]},
}
DEPLOYMENT = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "model"},
    "spec": {"selector": LABELS, "template": TEMPLATE},
}
SERVICE = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "model"},
    "spec": {"type": "LoadBalancer", "selector": {"app": "model"}, "ports": [{"port": 8080}]},
}
INSIDE = {**SERVICE, "metadata": {"name": "inside"}, "spec": {"ports": [{"port": 80}]}}
SETTINGS = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, "data": {"a": "b"}}


def has_null(value: Any) -> bool:
    """Whether there is a null in it, at any depth."""
    if isinstance(value, dict):
        return any(has_null(item) for item in value.values())
    return any(has_null(item) for item in value) if isinstance(value, list) else value is None


def counted(module: str, result: dict[str, Any]) -> list[dict[str, Any]]:
    """What the module's query finds in a task's result, each held to the conditions."""
    found = jq.compile(QUERIES[f"llmops.gke.{module}"]["query"]).input_value(result).all()
    for one in found:
        assert set(one) == {"name", "canonical_facts", "facts"}
        assert one["name"] and isinstance(one["name"], str)
        assert one["canonical_facts"] and not has_null(one["canonical_facts"])
        assert {"infra_type", "infra_bucket", "device_type", "name"} == set(one["facts"])
        assert all(one["facts"].values())
    assert len({one["name"] for one in found}) == len(found)
    return found


def kinds(found: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(one["facts"]["device_type"], one["facts"]["name"]) for one in found]


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Playground]:
    with playground(tmp_path) as made:
        yield made


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    made = Cluster()
    yield made
    made.close()


def test_a_cluster_is_counted_once_whatever_becomes_of_it(cloud):
    planned = cloud.run("cluster", check=True, **HOME, node_pools=[POOL]).to_dict()
    assert counted("gke_cluster", planned) == []
    created = cloud.run("cluster", **HOME, node_pools=[POOL]).to_dict()
    changed = cloud.run("cluster", **HOME, node_pools=[POOL], resource_labels={"team": "search"}).to_dict()
    assert changed["changed"]
    assert kinds(counted("gke_cluster", created)) == [("kubernetes_cluster", "home")]
    assert counted("gke_cluster", created) == counted("gke_cluster", changed)
    assert counted("gke_cluster_info", {"clusters": [changed["cluster"]]}) == counted("gke_cluster", created)
    assert counted("gke_cluster", cloud.run("cluster", **HOME, state="absent").to_dict()) == []


def test_pools_of_one_name_in_two_clusters_are_two(cloud):
    names = set()
    for name in ("home", "away"):
        cloud.run("cluster", location="us-central1", name=name, node_pools=[POOL])
        pool = {"name": "second", "config": {"machine_type": "e2-medium"}, "initial_node_count": 1}
        result = cloud.run("node_pool", location="us-central1", cluster=name, **pool).to_dict()
        (one,) = counted("gke_node_pool", result)
        assert kinds([one]) == [("kubernetes_node_pool", "second")]
        names.add(one["name"])
    assert len(names) == 2


def test_of_objects_what_runs_and_what_has_an_address_is_counted(cluster):
    expected = [
        ("kubernetes_workload", "Deployment/default/model"),
        ("kubernetes_load_balancer", "Service/default/model"),
    ]
    manifests = (DEPLOYMENT, SERVICE, INSIDE, SETTINGS)
    assert counted("k8s_apply", cluster.apply(*manifests, check=True, wait=False)) == []
    created = counted("k8s_apply", cluster.apply(*manifests, wait=False))
    assert kinds(created) == expected
    assert counted("k8s_apply", cluster.apply(*manifests, wait=False)) == created
    labelled = cluster.label(api_version="v1", kind="Service", name="model", namespace="default", labels={"a": "b"})
    assert counted("k8s_label", labelled) == created[1:]
    assert counted("k8s_apply", cluster.apply(*manifests, state="absent")) == []


def test_a_result_without_any_of_it_counts_nothing():
    for module in QUERIES:
        for result in ({}, {"results": []}, {"cluster": None, "node_pool": None, "objects": None, "clusters": None}):
            assert counted(module.removeprefix("llmops.gke."), result) == []
