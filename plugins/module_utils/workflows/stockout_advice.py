# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What to do where nodes could not be had, found out from Compute Engine once GKE has said so."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from ..core.deadline import Deadline
from ..core.errors import LlmopsError, OperationFailed
from ..core.result import Progress, Result
from ..google.apis import GoogleApis
from ..google.compute import accelerator_types, machine_types, project_quotas, region_quotas
from ..google.names import region_of

Run = Callable[[dict[str, Any], bool, Progress], Result]

_PATIENCE = 15.0
"""Seconds in which the advice must be found: it may not hold up the failure that it is for."""

_QUOTA = re.compile(r"\b(?i:quota):? ['\"]?([A-Z][A-Z0-9_]+)")
_ZONE = re.compile(r"/zones/([a-z0-9-]+)")


def advised(run: Run) -> Run:
    """The engine of gke_cluster or gke_node_pool, whose failures also say what Compute Engine knows of their reason.

    Of a stockout: the other zones of the region that offer the machine type and its GPUs (``other_zones``). Of a
    quota: its limit and use (``quota``). Where that cannot be read, the failure stays as it is.
    """

    def advising(options: dict[str, Any], check: bool, progress: Progress) -> Result:
        try:
            return run(options, check, progress)
        except OperationFailed as error:
            look = _LOOKS.get(error.fields.get("code", ""))
            if look is not None:
                _add(error, look, options)
            raise

    return advising


def _add(
    error: OperationFailed,
    look: Callable[[GoogleApis, dict[str, Any], OperationFailed], tuple[str, dict[str, Any]]],
    options: dict[str, Any],
) -> None:
    try:
        apis = GoogleApis(options, Deadline(_PATIENCE))
        try:
            line, fields = look(apis, options, error)
        finally:
            apis.close()
    except LlmopsError:
        return
    if line:
        error.message = f"{error.message}; {line}"
        error.args = (error.message,)
        error.fields.update(fields)


def _other_zones(apis: GoogleApis, options: dict[str, Any], error: OperationFailed) -> tuple[str, dict[str, Any]]:
    """Zones of the region in which the pool that was meant could have its nodes."""
    said = error.fields.get("server_message") or ""
    pools = options.get("node_pools") or [options]
    pools = [pool for pool in pools if pool["name"] == error.fields.get("node_pool")] or pools
    # Where GKE does not say of which pool it speaks, it is the one that is hardest to place, one with GPUs.
    pool = max(pools, key=lambda one: len((one.get("config") or {}).get("accelerators") or []))
    config = pool.get("config") or {}
    machine = config.get("machine_type")
    gpus = {entry["accelerator_type"] for entry in config.get("accelerators") or []}
    offers = [*machine_types(apis, options["project"], {machine} if machine else set()).values()]
    offers += accelerator_types(apis, options["project"], gpus).values()
    region = region_of(options["location"])
    out = set(_ZONE.findall(said)) or set(pool.get("locations") or [])
    everywhere = sorted(set.intersection(*map(set, offers))) if offers else []
    zones = [zone for zone in everywhere if region_of(zone) == region and zone not in out]
    wanted = " with ".join(filter(None, [machine, ", ".join(sorted(gpus))]))
    if not offers:
        return "", {}
    if not zones:
        return f"no other zone of {region} offers {wanted}", {"other_zones": []}
    return f"other zones of {region} that offer {wanted}: {', '.join(zones)}", {"other_zones": zones}


def _quota(apis: GoogleApis, options: dict[str, Any], error: OperationFailed) -> tuple[str, dict[str, Any]]:
    """The quota that was named, with its limit and use."""
    named = _QUOTA.search(error.fields.get("server_message") or "")
    if named is None:
        return "", {}
    metric, region = named.group(1), region_of(options["location"])
    where = {region: region_quotas(apis, options["project"], region)}
    if metric not in where[region]:
        where = {f"project {options['project']}": project_quotas(apis, options["project"])}
    for scope, quotas in where.items():
        if metric in quotas:
            limit, usage = quotas[metric]["limit"], quotas[metric]["usage"]
            line = f"quota {metric} of {scope}: limit {limit:g}, in use {usage:g}"
            return line, {"quota": {"metric": metric, "scope": scope, "limit": limit, "usage": usage}}
    return "", {}


_LOOKS = {"GCE_STOCKOUT": _other_zones, "ZONE_RESOURCE_POOL_EXHAUSTED": _other_zones, "GCE_QUOTA_EXCEEDED": _quota}
"""What is looked for, by the code that GKE gives."""
