# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a task's options to a Kubernetes API: by the GKE cluster's name, or by a kubeconfig."""

from __future__ import annotations

import base64
import hashlib
import os
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from ..core.deadline import Deadline
from ..gke.client import ClusterAbsent, GkeClient
from ..gke.kubeconfig.endpoint import AUTO
from ..gke.kubeconfig.entry import entry_of
from ..google.names import check_location, check_project
from ..http.address import check_proxy
from ..http.session import HttpSession
from ..kubernetes.client import in_cluster, kubeconfig
from ..kubernetes.client.api import KubernetesApi
from ..kubernetes.client.resources import Kind

_GKE_KINDS = tuple(
    Kind("monitoring.googleapis.com", "v1", kind, f"{kind.lower()}s", namespaced)
    for kind, namespaced in (("PodMonitoring", True), ("ClusterPodMonitoring", False))
) + (
    Kind("gateway.networking.k8s.io", "v1", "Gateway", "gateways"),
    Kind("gateway.networking.k8s.io", "v1", "HTTPRoute", "httproutes"),
    Kind("networking.gke.io", "v1", "HealthCheckPolicy", "healthcheckpolicies"),
    Kind("networking.gke.io", "v1", "GCPBackendPolicy", "gcpbackendpolicies"),
    Kind("inference.networking.k8s.io", "v1", "InferencePool", "inferencepools"),
)
"""Kinds that GKE adds to its clusters (managed Prometheus, the Gateway API), so that nobody has to ask for them."""

_USABLE = frozenset({"RUNNING", "RECONCILING", "DEGRADED"})
"""A cluster's states in which its API server answers."""


@dataclass
class ClusterAccess:
    """One cluster's API for the time of a task. api is None where the cluster is absent; ``why`` says so in words.

    gke, cluster: where the cluster was named and not a kubeconfig, the session with GKE and what that said of the
    cluster a moment ago: how it is reached and its monitoring, at least.
    other_requests: those that the task sent to other services.
    """

    api: KubernetesApi | None
    why: str = ""
    sessions: list[HttpSession] = field(default_factory=list)
    gke: GkeClient | None = None
    cluster: dict[str, Any] | None = None
    other_requests: int = 0

    @property
    def requests(self) -> int:
        """HTTP requests sent so far."""
        return sum(session.sent for session in self.sessions) + self.other_requests

    def required(self) -> KubernetesApi:
        """The API; raises ClusterAbsent where there is none."""
        if self.api is None:
            raise ClusterAbsent(f"{self.why}; create it first (llmops.gke.gke_cluster)")
        return self.api


@contextmanager
def cluster_access(options: dict[str, Any], deadline: Deadline) -> Iterator[ClusterAccess]:
    """Open the cluster that the options of the ``kubernetes_access`` doc fragment name, for a ``with`` block.

    GKE is not asked for it where another task of the play has just said how it is reached, and it does answer there.
    Only the cluster's own CA is trusted; its file and a kubeconfig's client key end with the block. Raises
    InvalidOption for options that cannot be, HttpError where GKE refuses; an absent cluster is no error here.
    """
    with tempfile.TemporaryDirectory(prefix="llmops-gke-") as directory:
        if options.get("kubeconfig") is not None:
            access = _by_kubeconfig(options, deadline, directory)
        else:
            access = _by_name(options, deadline, directory)
        try:
            yield access
        finally:
            for session in access.sessions:
                session.close()


def secrets(options: dict[str, Any]) -> set[str]:
    """The strings inside the access options that must be hidden beyond those marked ``no_log``."""
    return kubeconfig.secrets(options.get("kubeconfig"))


