# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""From what was asked for to what GKE shows: defaults, computed fields, and the API's way to leave things out."""

from __future__ import annotations

import base64
import copy
from functools import cache

from llmops_gke_sandbox.google import places
from llmops_gke_sandbox.google.container.answers import mirrored, reordered, rewritten
from llmops_gke_sandbox.google.container.state import Cluster, Pool, Store, fingerprint
from llmops_gke_sandbox.google.discovery import container_v1


@cache
def defaults() -> dict:
    """Return the table of defaults."""
    return places.table("defaults")


def merged(base: dict, over: dict) -> dict:
    """Return base with over's values laid on it, map by map; neither is changed."""
    result = copy.deepcopy(base)
    for key, value in over.items():
        if isinstance(value, dict) and isinstance(result.get(key), dict):
            result[key] = merged(result[key], value)
        else:
            result[key] = copy.deepcopy(value)
    return result


def new_cluster(asked: dict, location: str, project: str) -> dict:
    """Return the stored Cluster, without pools, for a create request's."""
    known = {
        name: value for name, value in asked.items() if name not in ("nodePools", "initialNodeCount", "nodeConfig")
    }
    body = merged(defaults()["cluster"], known)
    version = asked.get("initialClusterVersion")
    body["currentMasterVersion"] = body["initialClusterVersion"] = resolved_version(version)
    body.setdefault("locations", list(places.zones_of(location)[:3]))
    region = places.region_of(location)
    network = body["networkConfig"]
    network.setdefault("network", f"projects/{project}/global/networks/{body['network'].rpartition('/')[2]}")
    network.setdefault(
        "subnetwork", f"projects/{project}/regions/{region}/subnetworks/{body['subnetwork'].rpartition('/')[2]}"
    )
    body["servicesIpv4Cidr"] = body["ipAllocationPolicy"]["servicesIpv4CidrBlock"]
    if authorized := body.pop("masterAuthorizedNetworksConfig", None):
        body["controlPlaneEndpointsConfig"]["ipEndpointsConfig"]["authorizedNetworksConfig"] = authorized
    return body


def asked_pools(asked: dict) -> list[dict]:
    """Return the pools of a create request; the older form, a count and a nodeConfig, is one default-pool."""
    if asked.get("nodePools"):
        return asked["nodePools"]
    pool = {"name": "default-pool", "initialNodeCount": asked.get("initialNodeCount", 0)}
    return [pool | ({"config": asked["nodeConfig"]} if "nodeConfig" in asked else {})]


def new_pool(asked: dict, cluster: dict, *, alone: bool) -> dict:
    """Return the stored NodePool for a request's.

    :param cluster: the stored Cluster.
    :param alone: whether it will be the cluster's only pool: GKE taints GPU nodes where others can take the rest.
    """
    body = merged(defaults()["pool"], asked)
    if body["upgradeSettings"]["strategy"] != "SURGE":
        body["upgradeSettings"].pop("maxSurge", None)
    body.setdefault("locations", list(cluster["locations"]))
    body.setdefault("initialNodeCount", 0)
    body.setdefault("version", cluster["currentMasterVersion"])
    config = body["config"]
    if cluster.get("workloadIdentityConfig", {}).get("workloadPool"):
        config.setdefault("workloadMetadataConfig", {"mode": "GKE_METADATA"})
    fast = cluster["nodePoolDefaults"].get("nodeConfigDefaults", {}).get("gcfsConfig")
    if fast:
        config.setdefault("gcfsConfig", dict(fast))
    if config.get("spot"):
        config["resourceLabels"]["goog-gke-node-pool-provisioning-model"] = "spot"
    machine = places.machines()[config["machineType"]]
    if machine.gpu and not config.get("accelerators"):
        config["accelerators"] = [{"acceleratorCount": str(machine.gpus), "acceleratorType": machine.gpu}]
    if config.get("accelerators"):
        config["resourceLabels"].setdefault("goog-gke-accelerator-type", config["accelerators"][0]["acceleratorType"])
        taints = config.setdefault("taints", [])
        if not alone and not any(taint.get("key") == "nvidia.com/gpu" for taint in taints):
            taints.append({"key": "nvidia.com/gpu", "value": "present", "effect": "NO_SCHEDULE"})
    if "autoscaling" in body and body["autoscaling"].get("enabled"):
        body["autoscaling"].setdefault("locationPolicy", "ANY" if config.get("spot") else "BALANCED")
    return body


