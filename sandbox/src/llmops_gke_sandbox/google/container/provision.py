# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bringing up and taking down what a record stands for: control planes and nodes, within quota and stock."""

from __future__ import annotations

import asyncio
import random
import string

from llmops_gke_sandbox.faults import Faults
from llmops_gke_sandbox.google import places
from llmops_gke_sandbox.google.container.backend import BackendFactory
from llmops_gke_sandbox.google.container.defaulting import Shown, group_name
from llmops_gke_sandbox.google.container.operations import OperationFailed
from llmops_gke_sandbox.google.container.state import Cluster, Pool, Store, dns_endpoint
from llmops_gke_sandbox.google.errors import GoogleError, request_info
from llmops_gke_sandbox.google.quotas import Quotas


class Provisioner:
    """Makes and removes what runs behind clusters and pools."""

    def __init__(self, store: Store, shown: Shown, quotas: Quotas, faults: Faults, factory: BackendFactory) -> None:
        self._store, self._shown, self._quotas, self._faults = store, shown, quotas, faults
        self._factory = factory

    async def start_control_plane(self, cluster: Cluster) -> None:
        """Bring the cluster's API server up and publish its address."""
        backend = self._factory(cluster.name, cluster.location)
        cluster.backend = backend
        await backend.start()
        address = backend.endpoint
        cluster.body["endpoint"] = address
        endpoints = cluster.body["controlPlaneEndpointsConfig"]
        endpoints.setdefault("ipEndpointsConfig", {}).update(publicEndpoint=address, privateEndpoint=address)
        endpoints.setdefault("dnsEndpointConfig", {})["endpoint"] = dns_endpoint(cluster.name, cluster.location)

    async def stop(self, cluster: Cluster) -> None:
        """End everything behind a cluster."""
        backend, cluster.backend = cluster.backend, None
        if backend is not None:
            await backend.stop()
        cluster.body.pop("endpoint", None)
        endpoints = cluster.body["controlPlaneEndpointsConfig"].get("ipEndpointsConfig", {})
        for field in ("publicEndpoint", "privateEndpoint"):
            endpoints.pop(field, None)

    def check_quota(self, location: str, config: dict, nodes: int) -> None:
        """Refuse nodes for which no quota is left, as GKE does before it starts.

        :raises GoogleError: PERMISSION_DENIED with the metric, what is needed and what is left.
        """
        if nodes and (short := self._quotas.shortage(places.region_of(location), config, nodes)):
            raise GoogleError("PERMISSION_DENIED", short[1], [request_info()])

    async def resize(self, cluster: Cluster, pool: Pool, nodes_per_zone: int) -> None:
        """Bring every zone of a pool to a number of nodes, and remove nodes of zones it has left.

        :raises OperationFailed: when nodes could not be had; those that could be are there.
        """
        zones = pool.body["locations"]
        surplus = [name for name, zone in pool.nodes.items() if zone not in zones]
        for zone in zones:
            surplus += pool.nodes_in(zone)[nodes_per_zone:]
        await self.remove(cluster, pool, surplus)
        results = await asyncio.gather(
            *(self.add(cluster, pool, zone, nodes_per_zone - len(pool.nodes_in(zone))) for zone in zones),
            return_exceptions=True,
        )
        for failure in results:
            if failure is not None:
                raise failure

    async def add(self, cluster: Cluster, pool: Pool, zone: str, count: int) -> None:
        """Add nodes in a zone.

        :raises OperationFailed: for want of quota or stock; those that could be had are there.
        """
        if count <= 0:
            return
        names = [self._node_name(cluster, pool, zone) for _ in range(count)]
        obtainable, failure = self._obtainable(cluster, pool, zone, names)
        pool.nodes |= dict.fromkeys(obtainable, zone)
        shown = self._shown.pool(cluster, pool)
        await asyncio.gather(*(cluster.backend.add_node(shown, zone, name) for name in obtainable))
        if failure is not None:
            raise failure

    async def replace(self, cluster: Cluster, pool: Pool) -> None:
        """Give every node of a pool the pool's present configuration: a new one first, then the old one goes."""
        for name, zone in list(pool.nodes.items()):
            await self.add(cluster, pool, zone, 1)
            await self.remove(cluster, pool, [name])

    async def remove(self, cluster: Cluster, pool: Pool, names: list[str]) -> None:
        """Remove nodes, and with them the pods there."""
        for name in names:
            pool.nodes.pop(name)
        if cluster.backend is not None:
            await asyncio.gather(*(cluster.backend.remove_node(name) for name in names))

    @staticmethod
    def _node_name(cluster: Cluster, pool: Pool, zone: str) -> str:
        while True:
            suffix = "".join(random.choices(string.ascii_lowercase + string.digits, k=4))
            name = f"{group_name(cluster, pool, zone)}-{suffix}"
            if name not in pool.nodes:
                return name

    def _obtainable(
        self, cluster: Cluster, pool: Pool, zone: str, names: list[str]
    ) -> tuple[list[str], OperationFailed | None]:
        """Return which of the nodes can be had, and why the others cannot."""
        region, config = places.region_of(zone), pool.body["config"]
        context = {
            "project": self._store.project,
            "location": cluster.location,
            "cluster": cluster.name,
            "pool": pool.name,
        }
        fault = self._faults.peek("stockout", **context, zone=zone)
        stock = int((fault or {}).get("available", 0))
        if fault is not None and len(names) > stock:
            self._faults.take("stockout", **context, zone=zone)
            message = (
                f"The zone 'projects/{self._store.project}/zones/{zone}' does not have enough resources available "
                "to fulfill the request.  Try a different zone, or try again later."
            )
            return names[:stock], _not_running("GCE_STOCKOUT", message, names, fault.get("where", "pool"), stock)
        fault = self._faults.take("quota", **context)
        short = self._quotas.shortage(region, config, len(names))
        if fault is not None or short is not None:
            metric = short[0] if fault is None else fault.get("metric", _scarcest(config))
            message = f"Quota '{metric}' exceeded.  Limit: {self._quotas.limit(metric)} in region {region}."
            return [], _not_running("GCE_QUOTA_EXCEEDED", message, names, (fault or {}).get("where", "pool"))
        return names, None


def _not_running(code: str, reason: str, names: list[str], where: str, running: int = 0) -> OperationFailed:
    message = (
        f"Google Compute Engine: Not all instances running in IGM after 35m. Expected {len(names)}, running {running}, "
        f"transitioning {len(names) - running}. Current errors: [{code}]: Instance '{names[running]}' creation failed: "
        f"{reason}"
    )
    field = "nodepoolConditions" if where == "pool" else "error"
    return OperationFailed("RESOURCE_EXHAUSTED", message, field=field, condition=code, costs_cluster=where == "cluster")


def _scarcest(config: dict) -> str:
    gpus = config.get("accelerators", [])
    if not gpus:
        return "CPUS"
    return places.accelerators()[gpus[0]["acceleratorType"]].quota or "GPUS_PER_GPU_FAMILY"