def _by_kubeconfig(options: dict[str, Any], deadline: Deadline, directory: str) -> ClusterAccess:
    if options["kubeconfig"] == in_cluster.IN_CLUSTER:
        connection = in_cluster.read()
    else:
        connection = kubeconfig.read(options["kubeconfig"], options.get("context"), directory, deadline)
    http = HttpSession(
        base_url=connection.server,
        service="the Kubernetes API",
        deadline=deadline,
        authorize=_one_at_a_time(connection.authorize) if connection.authorize else None,
        verify=connection.verify,
        certificate=connection.certificate,
        proxy=connection.proxy,
        server_name=connection.server_name,
        repeated_headers=connection.impersonate,
    )
    return ClusterAccess(KubernetesApi(http, connection.namespace), sessions=[http])


def _by_name(options: dict[str, Any], deadline: Deadline, directory: str) -> ClusterAccess:
    project, location = check_project(options.get("project")), check_location(options.get("location"))
    proxy = check_proxy("cluster_proxy_url", options.get("cluster_proxy_url"))
    place = (project, location, options["cluster"])
    gke = GkeClient(options, deadline)
    known = gke.recent_cluster(*place)
    recalled = known is not None and not _unusable(known, *place)
    cluster = known if recalled else gke.cluster(*place)
    why = _unusable(cluster, *place)
    if cluster is None or why:
        return ClusterAccess(None, why, [gke.http])

    def server_of(found: dict[str, Any]) -> tuple[str, str | bool]:
        server = entry_of(found, options["cluster"], options.get("cluster_endpoint") or AUTO).cluster
        return server["server"], _authority_file(server, directory)

    def elsewhere() -> tuple[str, str | bool]:
        found = gke.cluster(*place)
        gone = _unusable(found, *place)
        if found is None or gone:
            raise ClusterAbsent(gone)
        return server_of(found)

    base_url, verify = server_of(cluster)
    http = HttpSession(
        base_url=base_url,
        service="the Kubernetes API",
        deadline=deadline,
        authorize=_one_at_a_time(token_alone(gke.http.authorize)) if gke.http.authorize else None,
        verify=verify,
        proxy=proxy,
        elsewhere=elsewhere if recalled else None,
    )
    api = KubernetesApi(http, kinds=_GKE_KINDS if _has_managed_prometheus(cluster) else ())
    return ClusterAccess(api, sessions=[gke.http, http], gke=gke, cluster=cluster)


def _unusable(cluster: dict[str, Any] | None, project: str, location: str, name: str) -> str:
    """Why a cluster cannot be spoken to; empty where it can."""
    where = f"cluster {name} in {location} of project {project}"
    if cluster is None:
        return f"{where} does not exist"
    status = cluster.get("status", "")
    return "" if status in _USABLE else f"{where} is {status or 'in no known state'} and cannot be spoken to"


def _has_managed_prometheus(cluster: dict[str, Any]) -> bool:
    """GKE leaves out what is switched off, but not the settings of all monitoring."""
    monitoring = cluster.get("monitoringConfig")
    return monitoring is None or bool((monitoring.get("managedPrometheusConfig") or {}).get("enabled"))


def _authority_file(server: dict[str, Any], directory: str) -> str | bool:
    """A file with the cluster's CA; True for a DNS endpoint, whose certificate the system's CAs vouch for."""
    if "certificate-authority-data" not in server:
        return True
    authority = base64.b64decode(server["certificate-authority-data"])
    # Another CA is another file: a connection pool goes by its name.
    path = os.path.join(directory, f"{hashlib.sha256(authority).hexdigest()[:16]}.pem")
    with open(path, "wb") as stream:
        stream.write(authority)
    return path


def token_alone(authorize: Callable[[bool], dict[str, str]]) -> Callable[[bool], dict[str, str]]:
    """The same without what only Google's APIs are told."""
    return lambda fresh: {"Authorization": authorize(fresh)["Authorization"]}


def _one_at_a_time(authorize: Callable[[bool], dict[str, str]]) -> Callable[[bool], dict[str, str]]:
    """The same for requests that go side by side: one of them mints the token, the others use it."""
    lock = threading.Lock()

    def headers(fresh: bool) -> dict[str, str]:
        with lock:
            return authorize(fresh)

    return headers
