# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The same resources by us and by google.cloud and kubernetes.core, task by task: first, and unchanged.

A cluster and its node pools by our module, as by theirs, and by our roles; everything by our roles. Each has a cluster
of its own on one sandbox. What the roles have applied is what kubernetes.core is given to apply.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from tests.playbooks.playground import Sandbox

from .measure import Contender, Row, by_turns, net
from .peers import Plays, google_at

SPEED = 1000
QUOTAS = {"CPUS": 10_000, "NVIDIA_L4_GPUS": 100, "GPUS_ALL_REGIONS": 100, "LOCAL_SSD_TOTAL_GB": 1_000_000}
QUOTAS |= {"SSD_TOTAL_GB": 1_000_000, "DISKS_TOTAL_GB": 1_000_000, "IN_USE_ADDRESSES": 1000, "INSTANCES": 1000}

MODULE, OURS, PEERS = "llmops.gke.gke_cluster", "llmops.gke", "google.cloud"
_CLUSTERS = {MODULE: "by-module", OURS: "ours", PEERS: "peers"}
_ROLES = ["gke_cluster", "gpu_nodepool", "tgi_mistral", "lb_labels"]
_LABELS = {"LLM_deployment": "true", "model_LoadBalancer": "true", "Ingress_Point": "true"}
_KINDS = ("secrets", "deployments", "services", "poddisruptionbudgets", "networkpolicies", "podmonitorings")
_SERVERS_OWN = (
    "uid",
    "resourceVersion",
    "creationTimestamp",
    "managedFields",
    "generation",
    "annotations",
    "finalizers",
)


_CLUSTER = {
    "locations": ["us-central1-a"],
    "release_channel": {"channel": "REGULAR"},
    "shielded_nodes": {"enabled": True},
}
_POOLS: list[dict[str, Any]] = [
    {
        "name": "system-pool",
        "initial_node_count": 3,
        "config": {"machine_type": "n1-standard-4"},
        "autoscaling": {"enabled": True, "min_node_count": 1, "max_node_count": 5},
        "management": {"auto_repair": True, "auto_upgrade": True},
    },
    {
        "name": "mistral-gpu-pool",
        "initial_node_count": 1,
        "config": {
            "machine_type": "g2-standard-12",
            "accelerators": [{"accelerator_count": 1, "accelerator_type": "nvidia-l4"}],
            "labels": {"accelerator": "nvidia-gpu"},
        },
        "autoscaling": {"enabled": True, "min_node_count": 1, "max_node_count": 2},
        "management": {"auto_repair": True, "auto_upgrade": True},
    },
]
"""A cluster and the two node pools of our roles. All of it is spelt alike in google.cloud and here."""


def ours(roles: list[str]) -> dict[str, Any]:
    """A play of our roles, as a user writes it."""
    return {"roles": [f"llmops.gke.{role}" for role in roles]}


def by_module(sandbox: Sandbox) -> dict[str, Any]:
    """A play of our module for a cluster and its node pools."""
    named = {"project": sandbox.endpoints["project"], "location": "us-central1", "name": _CLUSTERS[MODULE]}
    return {
        "module_defaults": {"group/llmops.gke.gcp": "{{ llmops_google_auth }}"},
        "tasks": [{"llmops.gke.gke_cluster": {**named, **_CLUSTER, "node_pools": _POOLS}}],
    }


def google(sandbox: Sandbox) -> list[dict[str, Any]]:
    """google.cloud's tasks for a cluster and its node pools."""
    access = {
        "project": sandbox.endpoints["project"],
        "auth_kind": "serviceaccount",
        "service_account_file": sandbox.endpoints["service_account_file"],
        "location": "us-central1",
    }
    # Its clusters come with a pool of their own.
    own_pool = {"initial_node_count": 1, "node_config": {"machine_type": "n1-standard-4"}}
    return [
        {"google.cloud.gcp_container_cluster": {**access, "name": _CLUSTERS[PEERS], **own_pool, **_CLUSTER}},
        *(
            {"google.cloud.gcp_container_node_pool": {**access, **pool, "cluster": {"name": _CLUSTERS[PEERS]}}}
            for pool in _POOLS
        ),
    ]


def kubernetes(manifests: list[dict[str, Any]], kubeconfig: Path) -> list[dict[str, Any]]:
    """kubernetes.core's tasks: one for each manifest, and one for the labels of the Service."""
    service = next(one for one in manifests if one["kind"] == "Service")
    name = {"name": service["metadata"]["name"], "namespace": service["metadata"]["namespace"], "labels": _LABELS}
    labelled = {"apiVersion": "v1", "kind": "Service", "metadata": name}
    return [
        {"kubernetes.core.k8s": {"kubeconfig": str(kubeconfig), "definition": one}} for one in [*manifests, labelled]
    ]


