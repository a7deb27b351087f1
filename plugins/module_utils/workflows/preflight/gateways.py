# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a Gateway needs of the cluster and its network, beside what the roles make. Pure.

Sources: GKE's "Deploying Gateways" (requirements), "Proxy-only subnets", and "Deploy GKE Inference Gateway".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from .facts import Facts, existing
from .findings import Finding
from .plan import Plan

CHECK = "gateway"
POOL_SINCE = "1.34.0-gke.1626000"
"""GKE brings InferencePool in version v1 from this release on."""

REGIONAL_CLASSES = re.compile(r"gke-l7-(rilb|regional-external-managed)(-mc)?")
"""Classes whose proxies are in a subnetwork of the region that is for them alone."""

_PROXY_ONLY = ("REGIONAL_MANAGED_PROXY", "INTERNAL_HTTPS_LOAD_BALANCER")
_VERSION = re.compile(r"(\d+)\.(\d+)(?:\.(\d+))?(?:-gke\.(\d+))?")


def check_gateways(plan: Plan, facts: Facts) -> Iterator[Finding]:
    """A regional class without its proxy-only subnetwork, a cluster without load balancing by HTTP, and one that is too
    old for an InferencePool. Of a plan without a Gateway: nothing."""
    if not plan.gateway_class:
        return
    cluster = existing(plan, facts["clusters"])
    yield from _proxies(plan, facts["subnetworks"], cluster)
    if ((cluster or {}).get("addonsConfig") or {}).get("httpLoadBalancing", {}).get("disabled"):
        message = f"cluster {plan.cluster} has its add-on HttpLoadBalancing switched off, which sets up Gateways"
        fix = "gcloud container clusters update {} --location {} --project {} --update-addons HttpLoadBalancing=ENABLED"
        yield Finding(CHECK, message, fix.format(plan.cluster, plan.location, plan.project), variable="llmops_exposure")
    if plan.inference_pool:
        yield from _release(plan, facts["server_config"], cluster)


def _proxies(plan: Plan, subnetworks: list[dict[str, Any]], cluster: dict[str, Any] | None) -> Iterator[Finding]:
    network = str((cluster or {}).get("network") or plan.network or "").rpartition("/")[2]
    if not network or not REGIONAL_CLASSES.fullmatch(plan.gateway_class):
        return
    if not any(
        one.get("purpose") in _PROXY_ONLY
        and one["network"].rpartition("/")[2] == network
        and one["region"].rpartition("/")[2] == plan.region
        for one in subnetworks
    ):
        yield Finding(
            CHECK,
            f"a Gateway of class {plan.gateway_class} needs a proxy-only subnetwork, and network {network} has none in "
            f"{plan.region}",
            f"gcloud compute networks subnets create proxy-only --purpose REGIONAL_MANAGED_PROXY --role ACTIVE "
            f"--network {network} --region {plan.region} --project {plan.project} --range 10.129.0.0/23 (one that is "
            "free), or take another class (model_server_gateway_class)",
            variable="model_server_gateway_class",
        )


def _release(plan: Plan, server_config: dict[str, Any], cluster: dict[str, Any] | None) -> Iterator[Finding]:
    if cluster is not None:
        has, fix = str(cluster.get("currentMasterVersion", "")), "upgrade the cluster"
    else:
        asked = [one for one in server_config.get("validMasterVersions", []) if one.startswith(plan.version or "1.")]
        # Of a version's beginning GKE takes the newest patch.
        has = max(asked, key=_parts) if plan.version and asked else str(server_config.get("defaultClusterVersion", ""))
        fix = f"set {plan.names.of('initial_cluster_version')} to {POOL_SINCE} or newer"
    if has and _parts(has) < _parts(POOL_SINCE):
        message = f"an InferencePool needs GKE {POOL_SINCE}, and cluster {plan.cluster} has {has}"
        variable = "model_server_gateway_inference_pool"
        yield Finding(CHECK, message, f"{fix}, or set {variable} to false", variable=variable)


def _parts(version: str) -> tuple[int, ...]:
    found = _VERSION.match(version)
    return tuple(int(part or 0) for part in found.groups()) if found else (0,)
