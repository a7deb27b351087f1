# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two hosts on one cluster: each is told of by what is its own, and what they share once."""

from __future__ import annotations

import re
from typing import Any

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.workflows.summary.command import Command
from ansible_collections.llmops.gke.plugins.module_utils.workflows.summary.summary import summarise
from tests.unit.plugins.summary.summary_facts import POOLS, host, step, verified

NODE = {"kind": "Node", "metadata": {"name": "node-1", "labels": {}}, "status": {}}


def named(kind: str, name: str, namespace: str = "default", **others: Any) -> dict[str, Any]:
    return {"kind": kind, "metadata": {"name": name, "namespace": namespace}, **others}


def pod(app: str) -> dict[str, Any]:
    labels = {"labels": {"app": app}, "name": f"pod-of-{app}", "namespace": "default"}
    return {"kind": "Pod", "metadata": labels, "spec": {"containers": []}, "status": {}}


def service(app: str) -> dict[str, Any]:
    ports = [{"port": 80, "targetPort": "http", "protocol": "TCP"}]
    spec = {"type": "LoadBalancer", "selector": {"app": app}, "ports": ports, "clusterIP": "10.0.0.1"}
    return named("Service", f"front-of-{app}", spec=spec)


def event(about: str, namespace: str = "default") -> dict[str, Any]:
    involved = {"kind": "Pod", "name": about, "namespace": namespace}
    return {"kind": "Event", "type": "Warning", "reason": f"Of {about}", "metadata": {}, "involvedObject": involved}


OBJECTS = [NODE, *(thing(app) for app in ("m", "m-b", "theirs") for thing in (pod, service))]
EVENTS = [event("m-1-a"), event("m-b-1-a"), event("theirs-1"), event("m-b-1-a", "team-b")]


def status(second: dict[str, Any]) -> list[str]:
    """The two hosts' parts of the text."""
    there = {"clusters": [{"name": "c", "status": "RUNNING", "nodePools": POOLS}]}
    seen = {"status_objects": OBJECTS, "status_events": EVENTS, "status_differences": []}
    hosts = [
        host("first", "status", variables={**seen, "llmops_name": "m"}, status_cluster=there),
        host("second", "status", variables={**seen, **second}, status_cluster=there),
    ]
    text = " ".join(" ".join(summarise(hosts, 200)[0]).split())
    first, rest = text.split("second: ")
    return [first, rest]


def test_each_has_its_own_objects_and_those_of_nobody_in_the_run():
    first, second = status({"llmops_name": "m-b"})
    for own, other, text in (("m", "m-b", first), ("m-b", "m", second)):
        assert f"Pod pod-of-{own}:" in text and f"front-of-{own} " in text
        assert f"Pod pod-of-{other}:" not in text and f"front-of-{other} " not in text
        assert "Pod pod-of-theirs:" in text and "front-of-theirs " in text
    assert ("Of m-1-a" in first, "Of m-b-1-a" in first, "Of theirs-1" in first) == (True, True, True), (
        "of another space"
    )
    assert ("Of m-1-a" in second, "Of m-b-1-a" in second, "Of theirs-1" in second) == (False, True, True)
    assert first.count("Of m-b-1-a") == 1


def test_a_deployment_of_nobody_in_the_run_is_told_in_short():
    deployment = {"spec": {"replicas": 3}, "status": {"availableReplicas": 2}}
    elsewhere = {"type": "LoadBalancer", "selector": {"app": "m"}, "ports": []}
    balancer = {"loadBalancer": {"ingress": [{"ip": "203.0.113.7"}]}}
    things = [
        *OBJECTS,
        named("Deployment", "theirs", **deployment),
        named("Service", "m-service", "team-b", spec=elsewhere, status=balancer),
        named("Service", "inner", "team-b", spec={"selector": {}}),
        # What belongs to the model by its name is no other's.
        {**pod("m-picker"), "metadata": {"name": "m-picker-1", "namespace": "default", "labels": {"app": "m-picker"}}},
    ]
    seen = {"status_objects": things, "status_events": EVENTS, "status_differences": []}
    there = {"clusters": [{"name": "c", "status": "RUNNING", "nodePools": POOLS}]}
    text = "\n".join(summarise([host("one", "status", variables=seen, status_cluster=there)], 80)[0])
    assert "Pod pod-of-m:" in text and "Load balancer default/front-of-m\n" in text and "Pod m-picker-1:" in text
    assert "pod-of-theirs" not in text and "Of theirs-1" not in text and "inner" not in text
    assert text.partition("  Of others on the cluster:\n")[2].startswith(
        "    Load balancer default/front-of-theirs: no address yet\n"
        "    Deployment default/theirs: 2 of 3 replicas available\n"
        "    Load balancer team-b/m-service: 203.0.113.7\n"
        "\n"
    )


def test_cluster_and_nodes_are_told_once():
    first, second = status({"llmops_name": "m-b"})
    assert "Cluster c in us-central1: RUNNING" in first and "Node node-1" in first
    assert "Cluster c and its nodes: as above" in second and "Node node-1" not in second


@pytest.mark.parametrize("elsewhere", [{"llmops_cluster": "d"}, {"llmops_location": "europe-west4"}])
def test_hosts_of_two_clusters_are_told_whole(elsewhere):
    first, second = status({"llmops_name": "m-b", **elsewhere})
    for text in (first, second):
        assert "Node node-1" in text and "Pod pod-of-m:" in text and "Pod pod-of-m-b:" in text


