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
        self._services = self.follow(_RESOURCE)
        self._endpoints = self.follow("endpoints", self._served_by)

    def _served_by(self, endpoints: dict) -> list[str]:
        place = {"namespace": endpoints["metadata"]["namespace"], "name": endpoints["metadata"]["name"]}
        return [
            key_of(one)
            for one in self._services.all()
            if {key: (one["spec"].get("service") or {}).get(key) for key in place} == place
        ]

    async def reconcile(self, key: str) -> None:
        found = self._services.by_key(key)
        if found is None:
            return
        service = found["spec"].get("service")
        if service is None:
            state = ("True", "Local", "Local APIServices are always available")
        else:
            name, namespace = service["name"], service["namespace"]
            endpoints = self._endpoints.get(name, namespace) or {}
            if any(subset.get("addresses") for subset in endpoints.get("subsets") or []):
                state = ("True", "Passed", "all checks passed")
            else:
                text = f'endpoints for service/{name} in "{namespace}" have no addresses with port name ""'
                state = ("False", "MissingEndpoints", text)
        new = {"type": "Available", "status": state[0], "reason": state[1], "message": state[2]}
        have = found.get("status") or {}
        conditions = with_condition(have.get("conditions") or [], new, timestamp(self.clock.now()))
        await self.client.update_status(_RESOURCE, found, {**have, "conditions": conditions})
