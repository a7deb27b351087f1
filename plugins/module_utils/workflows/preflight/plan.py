# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is to be made in Google's cloud, as far as it is checked beforehand; read from hosts' deployments. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ansible.module_utils.parsing.convert_bool import boolean

from ...core.errors import InvalidOption
from ...core.option_names import OptionNames
from ...google.names import check_location, check_project, region_of
from .deployment import BucketPlan, Deployment, UnreadablePool

DEFAULT_MACHINE = "e2-medium"
DEFAULT_DISK, DEFAULT_DISK_GB = "pd-balanced", 100
DEFAULT_NETWORK = "default"
"""GKE's own, where a definition says nothing."""

HUB = "https://huggingface.co"

_ANY_VERSION = ("", "-", "latest")


@dataclass(frozen=True)
class PoolPlan:
    """A node pool. start, least, most: nodes of all its zones together, at the start, at least and at most.

    gpu: the type of accelerator, or None; gpus: of one node. names: what its options are called in the inventory.
    hosts: whose plan has it. service_account: that the nodes run as, empty for the project's default one.
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
    names: OptionNames = field(default_factory=OptionNames, compare=False)
    location: str = ""
    cluster: str = ""
    hosts: tuple[str, ...] = ()
    service_account: str = ""
    image_streaming: bool = False

    @property
    def key(self) -> tuple[str, str, str]:
        """What tells it from other pools of the project."""
        return self.location, self.cluster, self.name

    @property
    def region(self) -> str:
        """The region that its cluster is in."""
        return region_of(self.location)


@dataclass(frozen=True)
class ReplicaPlan:
    """Replicas of the model at least and at most. gpu: the type of accelerator; gpus: of one replica.

    names: what ``replicas.least`` and ``replicas.most`` are called in the inventory. host: whose they are.
    """

    gpu: str
    gpus: int
    least: int
    most: int
    names: OptionNames = field(default_factory=OptionNames, compare=False)
    host: str = ""


@dataclass(frozen=True)
class Plan:
    """A host's cluster and pools.

    network, subnetwork: None where the cluster is somebody else's. version: asked for, or None. ip_ranges: what each is
    for -> its CIDR. replicas: of the model that will run there, or None where nothing is known of it. permissions: that
    are needed beside those of every deployment. names: what the cluster's options are called in the inventory. beside:
    the plans of the run's other hosts in the same project. daemon_set: whether a DaemonSet exports GPU metrics.
    metrics_adapter: whether an autoscaler's adapter is installed. hub_mirror: whether pods load from a mirror of
    the Hub, or ask none. endpoint: by which the control plane is reached. bucket: with the weights, or None.
    disk_image: with the weights, by its path in Compute Engine, or empty. gateway_class: of the model's Gateway, or
    empty. inference_pool: whether that leads to an InferencePool.
    """

    host: str
    project: str
    location: str
    cluster: str
    pools: tuple[PoolPlan, ...]
    network: str | None = None
    subnetwork: str | None = None
    version: str | None = None
    ip_ranges: Mapping[str, str] = field(default_factory=dict)
    replicas: ReplicaPlan | None = None
    permissions: tuple[str, ...] = ()
    names: OptionNames = field(default_factory=OptionNames, compare=False)
    beside: tuple[Plan, ...] = ()
    daemon_set: bool = False
    metrics_adapter: bool = False
    hub_mirror: bool = False
    endpoint: str = ""
    gateway_class: str = ""
    inference_pool: bool = False
    bucket: BucketPlan | None = None
    disk_image: str = ""

    @property
    def makes_cluster(self) -> bool:
        """Whether a role of the play makes the cluster."""
        return self.network is not None

    @property
    def region(self) -> str:
        """The region that the cluster is in."""
        return region_of(self.location)

    @property
    def private_pools(self) -> list[PoolPlan]:
        """This host's pools whose nodes have no public addresses."""
        return [pool for pool in self.pools if not pool.public_addresses]

    @property
    def all_pools(self) -> list[PoolPlan]:
        """The pools of all hosts in the project. One that several hosts have is there once, as large as any has it."""
        pools: dict[tuple[str, str, str], PoolPlan] = {}
        for pool in (pool for plan in (self, *self.beside) for pool in plan.pools):
            known = pools.get(pool.key, pool)
            larger = max(known, pool, key=lambda one: (one.start, one.most))
            pools[pool.key] = replace(larger, hosts=tuple(dict.fromkeys((*known.hosts, *pool.hosts))))
        return list(pools.values())

    @property
    def all_replicas(self) -> list[ReplicaPlan]:
        """This host's replicas, and those of other hosts in the region on the same type of GPU."""
        near = [plan.replicas for plan in self.beside if plan.region == self.region and plan.replicas]
        return [self.replicas, *(one for one in near if one.gpu == self.replicas.gpu)] if self.replicas else []

    def other_hosts(self, hosts: Iterable[str]) -> list[str]:
        """The hosts, where one of them is not this plan's own; a message about this host alone names none. In the same
        order for each of them, so that Ansible shows a warning of all of them once."""
        found = sorted(set(hosts))
        return found if set(found) - {self.host} else []