def as_manifest(live: dict[str, Any]) -> dict[str, Any]:
    """What somebody would have written to get a live object: it without what the server and its controllers add."""
    meta = {name: value for name, value in live["metadata"].items() if name not in _SERVERS_OWN}
    spec = live.get("spec")
    if live["kind"] == "Service":
        ports = [{name: value for name, value in port.items() if name != "nodePort"} for port in spec["ports"]]
        own = ("clusterIP", "clusterIPs", "healthCheckNodePort")
        spec = {**{name: value for name, value in spec.items() if name not in own}, "ports": ports}
    whole = {name: value for name, value in live.items() if name not in ("metadata", "spec", "status")}
    return {**whole, "metadata": meta, **({} if spec is None else {"spec": spec})}


def _applied(kubeconfig: Path) -> list[dict[str, Any]]:
    """The objects that our role has applied, as manifests."""
    command = ["kubectl", "--kubeconfig", str(kubeconfig), "get", ",".join(_KINDS), "--namespace", "default"]
    command += ["--output", "json", "--selector", "applyset.kubernetes.io/part-of"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return [as_manifest(one) for one in json.loads(done.stdout)["items"]]


def rows(directory: Path, runs: int) -> list[Row]:
    """First and unchanged, of the cluster with its pools and of all resources."""
    sandbox = Sandbox(directory / "sandbox", speed=SPEED, quotas=QUOTAS)
    try:
        address = f"{sandbox.endpoints['container']}v1"
        plays = Plays(sandbox, directory / "plays", [google_at(address, directory / "collections")])
        return _rows(sandbox, plays, runs)
    finally:
        sandbox.stop()


def _rows(sandbox: Sandbox, plays: Plays, runs: int) -> list[Row]:
    variables = {"llmops_cluster": _CLUSTERS[OURS], "gke_cluster_kubeconfig": ""}
    kubeconfigs = {way: sandbox.directory / f"kubeconfig-us-central1-{name}" for way, name in _CLUSTERS.items()}
    clouds = {MODULE: by_module(sandbox), OURS: ours(_ROLES[:2]), PEERS: {"tasks": google(sandbox)}}
    empty = {"tasks": []}
    # Whatever Python compiles, it has compiled after this.
    plays.run(
        {"tasks": [{"llmops.gke.gke_cluster_info": {"project": "p", "location": "l", "name": "n"}, "when": False}]}
    )
    plays.run(empty)
    first = {way: plays.run(play, variables) for way, play in clouds.items()}
    everything = ours(_ROLES)
    firsts = {OURS: plays.run(ours(_ROLES[2:]), variables)}
    manifests = _applied(kubeconfigs[OURS])
    alike = {"tasks": kubernetes(manifests, kubeconfigs[PEERS])}
    firsts[PEERS] = plays.run(alike)
    wholes = {OURS: everything, PEERS: {"tasks": clouds[PEERS]["tasks"] + alike["tasks"]}}

    def unchanged(play: dict[str, Any]) -> Contender:
        return lambda: plays.run(play, variables, unchanged=True)

    contenders = {"empty": unchanged(empty)}
    contenders |= {f"cloud {way}": unchanged(play) for way, play in clouds.items()}
    contenders |= {f"whole {way}": unchanged(play) for way, play in wholes.items()}
    measured = by_turns(contenders, runs)
    nothing = measured["empty"]
    count = len(google(sandbox)) + len(alike["tasks"]) - 1
    names = {"cloud": "a cluster with two node pools", "whole": f"the same, and {count - 3} Kubernetes objects"}
    called = {MODULE: MODULE, OURS: "llmops.gke, two roles", PEERS: PEERS}
    with_core = {OURS: OURS, PEERS: f"{PEERS}, kubernetes.core"}
    return [
        *(Row(names["cloud"], "first", called[way], net(cost, nothing)) for way, cost in first.items()),
        *(
            Row(
                f"{count - 3} Kubernetes objects on it",
                "first",
                with_core[way] if way == OURS else "kubernetes.core",
                net(cost, nothing),
            )
            for way, cost in firsts.items()
        ),
        *(Row(names["cloud"], "unchanged", called[way], net(measured[f"cloud {way}"], nothing)) for way in clouds),
        *(Row(names["whole"], "unchanged", with_core[way], net(measured[f"whole {way}"], nothing)) for way in wholes),
    ]
