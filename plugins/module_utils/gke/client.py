# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""GKE's REST API, v1: reads, writes as data, and nothing about what they are for."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from typing import Any

from ..core import play_memory
from ..core.deadline import Deadline
from ..core.errors import HttpError, LlmopsError
from ..google.credentials import authorizer
from ..http.address import endpoint
from ..http.answers import Shape
from ..http.session import HttpSession
from .answers import CLUSTER, CLUSTERS, NODE_POOL, NODE_POOLS, OPERATION, OPERATIONS

_RECENT = 60.0
"""Seconds for which the other tasks of a play take a cluster to be as one of them found it."""

_JUST_NOW = 10.0
"""Seconds for which a task that finds nothing to do in what another one has read need not read it again."""

_REMEMBERED = (
    *("name", "location", "status", "endpoint", "controlPlaneEndpointsConfig", "privateClusterConfig", "masterAuth"),
    "monitoringConfig",
)
"""What the tasks of a play tell each other of a cluster: how it is reached."""


_CLUSTER = re.compile(r"projects/([^/]+)/locations/([^/]+)/clusters/([^/:]+)")
"""The path of what belongs to a cluster."""


@dataclass(frozen=True)
class Place:
    """Where a resource is: names that make its path (https://cloud.google.com/kubernetes-engine/docs/reference/rest)."""

    project: str
    location: str
    cluster: str | None = None
    node_pool: str | None = None

    @property
    def parent(self) -> str:
        """The location's path, under which clusters and operations are."""
        return f"projects/{self.project}/locations/{self.location}"

    @property
    def name(self) -> str:
        """The resource's own path."""
        cluster = f"{self.parent}/clusters/{self.cluster}"
        return f"{cluster}/nodePools/{self.node_pool}" if self.node_pool else cluster

    @property
    def cluster_place(self) -> Place:
        """The cluster that a node pool is in."""
        return Place(self.project, self.location, self.cluster)

    def __str__(self) -> str:
        pool = f"node pool {self.node_pool} of " if self.node_pool else ""
        return f"{pool}cluster {self.cluster} in {self.location} of project {self.project}"


class ClusterAbsent(LlmopsError):
    """A cluster does not exist, or is not yet ready to be spoken to."""

    kind = "cluster_absent"


@dataclass(frozen=True)
class Call:
    """A request that writes. path: after ``/v1/``. doing: in words, for errors. part: what of the resource it sets."""

    method: str
    path: str
    doing: str
    body: Any = None
    part: str = ""

    def __str__(self) -> str:
        return f"{self.method} /v1/{self.path}"


class GkeClient:
    """One task's session with GKE.

    options: those of the ``google_auth`` doc fragment, ``container_api_endpoint`` among them. Every method raises
    HttpError on a refusal; a read gives None where the resource is not found. ``http.sent`` counts requests.
    """

    def __init__(self, options: dict[str, Any], deadline: Deadline) -> None:
        self.deadline = deadline
        self._address = endpoint(options, "container_api_endpoint")
        self.http = HttpSession(
            base_url=self._address,
            service="GKE",
            deadline=deadline,
            authorize=authorizer(options, deadline),
        )

    def cluster(self, project: str, location: str, name: str) -> dict[str, Any] | None:
        """The cluster as the API gives it; the other tasks of the play learn of it."""
        place = Place(project, location, name)
        cluster = self._get(place.name, f"read cluster {name} in {location}", CLUSTER)
        if play_memory.shared:
            self._tell(play_memory.shared, place, cluster)
        return cluster

    def recent_cluster(self, project: str, location: str, name: str) -> dict[str, Any] | None:
        """How to reach the cluster, as a task of this play found it a moment ago: a part of what ``cluster`` gives.

        None where no task did.
        """
        memory = play_memory.shared
        kept = memory.recall(self._identity(Place(project, location, name))) if memory else None
        return kept[1] if kept and time.monotonic() - kept[0] < _RECENT else None

    def cluster_just_read(self, project: str, location: str, name: str) -> dict[str, Any] | None:
        """The whole cluster, without credentials, as a task of this play has just read it and nobody here has changed
        it since: enough to find that there is nothing to do. None where no task did.
        """
        memory = play_memory.shared
        kept = memory.recall(self._identity(Place(project, location, name), whole=True)) if memory else None
        return kept[1] if kept and time.monotonic() - kept[0] < _JUST_NOW else None

    def _tell(self, memory: play_memory.PlayMemory, place: Place, cluster: dict[str, Any] | None) -> None:
        if cluster is None:
            memory.forget(self._identity(place))
            memory.forget(self._identity(place, whole=True))
            return
        told = {name: cluster[name] for name in _REMEMBERED if name in cluster}
        # Old clusters have a client's key among these.
        authority = (told.get("masterAuth") or {}).get("clusterCaCertificate")
        told["masterAuth"] = {"clusterCaCertificate": authority} if authority else {}
        memory.keep(self._identity(place), [time.monotonic(), told])
        memory.keep(
            self._identity(place, whole=True), [time.monotonic(), {**cluster, "masterAuth": told["masterAuth"]}]
        )

    def _identity(self, place: Place, *, whole: bool = False) -> bytes:
        return play_memory.identity_of("whole cluster" if whole else "cluster", self._address, place.name)

    def cluster_exists(self, place: Place) -> bool:
        """Whether the cluster is there, in whatever state."""
        return self.cluster(place.project, place.location, str(place.cluster)) is not None

    def clusters(self, project: str, location: str) -> list[dict[str, Any]]:
        """All clusters of a location; ``-`` is every location."""
        doing = f"list the clusters of project {project}"
        path = f"{Place(project, location).parent}/clusters"
        return (self._get(path, doing, CLUSTERS) or {}).get("clusters", [])

    def node_pool(self, project: str, location: str, cluster: str, name: str) -> dict[str, Any] | None:
        """The node pool as the API gives it; None where its cluster is not found, too."""
        doing = f"read node pool {name} of cluster {cluster}"
        return self._get(Place(project, location, cluster, name).name, doing, NODE_POOL)

    def node_pools(self, place: Place) -> list[dict[str, Any]]:
        """All node pools of a cluster; none where the cluster is not found."""
        doing = f"list the node pools of cluster {place.cluster}"
        return (self._get(f"{place.name}/nodePools", doing, NODE_POOLS) or {}).get("nodePools", [])

    def operation(self, project: str, location: str, name: str) -> dict[str, Any] | None:
        """A long-running operation as it stands."""
        path = f"{Place(project, location).parent}/operations/{name}"
        return self._get(path, f"follow operation {name}", OPERATION)

    def operations(self, project: str, location: str) -> list[dict[str, Any]]:
        """The operations of a location, those of the last days that have ended included."""
        doing = f"list the operations in {location}"
        path = f"{Place(project, location).parent}/operations"
        return (self._get(path, doing, OPERATIONS) or {}).get("operations", [])

    def send(self, call: Call) -> dict[str, Any]:
        """Make one call that writes; returns the operation that does it. Raises ReplyLost where it may have begun."""
        path = f"/v1/{call.path}"
        if play_memory.shared and (named := _CLUSTER.match(call.path)):
            play_memory.shared.forget(self._identity(Place(*named.groups()), whole=True))
        return self.http.request(call.method, path, doing=call.doing, json_body=call.body, want=OPERATION).body

    def _get(self, path: str, doing: str, want: Shape) -> dict[str, Any] | None:
        try:
            return self.http.request("GET", f"/v1/{path}", doing=doing, want=want).body
        except HttpError as error:
            if error.status == 404:
                return None
            raise
