# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every controller and agent of a cluster is given."""

from __future__ import annotations

from dataclasses import dataclass

from llmops_gke_sandbox.clock import Clock
from llmops_gke_sandbox.control.client import Client
from llmops_gke_sandbox.control.events import EventRecorder
from llmops_gke_sandbox.control.informers import Informers
from llmops_gke_sandbox.faults import Faults
from llmops_gke_sandbox.kubernetes.api import KubernetesApi


@dataclass(frozen=True)
class Plane:
    """One cluster as its controllers and agents see it."""

    name: str
    project: str
    location: str
    api: KubernetesApi
    informers: Informers
    clock: Clock
    faults: Faults

    def client(self, manager: str) -> Client:
        """Return the API's write verbs under a field manager's name."""
        return Client(self.api, self.informers, manager)

    def recorder(self, component: str, manager: str, host: str = "") -> EventRecorder:
        """Return a recorder of events with this source."""
        return EventRecorder(self.client(manager), self.clock, component, host)
