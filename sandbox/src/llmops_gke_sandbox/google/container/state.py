# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The records behind the GKE API: clusters, their pools and nodes, as they are now."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field

from llmops_gke_sandbox.google import places
from llmops_gke_sandbox.google.container.backend import Backend
from llmops_gke_sandbox.google.errors import GoogleError, request_info


@dataclass
class Pool:
    """A node pool: the stored NodePool and its nodes, name -> zone."""

    body: dict
    nodes: dict[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.body["name"]

    def nodes_in(self, zone: str) -> list[str]:
        """Return the names of the nodes of a zone, oldest first."""
        return [name for name, place in self.nodes.items() if place == zone]


@dataclass
class Cluster:
    """A cluster: the stored Cluster without its pools, the pools, and what runs behind it."""

    location: str
    body: dict
    pools: dict[str, Pool] = field(default_factory=dict)
    backend: Backend | None = None

    @property
    def name(self) -> str:
        return self.body["name"]


class Store:
    """All clusters of the project."""

    def __init__(self, project: str) -> None:
        self.project = project
        self._clusters: dict[tuple[str, str], Cluster] = {}

    def add(self, cluster: Cluster) -> None:
        """Keep a cluster.

        :raises GoogleError: ALREADY_EXISTS.
        """
        key = (cluster.location, cluster.name)
        if key in self._clusters:
            path = self.path(cluster.location, cluster.name)
            raise GoogleError("ALREADY_EXISTS", f"Already exists: {path}.", [request_info()])
        self._clusters[key] = cluster

    def remove(self, cluster: Cluster) -> None:
        """Forget a cluster."""
        self._clusters.pop((cluster.location, cluster.name), None)

    def all(self, location: str = "-") -> list[Cluster]:
        """Return the clusters of a location; of every location for "-"."""
        return [cluster for cluster in self._clusters.values() if location in ("-", cluster.location)]

    def cluster(self, location: str, name: str) -> Cluster:
        """Return a cluster.

        :raises GoogleError: NOT_FOUND.
        """
        try:
            return self._clusters[location, name]
        except KeyError:
            raise self.not_found(self.path(location, name)) from None

    def pool(self, location: str, cluster: str, name: str) -> tuple[Cluster, Pool]:
        """Return a pool and its cluster.

        :raises GoogleError: NOT_FOUND, of the cluster or of the pool.
        """
        owner = self.cluster(location, cluster)
        if name not in owner.pools:
            raise self.not_found(self.path(location, cluster, name))
        return owner, owner.pools[name]

    def path(self, location: str, cluster: str, pool: str | None = None) -> str:
        """Return the resource name of a cluster or pool."""
        name = f"projects/{self.project}/locations/{location}/clusters/{cluster}"
        return f"{name}/nodePools/{pool}" if pool else name

    def nodes(self) -> Iterator[tuple[str, dict]]:
        """Yield (region, NodeConfig) of every node."""
        for cluster in self._clusters.values():
            for pool in cluster.pools.values():
                for _ in pool.nodes:
                    yield places.region_of(cluster.location), pool.body["config"]

    @staticmethod
    def not_found(path: str) -> GoogleError:
        """Return GKE's words for what is not there."""
        return GoogleError("NOT_FOUND", f"Not found: {path}.", [request_info()])


def fingerprint(value: object) -> str:
    """Return a short hash that changes with a value."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:8]


def dns_endpoint(name: str, location: str) -> str:
    """Return the DNS name of a cluster's control plane."""
    region = "-".join(location.split("-")[:2])
    return f"gke-{hashlib.sha256(f'{location}/{name}'.encode()).hexdigest()[:40]}.{region}.gke.goog"
