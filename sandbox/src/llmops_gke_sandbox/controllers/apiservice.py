# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""APIServices: an API that a Service of the cluster serves is available once a pod behind it is ready."""

from __future__ import annotations

from llmops_gke_sandbox.control.controller import Controller
from llmops_gke_sandbox.control.objects import key_of, timestamp, with_condition
from llmops_gke_sandbox.control.plane import Plane

_RESOURCE = "apiservices.apiregistration.k8s.io"


class ApiServiceController(Controller):
    """Tells by a condition whether a registered API can be reached."""

    component = "kube-aggregator"

    def __init__(self, plane: Plane) -> None:
        super().__init__(plane)
        self._apis = self.follow(_RESOURCE)
        self._services = self.follow("services", self._served_by)
        # Endpoints and Services share their names.
        self._endpoints = self.follow("endpoints", self._served_by)

    def _served_by(self, behind: dict) -> list[str]:
        place = {"namespace": behind["metadata"]["namespace"], "name": behind["metadata"]["name"]}
        return [
            key_of(one)
            for one in self._apis.all()
            if {key: (one["spec"].get("service") or {}).get(key) for key in place} == place
        ]

    async def reconcile(self, key: str) -> None:
        found = self._apis.by_key(key)
        if found is None:
            return
        state = self._state(found["spec"].get("service"))
        new = {"type": "Available", "status": state[0], "reason": state[1], "message": state[2]}
        have = found.get("status") or {}
        conditions = with_condition(have.get("conditions") or [], new, timestamp(self.clock.now()))
        await self.client.update_status(_RESOURCE, found, {**have, "conditions": conditions})

    def _state(self, asked: dict | None) -> tuple[str, str, str]:
        """Return status, reason and message. Source: kube-aggregator, pkg/controllers/status/remote."""
        if asked is None:
            return "True", "Local", "Local APIServices are always available"
        name, namespace, number = asked["name"], asked["namespace"], asked.get("port", 443)
        service = self._services.get(name, namespace)
        if service is None:
            return "False", "ServiceNotFound", f'service/{name} in "{namespace}" is not present'
        port = next((one for one in service["spec"].get("ports") or [] if one["port"] == number), None)
        if port is None:
            return "False", "ServicePortError", f'service/{name} in "{namespace}" is not listening on port {number}'
        endpoints = self._endpoints.get(name, namespace) or {}
        if any(subset.get("addresses") for subset in endpoints.get("subsets") or []):
            return "True", "Passed", "all checks passed"
        named = port.get("name", "")
        text = f'endpointslices for service/{name} in "{namespace}" have no addresses with port name "{named}"'
        return "False", "MissingEndpoints", text
