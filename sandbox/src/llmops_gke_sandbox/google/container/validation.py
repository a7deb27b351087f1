# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What GKE refuses in a cluster or pool though its form is right."""

from __future__ import annotations

import ipaddress
import re

from llmops_gke_sandbox.google import places
from llmops_gke_sandbox.google.container.defaulting import asked_pools, known_version, resolved_version
from llmops_gke_sandbox.google.errors import GoogleError, request_info, unimplemented
from llmops_gke_sandbox.google.quotas import local_ssds

_NAME = re.compile(r"(?:[a-z](?:[-a-z0-9]{0,38}[a-z0-9])?)")
_LABEL_KEY = re.compile(r"[a-z][-_a-z0-9]{0,62}")
_LABEL_VALUE = re.compile(r"[-_a-z0-9]{0,63}")


def refuse(message: str) -> GoogleError:
    """Return GKE's error for an argument that it does not take."""
    return GoogleError("INVALID_ARGUMENT", message, [request_info()])


def check_location(location: str) -> None:
    """Refuse a location that is neither a region nor a zone."""
    if not places.zones_of(location):
        raise refuse(f'Location "{location}" does not exist.')


def check_cluster(asked: dict, location: str, project: str) -> None:
    """Refuse a create request's Cluster that GKE would not take.

    :raises GoogleError: INVALID_ARGUMENT; UNIMPLEMENTED for what the sandbox does not play.
    """
    check_location(location)
    _check_name("cluster.name", asked.get("name", ""))
    if asked.get("autopilot", {}).get("enabled"):
        raise unimplemented("Autopilot clusters (cluster.autopilot.enabled)")
    if asked.get("nodePools") and ("nodeConfig" in asked or asked.get("initialNodeCount")):
        raise refuse("Only one of cluster.node_pools and cluster.initial_node_count or cluster.node_config may be set.")
    pools = asked_pools(asked)
    if not asked.get("nodePools") and not asked.get("initialNodeCount"):
        raise refuse("Cluster.initial_node_count must be greater than zero.")
    check_zones("cluster.locations", asked.get("locations", []), location)
    check_workload_pool(asked.get("workloadIdentityConfig", {}), project)
    check_labels(asked.get("resourceLabels", {}))
    _check_version(asked.get("initialClusterVersion"))
    for field in ("clusterIpv4CidrBlock", "servicesIpv4CidrBlock"):
        _check_range(f"ip_allocation_policy.{field}", asked.get("ipAllocationPolicy", {}).get(field, ""))
    names = [pool.get("name", "") for pool in pools]
    if len(set(names)) < len(names):
        raise refuse("Node pool names must be unique within a cluster.")
    for index, pool in enumerate(pools):
        zones = pool.get("locations") or asked.get("locations") or list(places.zones_of(location)[:3])
        check_pool(pool, f"cluster.node_pools[{index}]", location, zones)


def check_pool(asked: dict, field: str, location: str, zones: list[str]) -> None:
    """Refuse a NodePool that GKE would not take.

    :param field: where it stands in the request.
    :param zones: the zones it will have nodes in.
    """
    _check_name(f"{field}.name", asked.get("name", ""))
    if asked.get("initialNodeCount", 0) < 0:
        raise refuse(f"{field}.initial_node_count must not be negative.")
    check_zones(f"{field}.locations", asked.get("locations", []), location)
    check_autoscaling(asked.get("autoscaling", {}), f"{field}.autoscaling")
    check_node_config(asked.get("config", {}), f"{field}.config", zones)
    upgrade = asked.get("upgradeSettings", {})
    _check_strategy(upgrade)
    surge = "maxSurge" in upgrade and upgrade.get("strategy", "SURGE") == "SURGE"
    if surge and not upgrade["maxSurge"] and not upgrade.get("maxUnavailable"):
        raise refuse("At least one of max_surge and max_unavailable must be greater than 0.")


def _check_strategy(upgrade: dict) -> None:
    """Refuse settings of another strategy than the pool has."""
    strategy = upgrade.get("strategy", "SURGE")
    for other, names in {"SURGE": ("maxSurge", "maxUnavailable"), "BLUE_GREEN": ("blueGreenSettings",)}.items():
        if strategy != other and any(upgrade.get(name) for name in names):
            raise refuse(f"upgrade_settings: {', '.join(names)} can only be set with strategy {other}, not {strategy}.")


