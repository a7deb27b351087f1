# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is read of the project before anything is made, side by side; each read once, and only if a check needs it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ...core.errors import LlmopsError
from ...gke.answers import CLUSTERS, SERVER_CONFIG
from ...google import cloud_quotas, compute, projects
from ...google.accelerators import GPUS
from ...google.apis import GoogleApis
from ...google.storage.buckets import look_at_bucket
from .access import table
from .plan import Plan

AT_ONCE = 8
"""Requests in flight."""

PoolKey = tuple[str, str, str]
"""Location and name of a cluster, and a pool's name."""

Facts = Mapping[str, Any]
"""Name -> what was read, or the LlmopsError that came instead."""


def _clusters(apis: GoogleApis, plan: Plan) -> list[dict[str, Any]]:
    path = f"/v1/projects/{plan.project}/locations/-/clusters"
    doing = f"list the clusters of project {plan.project}"
    return apis.get("GKE", path, doing, CLUSTERS).get("clusters", [])


def _server_config(apis: GoogleApis, plan: Plan) -> dict[str, Any]:
    path = f"/v1/projects/{plan.project}/locations/{plan.location}/serverConfig"
    return apis.get("GKE", path, f"read the versions that GKE offers in {plan.location}", SERVER_CONFIG)


def _network_project(plan: Plan) -> str:
    """The project that the network is in: another one where it is shared (``projects/HOST/global/networks/NAME``)."""
    parts = (plan.network or "").split("/")
    return parts[1] if parts[0] == "projects" and len(parts) > 1 else plan.project


WEIGHTS_BUCKET, DISK_IMAGE = "weights_bucket", "disk_image"
"""What is in the bucket with the weights; the status of the disk image with them, None where there is no such image."""

UNLISTED_LIMITS = "unlisted_limits"
"""Type of GPU and whether on Spot -> the limit by Cloud Quotas, of those that Compute Engine's list may lack; None
where it is not known, or the LlmopsError that came instead. That it cannot be read stands in no deployment's way."""


def _unlisted_limits(apis: GoogleApis, plan: Plan) -> dict[tuple[str, bool], Any]:
    near = {(pool.gpu, pool.spot) for pool in plan.all_pools if pool.gpu in GPUS and pool.region == plan.region}
    return {
        (name, spot): _attempt(_gpu_limit, apis, plan, name, spot)
        for name, spot in sorted(near)
        if not GPUS[name].always_listed
    }


def _gpu_limit(apis: GoogleApis, plan: Plan, name: str, spot: bool) -> float | None:
    return cloud_quotas.gpu_limit(apis, plan.project, plan.region, GPUS[name], spot=spot)


READERS: Mapping[str, Callable[[GoogleApis, Plan], Any]] = {
    "services": lambda apis, plan: projects.service_states(
        apis, plan.project, [api.service for api in table.apis_of(plan)]
    ),
    "permissions": lambda apis, plan: projects.granted_permissions(apis, plan.project, table.permissions_of(plan)),
    "region": lambda apis, plan: compute.read_region(apis, plan.project, plan.region),
    "project": lambda apis, plan: compute.read_project(apis, plan.project),
    "machine_types": lambda apis, plan: compute.machine_types(
        apis, plan.project, {pool.machine_type for pool in plan.all_pools}
    ),
    "accelerator_types": lambda apis, plan: compute.accelerator_types(
        apis, plan.project, {pool.gpu for pool in plan.pools if pool.gpu}
    ),
    "nat_networks": lambda apis, plan: (
        compute.nat_networks(apis, _network_project(plan), plan.region) if plan.private_pools else set()
    ),
    "subnetworks": lambda apis, plan: compute.subnetworks(apis, _network_project(plan)),
    "clusters": _clusters,
    "server_config": _server_config,
    UNLISTED_LIMITS: _unlisted_limits,
    WEIGHTS_BUCKET: lambda apis, plan: (
        look_at_bucket(apis, plan.bucket.name, plan.bucket.path) if plan.bucket else None
    ),
    DISK_IMAGE: lambda apis, plan: compute.disk_image_status(apis, plan.disk_image) if plan.disk_image else None,
}

