# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the parts of the GKE API share, and the reads."""

from __future__ import annotations

from dataclasses import dataclass

from llmops_gke_sandbox.clock import Clock
from llmops_gke_sandbox.google.container.defaulting import Shown, defaults
from llmops_gke_sandbox.google.container.operations import OperationFailed, Operations
from llmops_gke_sandbox.google.container.provision import Provisioner
from llmops_gke_sandbox.google.container.state import Cluster, Pool, Store
from llmops_gke_sandbox.google.container.validation import check_location
from llmops_gke_sandbox.google.errors import GoogleError, request_info

# Life's seconds.
DELETE_CLUSTER = 150
DELETE_POOL = 60
OTHER = 20


@dataclass(frozen=True)
class Parts:
    """The GKE API's state and helpers, handed to the files that play its methods."""

    project: str
    store: Store
    operations: Operations
    shown: Shown
    provisioner: Provisioner
    clock: Clock

    def check_writable(self, cluster: Cluster, verb: str) -> None:
        """Check that a cluster can take an operation now.

        :raises GoogleError: FAILED_PRECONDITION, naming the operation under way or the state.
        """
        self.operations.check_idle(cluster.location, cluster.name, verb)
        if cluster.backend is None and verb != "delete":
            message = f"Cluster {cluster.name} is in state {cluster.body['status']}; it can only be deleted."
            raise GoogleError("FAILED_PRECONDITION", message, [request_info()])


@dataclass(frozen=True)
class Call:
    """One request: the parts of its path by name, and its body as the API reads it."""

    location: str
    cluster: str
    pool: str
    operation: str
    body: dict


def failed(cluster: Cluster, pools: list[Pool], failure: OperationFailed) -> None:
    """Leave a cluster and pools as a creation that failed does; a cluster that only lacks nodes may be there."""
    if failure.costs_cluster:
        _mark(cluster.body, "ERROR", failure)
    elif failure.field == "nodepoolConditions" or (cluster.backend is not None and failure.condition != "UNKNOWN"):
        _mark(cluster.body, "RUNNING", None)
    else:
        _mark(cluster.body, "ERROR", failure)
    for pool in pools:
        failed_pool(pool, failure)


def failed_pool(pool: Pool, failure: OperationFailed) -> None:
    """Leave a pool as nodes that could not be had do."""
    _mark(pool.body, "RUNNING_WITH_ERROR" if failure.field == "nodepoolConditions" else "ERROR", failure)


def settle(body: dict, status: str = "RUNNING") -> None:
    """Give a cluster or pool its new status, without what went wrong before."""
    _mark(body, status, None)


def _mark(body: dict, status: str, failure: OperationFailed | None) -> None:
    body["status"] = status
    body.pop("statusMessage", None)
    body.pop("conditions", None)
    if failure is not None:
        body |= {"statusMessage": failure.message, "conditions": [failure.status_condition()]}


class Reads:
    """The methods that change nothing."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def get_cluster(self, call: Call) -> dict:
        return self._parts.shown.cluster(self._parts.store.cluster(call.location, call.cluster))

    def list_clusters(self, call: Call) -> dict:
        clusters = self._parts.store.all(self._location(call))
        return {"clusters": [self._parts.shown.cluster(cluster) for cluster in clusters]} if clusters else {}

    def get_pool(self, call: Call) -> dict:
        return self._parts.shown.pool(*self._parts.store.pool(call.location, call.cluster, call.pool))

    def list_pools(self, call: Call) -> dict:
        cluster = self._parts.store.cluster(call.location, call.cluster)
        pools = [self._parts.shown.pool(cluster, pool) for pool in cluster.pools.values()]
        return {"nodePools": pools} if pools else {}

    def get_operation(self, call: Call) -> dict:
        operation = self._parts.operations.find(call.location, call.operation)
        if operation is None:
            path = f"projects/{self._parts.project}/locations/{call.location}/operations/{call.operation}"
            raise Store.not_found(path)
        return self._parts.operations.shown(operation)

    def list_operations(self, call: Call) -> dict:
        operations = self._parts.operations.all(self._location(call))
        return {"operations": [self._parts.operations.shown(one) for one in operations]} if operations else {}

    def server_config(self, call: Call) -> dict:
        check_location(call.location)
        versions = [defaults()["version"], *defaults()["other_versions"]]
        channels = ("RAPID", "REGULAR", "STABLE", "EXTENDED")
        return {
            "defaultClusterVersion": versions[0],
            "validMasterVersions": versions,
            "validNodeVersions": versions,
            "defaultImageType": "COS_CONTAINERD",
            "validImageTypes": ["COS_CONTAINERD", "UBUNTU_CONTAINERD"],
            "channels": [
                {"channel": channel, "defaultVersion": versions[0], "validVersions": versions} for channel in channels
            ],
        }

    @staticmethod
    def _location(call: Call) -> str:
        if call.location != "-":
            check_location(call.location)
        return call.location