def read_plan(deployment: Deployment, others: Iterable[Deployment] = ()) -> Plan:
    """The plan of a host, with the plans of those others that are in the same project, or InvalidOption."""
    own = _plan_of(deployment)
    near = [other for other in others if other.options.get("llmops_project") == own.project]
    return replace(own, beside=tuple(plan for other in near if (plan := _readable(other))))


def read_pools(deployment: Deployment) -> tuple[PoolPlan, ...]:
    """The node pools that the roles of a host make, or InvalidOption."""
    return tuple(
        _pool(pool, deployment, role)
        for role, plan in deployment.plans.items()
        for pool in plan.get("node_pools") or ()
        if pool.get("state", "present") == "present"
    )


def _readable(deployment: Deployment) -> Plan | None:
    """The plan of another host; None where it is wrong, which is told to that host."""
    try:
        return _plan_of(deployment)
    except (InvalidOption, KeyError, TypeError, ValueError):
        return None


def _plan_of(deployment: Deployment) -> Plan:
    project, location, cluster = deployment.place
    role, definition = next(
        ((role, plan["cluster"]) for role, plan in deployment.plans.items() if plan.get("cluster")), ("", {})
    )
    version = str(definition.get("initial_cluster_version") or "")
    permissions = [name for plan in deployment.plans.values() for name in plan.get("permissions") or ()]
    return Plan(
        host=deployment.host,
        project=check_project(project),
        location=check_location(location),
        cluster=cluster,
        pools=read_pools(deployment),
        network=(definition.get("network") or DEFAULT_NETWORK) if definition else None,
        subnetwork=(definition.get("subnetwork") or DEFAULT_NETWORK) if definition else None,
        version=None if version in _ANY_VERSION else version,
        ip_ranges=deployment.options.get("preflight_ip_ranges") or {},
        replicas=read_replicas(deployment),
        permissions=tuple(dict.fromkeys([*permissions, *(deployment.options.get("preflight_permissions") or ())])),
        names=deployment.names_of(role),
        daemon_set="dcgm_exporter" in deployment.roles and deployment.options.get("llmops_gpu_metrics") == "daemonset",
        metrics_adapter=any((plan.get("metrics_adapter") or "none") != "none" for plan in deployment.plans.values()),
        hub_mirror=not deployment.asks_hub or (deployment.options.get("llmops_hf_endpoint") or HUB).rstrip("/") != HUB,
        endpoint=deployment.options.get("llmops_cluster_endpoint") or "",
        gateway_class=_gateway_class(deployment),
        inference_pool=any(_is(plan.get("inference_pool")) for plan in deployment.plans.values()),
        bucket=deployment.bucket,
        disk_image=deployment.disk_image,
    )


def _gateway_class(deployment: Deployment) -> str:
    exposed = deployment.options.get("llmops_exposure") == "gateway" and deployment.model
    return str(deployment.options.get("model_server_gateway_class") or "") if exposed else ""