POOL_SIZES = "pool_sizes"
"""Key of a pool -> nodes it has now; read after the clusters, of the groups that they name."""

PROJECT_QUOTAS = "project_quotas"
"""Metric -> limit and usage, as the project tells them."""

REGION_QUOTAS, REGION_ZONES = "region_quotas", "region_zones"
"""Metric -> limit and usage, as the region tells them; and its zones, none where they could not be read."""

ACCOUNTS = "accounts"
"""Service account of the nodes -> what the caller may do with it, or None where it is not there; read after the
project, which names the default one."""


FIRST = {
    POOL_SIZES: "clusters",
    ACCOUNTS: "project",
    PROJECT_QUOTAS: "project",
    REGION_QUOTAS: "region",
    REGION_ZONES: "region",
}
"""Fact -> the one that is read before it."""


def read_facts(apis: GoogleApis, plan: Plan, wanted: set[str]) -> Facts:
    """Read what is wanted, all of it at once. A refusal stands in its fact's place."""
    names = sorted({*wanted, *(FIRST[name] for name in wanted & FIRST.keys())} & set(READERS))
    with ThreadPoolExecutor(AT_ONCE) as threads:
        facts = dict(zip(names, threads.map(lambda name: _attempt(READERS[name], apis, plan), names), strict=True))
        if POOL_SIZES in wanted:
            groups = _groups(plan, facts["clusters"])
            sizes = list(threads.map(lambda url: _attempt(compute.group_size, apis, url), groups))
            facts[POOL_SIZES] = _added_up(groups, sizes)
        for name, place in ((PROJECT_QUOTAS, "project"), (REGION_QUOTAS, "region")):
            if name in wanted:
                facts[name] = facts[place] if isinstance(facts[place], LlmopsError) else facts[place].quotas
        if REGION_ZONES in wanted:
            facts[REGION_ZONES] = getattr(facts["region"], "zones", ())
        if ACCOUNTS in wanted:
            facts[ACCOUNTS] = _accounts(threads, apis, plan, facts["project"])
    return facts


def existing(plan: Plan, clusters: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The cluster of the plan, where it is there already."""
    for cluster in clusters:
        if (cluster.get("name"), cluster.get("location")) == (plan.cluster, plan.location):
            return cluster
    return None


def _attempt(read: Callable[..., Any], *arguments: Any) -> Any:
    try:
        return read(*arguments)
    except LlmopsError as error:
        return error


def _accounts(threads: ThreadPoolExecutor, apis: GoogleApis, plan: Plan, project: Any) -> Any:
    """See ACCOUNTS; an LlmopsError where one of them could not be read."""
    if isinstance(project, LlmopsError):
        return project
    accounts = list(table.accounts_of(plan, project.default_account))
    read, asked = projects.account_permissions, [table.ACT_AS]
    found = list(threads.map(lambda account: _attempt(read, apis, plan.project, account, asked), accounts))
    failed = next((one for one in found if isinstance(one, LlmopsError)), None)
    return failed or dict(zip(accounts, found, strict=True))


def _groups(plan: Plan, clusters: Any) -> dict[str, PoolKey]:
    """Group of instances -> the pool that it belongs to, of the clusters of all hosts."""
    wanted = {(one.location, one.cluster) for one in (plan, *plan.beside)}
    found = [] if isinstance(clusters, LlmopsError) else clusters
    return {
        url: (*place, pool["name"])
        for cluster in found
        if (place := (cluster.get("location", ""), cluster.get("name", ""))) in wanted
        for pool in cluster.get("nodePools", [])
        for url in pool.get("instanceGroupUrls", [])
    }


def _added_up(groups: dict[str, PoolKey], sizes: list[Any]) -> dict[PoolKey, int] | LlmopsError:
    total: dict[PoolKey, int] = dict.fromkeys(groups.values(), 0)
    for pool, size in zip(groups.values(), sizes, strict=True):
        if isinstance(size, LlmopsError):
            return size
        total[pool] += size
    return total