def resolved_version(asked: str | None) -> str:
    """Return the full version that an alias (latest, -, 1.36) stands for."""
    known = [defaults()["version"], *defaults()["other_versions"]]
    if asked in (None, "", "-", "latest"):
        return known[0]
    return next((version for version in known if version == asked or version.startswith(f"{asked}.")), asked)


def known_version(version: str) -> bool:
    """Return whether a full version is one that the sandbox offers."""
    return version in (defaults()["version"], *defaults()["other_versions"])


class Shown:
    """Turns records into what the API answers.

    :param base: URL under which the GKE API is served.
    :param compute: URL under which Compute is served.
    """

    def __init__(self, store: Store, base: str, compute: str) -> None:
        self._store, self._base, self._compute = store, base, compute

    def cluster(self, cluster: Cluster) -> dict:
        """Return a Cluster with its pools."""
        body = copy.deepcopy(cluster.body)
        pools = [self._pool_body(cluster, pool) for pool in cluster.pools.values()]
        body |= {
            "location": cluster.location,
            "zone": cluster.location,
            "selfLink": f"{self._base}/{self._store.path(cluster.location, cluster.name)}",
            "labelFingerprint": fingerprint(body.get("resourceLabels", {})),
            "nodePools": pools,
            "currentNodeCount": sum(len(pool.nodes) for pool in cluster.pools.values()),
            "instanceGroupUrls": [url for pool in pools for url in pool["instanceGroupUrls"]],
        }
        if cluster.backend is not None and "endpoint" in body:
            authority = base64.b64encode(cluster.backend.ca_certificate).decode()
            body["masterAuth"] = {"clusterCaCertificate": authority, "clientCertificateConfig": {}}
        body["autopilot"] = {}
        shown = _as_answered("Cluster", mirrored(rewritten(body)))
        return shown | {"etag": fingerprint(shown)}

    def pool(self, cluster: Cluster, pool: Pool) -> dict:
        """Return a NodePool."""
        return _as_answered("NodePool", self._pool_body(cluster, pool))

    def _pool_body(self, cluster: Cluster, pool: Pool) -> dict:
        body = copy.deepcopy(pool.body)
        body["selfLink"] = f"{self._base}/{self._store.path(cluster.location, cluster.name, pool.name)}"
        body["instanceGroupUrls"] = [
            f"{self._compute}/projects/{self._store.project}/zones/{zone}/instanceGroupManagers/"
            f"{_group(cluster, pool, zone)}"
            for zone in pool.body["locations"]
        ]
        body["etag"] = fingerprint(pool.body)
        return body


def _as_answered(schema: str, body: dict) -> dict:
    return container_v1().shown(schema, reordered(body), frozenset(defaults()["shown_when_false"]))


def group_actions(store: Store) -> dict[tuple[str, str], dict[str, int]]:
    """Return (zone, name of a group of instances) -> its ``currentActions``: what runs, what is not to be had yet."""
    return {
        (zone, _group(cluster, pool, zone)): {"none": len(pool.nodes_in(zone)), "creating": _lacking(pool, zone)}
        for cluster in store.all()
        for pool in cluster.pools.values()
        for zone in pool.body["locations"]
    }


def _lacking(pool: Pool, zone: str) -> int:
    """Return the nodes that a pool was to have in a zone and could not get."""
    if pool.body["status"] not in ("ERROR", "RUNNING_WITH_ERROR"):
        return 0
    return max(pool.body["initialNodeCount"] - len(pool.nodes_in(zone)), 0)


def _group(cluster: Cluster, pool: Pool, zone: str) -> str:
    return f"{group_name(cluster, pool, zone)}-grp"


def group_name(cluster: Cluster, pool: Pool, zone: str) -> str:
    """Return the common start of a pool's node names in a zone, as GKE builds it."""
    mark = fingerprint([cluster.location, cluster.name, pool.name, zone])
    return f"gke-{cluster.name[:18]}-{pool.name[:18]}-{mark}".replace("--", "-")