def test_what_two_hosts_share_is_made_once():
    there = {"cluster": {"name": "c", "status": "RUNNING", "nodePools": POOLS}, "plan": [step("create", "cluster c")]}
    pool = {"plan": [step("create", "node pool gpu"), step("create", "kubeconfig entry in k")]}
    hosts = [
        host(name, variables={"llmops_name": name, **place}, gke_cluster_result=there, gpu_nodepool_result=pool,
             model_server_result={"plan": [step("create", f"Deployment default/{name}")]})
        for name, place in (("a", {}), ("b", {}), ("d", {"llmops_cluster": "d"}))
    ]  # fmt: skip
    text = " ".join(" ".join(summarise(hosts[:2], 200)[0]).split())
    first, second = text.split("b: ")
    assert "4 created" in first and "+ cluster c + node pool gpu + kubeconfig entry in k" in first
    assert "1 created, 0 changed, 0 removed + Deployment default/b" in second and "+ cluster" not in second
    assert "shared with a host above: cluster c, kubeconfig entry in k, node pool gpu" in second
    data = summarise(hosts, 200)[1]
    created = {name: record["changes"]["created"] for name, record in data["llmops_summary"].items()}
    assert (len(created["a"]), created["b"], len(created["d"])) == (4, ["Deployment default/b"], 4)
    assert data["llmops_total"]["changes"] == "9 created, 0 changed, 0 removed"


@pytest.mark.parametrize("playbook", ["deploy", "verify", "status", "teardown"])
@pytest.mark.parametrize("failed", [False, True])
def test_what_is_advised_of_one_of_two_hosts_is_for_it_alone(playbook, failed):
    """Above all to tear it down, or to wake it."""
    command = Command(inventories=("mine",), limit="a,b")
    hosts = [host(name, playbook, command=command, failed=failed) for name in ("a", "b")]
    first, second = "\n".join(summarise(hosts, 300)[0]).split("\nb: ")
    for name, text in (("a", first), ("b", second)):
        advised = re.findall("ansible-playbook .*", text)
        assert advised and all(f"--limit {name}" in line.split(" -e ")[0] for line in advised), advised
    assert "--limit a,b" in "\n".join(summarise(hosts[:1], 300)[0])


@pytest.mark.parametrize("failed", [False, True])
def test_that_it_was_the_sandbox_is_told_once_at_the_end(failed):
    sandbox = {"variables": {"llmops_sandbox": {"speed": 50}}, "verify_result": verified()}
    hosts = [host("one", **sandbox, failed=failed), host("two", **sandbox)]
    lines = summarise(hosts, 100)[0]
    assert sum("All of this was simulated" in line for line in lines) == 1
    assert lines[-1].endswith("simulation's.") or "simulation's." in " ".join(lines[-2:])
    assert any("make demo-down" in line for line in lines)


def test_outside_a_clone_the_sandbox_is_stopped_without_make():
    command = Command(inventories=("mine",), clone=False, untold=("@sandbox.yml",))
    told = host("one", variables={"llmops_sandbox": {"speed": 50}}, verify_result=verified(), command=command)
    lines = summarise([told], 200)[0]
    (stop,) = (number for number, line in enumerate(lines) if line.startswith("  stop it all"))
    assert lines[stop].endswith("ansible-playbook -i mine llmops.gke.sandbox -e llmops_sandbox_state=stopped")
    assert lines[stop + 1].endswith("(and the same -e as now for @sandbox.yml)")
    # Neither make nor the inventories of a clone are there.
    assert not any("make " in line or "inventories/" in line for line in lines)


def test_a_preview_tells_nothing_of_the_sandbox():
    sandbox = {"llmops_sandbox": {"speed": 50}}
    assert "simulated" not in " ".join(summarise([host("one", check=True, variables=sandbox)], 100)[0])


@pytest.mark.parametrize(("least", "words"), [(0, "no GPU, once the autoscaler"), (1, "its GPU nodes all the same")])
def test_a_model_that_sleeps_is_told_of_its_own_pool(least, words):
    """The pool of another model, which is awake, keeps a node."""
    own = {**POOLS[1], "name": "own", "autoscaling": {"enabled": True, "minNodeCount": least, "maxNodeCount": 2}}
    there = {"cluster": {"name": "c", "status": "RUNNING", "nodePools": [*POOLS, own]}}
    asleep = {"start": {"asleep": True}}
    given = {"gpu_nodepool_name": "own"}
    one = host(
        variables=given, gke_cluster_result=there, gpu_nodepool_result={"node_pools": [own]}, verify_result=asleep
    )
    assert words in " ".join(" ".join(summarise([one], 200)[0]).split())


@pytest.mark.parametrize("hosts", [1, 2, 3])
def test_what_to_do_about_a_failure_is_looked_up_on_a_page_that_is_named_once(hosts):
    ran = ["one", "two", "three"][:hosts]
    lines = summarise([host(name, failed=True) for name in ran], 80)[0]
    assert [line for line in lines if "troubleshooting" in line] == [lines[-1]]
    assert lines[-1].split() == ["look", "it", "up", "docs/troubleshooting.md"]
    assert not any("troubleshooting" in line for line in summarise([host(name) for name in ran], 80)[0])


def test_where_there_is_no_clone_the_page_is_on_the_web():
    lines = summarise([host(failed=True, command=Command(clone=False))], 80)[0]
    assert lines[-1].endswith("https://github.com/llmops/llmops.gke/blob/main/docs/troubleshooting.md")
