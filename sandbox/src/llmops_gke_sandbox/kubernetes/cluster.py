# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""One cluster's API server: what it knows, and the HTTPS listener through which clients reach it."""

from __future__ import annotations

from collections.abc import Callable

from llmops_gke_sandbox.clock import Clock
from llmops_gke_sandbox.faults import Faults
from llmops_gke_sandbox.kubernetes.bootstrap import bootstrap
from llmops_gke_sandbox.kubernetes.forwarding.legs import PortSource
from llmops_gke_sandbox.kubernetes.listener import Listener
from llmops_gke_sandbox.kubernetes.local_api import LocalApi
from llmops_gke_sandbox.kubernetes.rest import access
from llmops_gke_sandbox.kubernetes.rest.handlers import Handlers
from llmops_gke_sandbox.kubernetes.rest.pod_logs import LogSource
from llmops_gke_sandbox.kubernetes.schema.builtin_kinds import builtin_kinds
from llmops_gke_sandbox.kubernetes.schema.registry import Registry
from llmops_gke_sandbox.kubernetes.store import Store
from llmops_gke_sandbox.kubernetes.verbs import Verbs
from llmops_gke_sandbox.request_log import RequestLog

_DEFINITIONS = "customresourcedefinitions.apiextensions.k8s.io"


class KubernetesCluster:
    """An API server on loopback, on a port of its own, with a certificate authority of its own.

    :param name: the cluster's name, for people who look at its certificate.
    :param authenticate: returns the user whom a bearer token stands for, None for an unknown token.
    :param granted: returns whether an IAM permission is granted to who may use the cluster.
    """

    def __init__(
        self,
        name: str,
        *,
        clock: Clock,
        faults: Faults,
        log: RequestLog,
        authenticate: Callable[[str], str | None],
        granted: access.Granted = access.everything,
    ) -> None:
        self.name = name
        self.log_source: LogSource | None = None
        """Set by what runs pods: (namespace, pod, container, previous, tail) -> lines."""
        self.port_source: PortSource | None = None
        """Set by what runs pods: (namespace, pod, port) -> port of 127.0.0.1."""
        verbs = Verbs(Registry(builtin_kinds()), Store(), lambda: clock.now().strftime("%Y-%m-%dT%H:%M:%SZ"), faults)
        bootstrap(verbs)
        self.api = LocalApi(verbs)
        handlers = Handlers(
            verbs, authenticate, lambda: self.endpoint, lambda: self.log_source, lambda: self.port_source, granted
        )
        self._listener = Listener(name, handlers.handle, log, faults)

    @property
    def endpoint(self) -> str:
        """HOST:PORT once it is started."""
        return self._listener.endpoint

    @property
    def ca_certificate(self) -> bytes:
        """The authority's certificate, PEM."""
        return self._listener.ca_certificate

    async def define(self, definition: dict) -> None:
        """Have a CustomResourceDefinition, where there is none of its name yet."""
        if self.api.get_now(_DEFINITIONS, definition["metadata"]["name"]) is None:
            await self.api.create(_DEFINITIONS, definition, manager="kubectl-gke")

    async def start(self) -> None:
        """Listen on a free port of 127.0.0.1."""
        await self._listener.start()

    async def stop(self) -> None:
        """End every connection, watches included, and listen no more."""
        await self._listener.stop()