def read_replicas(deployment: Deployment) -> ReplicaPlan | None:
    """The replicas that the model's role plans, or None where there is no such role."""
    counts = deployment.model.get("replicas")
    if not counts:
        return None
    least, most = int(counts["least"]), int(counts["most"])
    return ReplicaPlan(
        gpu=str(deployment.options["llmops_accelerator_type"]),
        gpus=max(int(deployment.options["llmops_gpus_per_replica"]), 1),
        least=least,
        most=max(least, most),
        names=deployment.model_names,
        host=deployment.host,
    )


def _pool(pool: Mapping[str, Any], deployment: Deployment, role: str) -> PoolPlan:
    names = deployment.pool_names_of(role)
    _project, location, cluster = deployment.place
    config = pool.get("config") or {}
    accelerators = config.get("accelerators") or []
    zones = tuple(pool.get("locations") or ())
    if not zones:
        if str(location).count("-") < 2:
            raise UnreadablePool(names.of("locations"), pool.get("locations"), "the zones that its nodes are to be in")
        zones = (location,)
    if list(zones) == deployment.options.get("llmops_zones"):
        # A role has them from there unless somebody says otherwise.
        names = names.extended(OptionNames({"locations": "llmops_zones"}))
    ssds = (config.get("ephemeral_storage_local_ssd_config") or {}).get("local_ssd_count")
    try:
        # Of zones that are tried in order, the pool is in one.
        start, least, most = _sizes(pool, 1 if _is(pool.get("locations_in_order")) else len(zones))
        return PoolPlan(
            name=str(pool.get("name")),
            zones=zones,
            machine_type=config.get("machine_type") or DEFAULT_MACHINE,
            gpu=accelerators[0]["accelerator_type"] if accelerators else None,
            gpus=sum(int(one["accelerator_count"]) for one in accelerators),
            local_ssds=int(ssds or 0),
            disk_type=config.get("disk_type") or DEFAULT_DISK,
            disk_gb=int(config.get("disk_size_gb") or DEFAULT_DISK_GB),
            spot=_is(config.get("spot")) or _is(config.get("preemptible")),
            public_addresses=not _are_private(pool, deployment),
            start=start,
            least=least,
            most=most,
            names=names,
            location=str(location),
            cluster=str(cluster),
            hosts=(deployment.host,),
            service_account=config.get("service_account") or "",
            image_streaming=_is((config.get("gcfs_config") or {}).get("enabled")),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        accepted = f"node pools in the options of llmops.gke.gke_node_pool ({error!r})"
        raise UnreadablePool(f"the node pools of role {role}", pool.get("name"), accepted) from error


def _sizes(pool: Mapping[str, Any], zones: int) -> tuple[int, int, int]:
    """Nodes at the start, at least, at most; GKE counts by zone, but for limits that are named total."""
    start = int(pool.get("initial_node_count") or 0) * zones
    limits = pool.get("autoscaling") or {}
    if not _is(limits.get("enabled")):
        return start, start, start
    least = int(limits.get("total_min_node_count") or int(limits.get("min_node_count") or 0) * zones)
    most = int(limits.get("total_max_node_count") or int(limits.get("max_node_count") or 0) * zones)
    return max(start, least), least, max(most, start, least)


def _are_private(pool: Mapping[str, Any], deployment: Deployment) -> bool:
    """Whether a pool's nodes have no public addresses: by its own setting, else by its cluster's."""
    own = (pool.get("network_config") or {}).get("enable_private_nodes")
    clusters = [plan["cluster"] for plan in deployment.plans.values() if plan.get("cluster")]
    others = [(cluster.get("network_config") or {}).get("default_enable_private_nodes") for cluster in clusters]
    return _is(next((value for value in (own, *others) if value is not None), None))


def _is(value: Any) -> bool:
    """Whether a switch is on; ``-e`` gives texts. Raises TypeError where it is no boolean."""
    return value is not None and boolean(value)
