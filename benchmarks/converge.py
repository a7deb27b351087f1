# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The same resources by our roles and by google.cloud and kubernetes.core, task by task: first, and unchanged.

Each has a cluster of its own on one sandbox. What the roles have applied is what kubernetes.core is given to apply.
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

OURS, PEERS = "llmops.gke", "google.cloud"
_CLUSTERS = {OURS: "ours", PEERS: "peers"}
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


def ours(roles: list[str]) -> dict[str, Any]:
    """A play of our roles, as a user writes it."""
    defaults = {f"group/llmops.gke.{group}": "{{ llmops_google_auth }}" for group in ("gcp", "k8s", "llm")}
    return {"module_defaults": defaults, "roles": [f"llmops.gke.{role}" for role in roles]}


def google(sandbox: Sandbox) -> list[dict[str, Any]]:
    """google.cloud's tasks for a cluster and the two node pools of our roles."""
    access = {
        "project": sandbox.endpoints["project"],
        "auth_kind": "serviceaccount",
        "service_account_file": sandbox.endpoints["service_account_file"],
        "location": "us-central1",
    }
    cluster = {
        "name": _CLUSTERS[PEERS],
        "initial_node_count": 1,
        "node_config": {"machine_type": "n1-standard-4"},
        "locations": ["us-central1-a"],
        "release_channel": {"channel": "REGULAR"},
        "shielded_nodes": {"enabled": True},
    }
    pools = [
        {"name": "system-pool", "initial_node_count": 3, "config": {"machine_type": "n1-standard-4"}},
        {
            "name": "mistral-gpu-pool",
            "initial_node_count": 1,
            "config": {
                "machine_type": "g2-standard-12",
                "accelerators": [{"accelerator_count": 1, "accelerator_type": "nvidia-l4"}],
                "labels": {"accelerator": "nvidia-gpu"},
            },
        },
    ]
    limits = [(1, 5), (1, 2)]
    return [
        {"google.cloud.gcp_container_cluster": {**access, **cluster}},
        *(
            {
                "google.cloud.gcp_container_node_pool": {
                    **access,
                    **pool,
                    "cluster": {"name": cluster["name"]},
                    "autoscaling": {"enabled": True, "min_node_count": least, "max_node_count": most},
                    "management": {"auto_repair": True, "auto_upgrade": True},
                }
            }
            for pool, (least, most) in zip(pools, limits, strict=True)
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
    clouds = {OURS: ours(_ROLES[:2]), PEERS: {"tasks": google(sandbox)}}
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
    with_core = {OURS: OURS, PEERS: f"{PEERS}, kubernetes.core"}
    return [
        *(Row(names["cloud"], "first", way, net(cost, nothing)) for way, cost in first.items()),
        *(
            Row(
                f"{count - 3} Kubernetes objects on it",
                "first",
                with_core[way] if way == OURS else "kubernetes.core",
                net(cost, nothing),
            )
            for way, cost in firsts.items()
        ),
        *(Row(names["cloud"], "unchanged", way, net(measured[f"cloud {way}"], nothing)) for way in clouds),
        *(Row(names["whole"], "unchanged", with_core[way], net(measured[f"whole {way}"], nothing)) for way in wholes),
    ]