def check_autoscaling(autoscaling: dict, field: str) -> None:
    """Refuse limits that contradict each other."""
    if not autoscaling.get("enabled"):
        return
    for low, high in (("minNodeCount", "maxNodeCount"), ("totalMinNodeCount", "totalMaxNodeCount")):
        least, most = autoscaling.get(low, 0), autoscaling.get(high)
        if most is not None and least > most:
            raise refuse(f"{field}: the minimum number of nodes ({least}) must not exceed the maximum ({most}).")
    if not autoscaling.get("maxNodeCount") and not autoscaling.get("totalMaxNodeCount"):
        raise refuse(f"{field}: the maximum number of nodes must be greater than zero when autoscaling is enabled.")


def check_node_config(config: dict, field: str, zones: list[str]) -> None:
    """Refuse a machine, GPU or disk that the zones or the machine do not offer."""
    name = config.get("machineType", "e2-medium")
    machine = places.machines().get(name)
    for zone in zones:
        if machine is None or machine not in places.machines_in(zone):
            raise refuse(f"Machine type with name '{name}' does not exist in zone '{zone}'.")
    for index, gpu in enumerate(config.get("accelerators", [])):
        _check_gpu(gpu, f"{field}.accelerators[{index}]", machine, zones)
    ssds = local_ssds(config)
    if ssds and ssds not in machine.local_ssds:
        allowed = ", ".join(map(str, machine.local_ssds)) or "none"
        raise refuse(f"Number of local SSDs for machine type {name} must be one of: {allowed}; requested: {ssds}.")
    if config.get("diskSizeGb", 100) < 10:
        raise refuse(f"{field}.disk_size_gb must be at least 10.")


def check_zones(field: str, zones: list[str], location: str) -> None:
    """Refuse node locations that are no zones of the cluster's region."""
    region = places.region_of(location)
    for zone in zones:
        if zone not in places.zones_of(region):
            raise refuse(f'{field}: "{zone}" is not a zone of region {region}.')


def check_workload_pool(config: dict, project: str) -> None:
    """Refuse a workload pool of another form or project."""
    pool, only = config.get("workloadPool"), f"{project}.svc.id.goog"
    if pool and pool != only:
        raise refuse(f'Currently, the only supported workload identity pool is "{only}"; got "{pool}".')


def check_labels(labels: dict[str, str]) -> None:
    """Refuse resource labels that Google's resources can't carry."""
    for key, value in labels.items():
        if not _LABEL_KEY.fullmatch(key) or not _LABEL_VALUE.fullmatch(value):
            raise refuse(
                f'Invalid resource label "{key}={value}": keys start with a lowercase letter; keys and values hold '
                "lowercase letters, digits, - and _, 63 at most."
            )


def _check_name(field: str, name: str) -> None:
    if not _NAME.fullmatch(name):
        raise refuse(
            f'Invalid value for field "{field}": "{name}". Names must start with a lowercase letter, be followed by '
            "up to 39 lowercase letters, numbers, or hyphens, and cannot end with a hyphen."
        )


def _check_version(version: str | None) -> None:
    if not known_version(resolved_version(version)):
        raise refuse(f'Master version "{version}" is unsupported.')


def _check_range(field: str, block: str) -> None:
    if not block or re.fullmatch(r"/\d{1,2}", block):
        return
    try:
        ipaddress.ip_network(block)
    except ValueError:
        raise refuse(f'Invalid CIDR range for {field}: "{block}".') from None


def _check_gpu(gpu: dict, field: str, machine: places.Machine, zones: list[str]) -> None:
    name, count = gpu.get("acceleratorType", "").rpartition("/")[2], int(gpu.get("acceleratorCount", 0))
    known = places.accelerators().get(name)
    for zone in zones:
        if known is None or zone not in known.zones:
            raise refuse(f'Accelerator type "{name}" does not exist in zone {zone}.')
    if machine.gpu == name and count != machine.gpus:
        raise refuse(
            f"Machine type {machine.name} has {machine.gpus} {name}; {field}.accelerator_count asks for {count}."
        )
    if machine.gpu != name and name not in machine.attachable:
        raise refuse(f"Accelerator type {name} can't be attached to machine type {machine.name}.")
    if not 1 <= count <= known.per_instance:
        raise refuse(f"{field}.accelerator_count must be between 1 and {known.per_instance}.")
