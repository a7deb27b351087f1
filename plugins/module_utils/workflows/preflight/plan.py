# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is to be made, as far as it is checked beforehand; read from the options of gcp_preflight."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...core.errors import InvalidOption
from ...google.names import check_location, check_project, region_of

DEFAULT_MACHINE = "e2-medium"
DEFAULT_DISK, DEFAULT_DISK_GB = "pd-balanced", 100
"""GKE's own, where a pool says nothing."""


@dataclass(frozen=True)
class PoolPlan:
    """A node pool. nodes: of all its zones together, at the start, at least and at most.

    gpu: the type of accelerator, or None; gpus: of one node.
    """

    name: str
    zones: tuple[str, ...]
    machine_type: str
    gpu: str | None
    gpus: int
    local_ssds: int
    disk_type: str
    disk_gb: int
    spot: bool
    public_addresses: bool
    start: int
    least: int
    most: int


@dataclass(frozen=True)
class ReplicaPlan:
    """Replicas of the model at least and at most. gpu: the type of accelerator; gpus: of one replica."""

    gpu: str
    gpus: int
    least: int
    most: int


@dataclass(frozen=True)
class Plan:
    """A cluster and its pools. version: asked for, or None. ip_ranges: what each is for -> its CIDR.

    replicas: of the model that will run there, or None where nothing is known of it. permissions: that are needed
    beside those of every deployment.
    """

    project: str
    location: str
    cluster: str
    pools: tuple[PoolPlan, ...]
    network: str
    subnetwork: str
    version: str | None
    ip_ranges: Mapping[str, str]
    replicas: ReplicaPlan | None
    permissions: tuple[str, ...] = ()

    @property
    def region(self) -> str:
        """The region that the cluster is in."""
        return region_of(self.location)


def read_plan(options: Mapping[str, Any]) -> Plan:
    """The plan, or InvalidOption."""
    location = check_location(options["location"])
    return Plan(
        project=check_project(options["project"]),
        location=location,
        cluster=options["cluster"],
        pools=tuple(
            _pool(pool, f"node_pools[{index}]", location) for index, pool in enumerate(options["node_pools"] or [])
        ),
        network=options["network"],
        subnetwork=options["subnetwork"],
        version=options["kubernetes_version"],
        ip_ranges=options["ip_ranges"] or {},
        replicas=_replicas(options["replicas"]),
        permissions=tuple(options["permissions"]),
    )


def _replicas(given: Mapping[str, Any] | None) -> ReplicaPlan | None:
    if not given:
        return None
    least, most = given["min_replicas"], given["max_replicas"]
    if given["gpus"] < 1:
        raise InvalidOption("replicas.gpus", given["gpus"], "a whole number above 0")
    if most < least:
        raise InvalidOption("replicas.max_replicas", most, f"at least min_replicas ({least})")
    return ReplicaPlan(given["accelerator_type"], given["gpus"], least, most)


def _pool(pool: Mapping[str, Any], option: str, location: str) -> PoolPlan:
    config = pool.get("config") or {}
    accelerators = config.get("accelerators") or []
    zones = tuple(pool.get("locations") or ())
    if not zones:
        if location.count("-") < 2:
            raise InvalidOption(f"{option}.locations", pool.get("locations"), "the zones that its nodes are to be in")
        zones = (location,)
    ssds = (config.get("ephemeral_storage_local_ssd_config") or {}).get("local_ssd_count")
    try:
        # Of zones that are tried in order, the pool is in one.
        start, least, most = _sizes(pool, 1 if pool.get("locations_in_order") else len(zones))
        return PoolPlan(
            name=str(pool.get("name")),
            zones=zones,
            machine_type=config.get("machine_type") or DEFAULT_MACHINE,
            gpu=accelerators[0]["accelerator_type"] if accelerators else None,
            gpus=sum(int(one["accelerator_count"]) for one in accelerators),
            local_ssds=int(ssds or 0),
            disk_type=config.get("disk_type") or DEFAULT_DISK,
            disk_gb=int(config.get("disk_size_gb") or DEFAULT_DISK_GB),
            spot=bool(config.get("spot") or config.get("preemptible")),
            public_addresses=not (pool.get("network_config") or {}).get("enable_private_nodes"),
            start=start,
            least=least,
            most=most,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidOption(option, pool.get("name"), f"a pool in the options of gke_node_pool ({error!r})") from error


def _sizes(pool: Mapping[str, Any], zones: int) -> tuple[int, int, int]:
    """Nodes at the start, at least, at most; GKE counts by zone, but for limits that are named total."""
    start = int(pool.get("initial_node_count") or 0) * zones
    limits = pool.get("autoscaling") or {}
    if not limits.get("enabled"):
        return start, start, start
    least = int(limits.get("total_min_node_count") or int(limits.get("min_node_count") or 0) * zones)
    most = int(limits.get("total_max_node_count") or int(limits.get("max_node_count") or 0) * zones)
    return max(start, least), least, max(most, start, least)
