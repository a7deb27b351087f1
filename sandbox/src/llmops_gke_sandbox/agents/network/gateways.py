# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Gateways of the Gateway API, as GKE's controller makes load balancers of them: plain HTTP and TLS by a Secret."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from llmops_gke_sandbox.agents.network.addresses import AddressError, Addresses, Binding
from llmops_gke_sandbox.agents.network.http_routes import Backend, not_simulated, pools_of
from llmops_gke_sandbox.agents.network.inference_pools import POOLS, InferencePools
from llmops_gke_sandbox.agents.network.layer7 import Layer7, tls_context
from llmops_gke_sandbox.agents.network.pod_network import PodNetwork
from llmops_gke_sandbox.agents.network.ready_pods import ReadyPods
from llmops_gke_sandbox.control.controller import Controller
from llmops_gke_sandbox.control.objects import annotations_of, is_deleting, key_of
from llmops_gke_sandbox.control.plane import Plane
from llmops_gke_sandbox.kubernetes.schema.published import published

_DEFINITIONS = "customresourcedefinitions.apiextensions.k8s.io"
_GATEWAYS, _ROUTES = "gateways.gateway.networking.k8s.io", "httproutes.gateway.networking.k8s.io"
_POLICIES = ("healthcheckpolicies.networking.gke.io", "gcpbackendpolicies.networking.gke.io")
_CONTROLLER = "networking.gke.io/gateway"
_FINALIZER = "gateway.finalizer.networking.gke.io"
_CLASSES = "gke-l7-"
_CLASSES_OF_POOLS = ("gke-l7-rilb", "gke-l7-regional-external-managed")
_ADDRESS_SECONDS = 90.0


@dataclass
class _Balancer:
    """What exists for one Gateway. due: the loop's time at which it is set up."""

    due: float
    generation: int = 0
    binding: Binding | None = None
    fronts: list[Layer7] = field(default_factory=list)


class Gateways(Controller):
    """Sets up every Gateway of a class of GKE's, and tells HTTPRoutes which Gateway took them."""

    manager = "GKE-gateway"
    component = "sc-gateway-controller"

    def __init__(self, plane: Plane, addresses: Addresses, network: PodNetwork) -> None:
        super().__init__(plane)
        self._addresses, self._pods = addresses, ReadyPods(plane.informers, network)
        self._pools = InferencePools(plane.informers, network)
        self._balancers: dict[str, _Balancer] = {}
        self._wanted = {definition["metadata"]["name"] for definition in published("gateway")}
        self.store(_DEFINITIONS).subscribe(self._defined)

    def _defined(self, _old: dict | None, new: dict | None) -> None:
        """Follow the kinds once all of them are there; pools, which came later, once theirs is."""
        if new is not None and new["metadata"]["name"] == POOLS and not self._pools.is_known:
            self._pools.is_known = True
            self.follow(POOLS, self._gateways_before)
            self.follow("services", self._gateways_before)
        if new is not None and new["metadata"]["name"] in self._wanted:
            self._wanted.discard(new["metadata"]["name"])
            if not self._wanted:
                self.follow(_GATEWAYS)
                self.follow(_ROUTES, self._gateways_of)
                for policy in _POLICIES:
                    self.store(policy)

    def _gateways_of(self, route: dict) -> list[str]:
        namespace = route["metadata"]["namespace"]
        return [f"{one.get('namespace', namespace)}/{one['name']}" for one in route["spec"].get("parentRefs") or []]

    def _gateways_before(self, obj: dict) -> list[str]:
        """The Gateways that may lead to a pool, or to one whose picker is behind a Service."""
        namespace = obj["metadata"].get("namespace")
        if self._wanted:
            return []
        return [
            key for route in self.store(_ROUTES).all(namespace) if pools_of(route) for key in self._gateways_of(route)
        ]

    async def reconcile(self, key: str) -> None:
        gateway = self.store(_GATEWAYS).by_key(key)
        if gateway is None or not gateway["spec"]["gatewayClassName"].startswith(_CLASSES):
            return
        if is_deleting(gateway):
            await self._close(key)
            await self._set_finalizers(gateway, [])
            return
        if _FINALIZER not in (gateway["metadata"].get("finalizers") or []):
            gateway = await self._set_finalizers(gateway, [_FINALIZER])
        now = asyncio.get_running_loop().time()
        balancer = self._balancers.setdefault(key, _Balancer(now + self.clock.scaled(_ADDRESS_SECONDS)))
        if now < balancer.due:
            self.enqueue_after(key, (balancer.due - now) * self.clock.speed)
            return
        if balancer.binding is None or balancer.generation != gateway["metadata"]["generation"]:
            await self._listen(key, gateway, balancer)
        for route in list(self._routes(gateway)):
            await self._tell(route, gateway)

    async def stop(self) -> None:
        """End every listener."""
        for key in list(self._balancers):
            await self._close(key)

    async def _listen(self, key: str, gateway: dict, balancer: _Balancer) -> None:
        address = balancer.binding.address if balancer.binding else None
        await self._stop_fronts(balancer)
        balancer.binding, balancer.generation = None, gateway["metadata"]["generation"]
        ports = sorted({listener["port"] for listener in gateway["spec"]["listeners"]})
        try:
            contexts = {one["port"]: await self._tls(gateway, one) for one in gateway["spec"]["listeners"]}
            balancer.binding = self._addresses.listen(ports, address)
        except (AddressError, ValueError) as error:
            await self.events.warning(gateway, "SYNC", str(error))
            await self._set_status(gateway, [], "False", "Invalid", str(error))
            return
        for port, listener in balancer.binding.sockets.items():
            front = Layer7(lambda: self._routes(gateway), self._pods, self._pools, self._policies, self.clock)
            balancer.fronts.append(front)
            await front.start(listener, contexts[port])
        await self._set_status(gateway, [balancer.binding.address], "True", "Programmed", "")
        await self.events.normal(gateway, "SYNC", f"SYNC on {key} was a success")

    async def _tls(self, gateway: dict, listener: dict) -> object | None:
        """Return the TLS context of a listener, None for plain HTTP. Raises ValueError for what is not played."""
        if listener["protocol"] == "HTTP":
            return None
        if "networking.gke.io/certmap" in annotations_of(gateway) or not (listener.get("tls") or {}).get(
            "certificateRefs"
        ):
            raise ValueError("The sandbox has no Certificate Manager: a certificate can only come from a Secret")
        namespace = gateway["metadata"]["namespace"]
        name = listener["tls"]["certificateRefs"][0]["name"]
        secret = await self.plane.api.get("secrets", name, namespace)
        if secret is None:
            raise ValueError(f"Secret {namespace}/{name} does not exist")
        return tls_context(secret)

    def _routes(self, gateway: dict) -> list[dict]:
        """Return the HTTPRoutes that name a Gateway and that can be played."""
        key = key_of(gateway)
        return [one for one in self.store(_ROUTES).all() if key in self._gateways_of(one) and not is_deleting(one)]

    def _policies(self, backend: Backend) -> tuple[dict, dict]:
        """Return the health check and the settings that a backend's policies say; {} where there is none."""
        found = []
        for resource in _POLICIES:
            of_it = [
                policy["spec"].get("default") or {}
                for policy in self.store(resource).all(backend.namespace)
                if (target := policy["spec"].get("targetRef", {})).get("name") == backend.name
                and target.get("kind") == backend.kind
            ]
            found.append(of_it[0] if of_it else {})
        return found[0], found[1]

    async def _tell(self, route: dict, gateway: dict) -> None:
        generation = route["metadata"]["generation"]
        stranger = not_simulated(route)
        if stranger:
            await self.events.warning(route, "NotSimulated", f"The sandbox does not play {stranger}")
        accepted = ("False", "UnsupportedValue", f"The sandbox does not play {stranger}") if stranger else None
        resolved = await self._tell_pools(route, gateway) or ("True", "ResolvedRefs", "")
        conditions = [
            self._condition(route, "Accepted", generation, *(accepted or ("True", "Accepted", ""))),
            self._condition(route, "ResolvedRefs", generation, *resolved),
            self._condition(route, "networking.gke.io/Reconciled", generation, "True", "ReconciliationSucceeded", ""),
        ]
        parent = {
            "group": "gateway.networking.k8s.io",
            "kind": "Gateway",
            "name": gateway["metadata"]["name"],
        }
        status = {"parents": [{"parentRef": parent, "controllerName": _CONTROLLER, "conditions": conditions}]}
        await self.client.update_status(_ROUTES, route, status)

    async def _tell_pools(self, route: dict, gateway: dict) -> tuple[str, str, str] | None:
        """Tell a route's pools which Gateway leads to them; return why one can't be led to, None where all can."""
        namespace, cls = route["metadata"]["namespace"], gateway["spec"]["gatewayClassName"]
        for name in pools_of(route):
            if not cls.startswith(_CLASSES_OF_POOLS):
                return "False", "InvalidKind", f"GatewayClass {cls} does not support InferencePool {namespace}/{name}"
            pool = self._pools.get(namespace, name)
            if pool is None:
                return "False", "BackendNotFound", f"InferencePool {namespace}/{name} does not exist"
            lacking = self._pools.lacks(pool)
            generation = pool["metadata"]["generation"]
            refs = ("False", "InvalidExtensionRef", lacking) if lacking else ("True", "ResolvedRefs", "")
            conditions = [
                self._condition(pool, "Accepted", generation, "True", "Accepted", ""),
                self._condition(pool, "ResolvedRefs", generation, *refs),
            ]
            parent = {"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": gateway["metadata"]["name"]}
            await self.client.update_status(POOLS, pool, {"parents": [{"parentRef": parent, "conditions": conditions}]})
        return None

    async def _set_status(self, gateway: dict, addresses: list[str], status: str, reason: str, message: str) -> None:
        generation = gateway["metadata"]["generation"]
        conditions = [
            self._condition(gateway, "Accepted", generation, "True", "Accepted", ""),
            self._condition(gateway, "Programmed", generation, status, reason, message),
        ]
        body = {
            "addresses": [{"type": "IPAddress", "value": address} for address in addresses],
            "conditions": conditions,
        }
        await self.client.update_status(_GATEWAYS, gateway, body)

    def _condition(
        self, obj: dict, kind: str, generation: int, status: str, reason: str, message: str
    ) -> dict[str, object]:
        """Return a condition; its time is that of its last change."""
        parents = (obj.get("status") or {}).get("parents") or [obj.get("status") or {}]
        olds = [one for part in parents for one in part.get("conditions") or [] if one["type"] == kind]
        same = olds and olds[0]["status"] == status
        moment = olds[0]["lastTransitionTime"] if same else self.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")
        return {
            "type": kind,
            "status": status,
            "reason": reason,
            "message": message,
            "observedGeneration": generation,
            "lastTransitionTime": moment,
        }

    async def _set_finalizers(self, gateway: dict, ours: list[str]) -> dict:
        meta = gateway["metadata"]
        others = [one for one in meta.get("finalizers") or [] if one != _FINALIZER]
        body = {"metadata": {"finalizers": [*others, *ours] or None}}
        return await self.client.patch(_GATEWAYS, meta["name"], body, meta["namespace"])

    async def _stop_fronts(self, balancer: _Balancer) -> None:
        for front in balancer.fronts:
            await front.stop()
        balancer.fronts.clear()
        if balancer.binding is not None:
            balancer.binding.close()

    async def _close(self, key: str) -> None:
        balancer = self._balancers.pop(key, None)
        if balancer is not None:
            await self._stop_fronts(balancer)
            if balancer.binding is not None:
                self._addresses.release(balancer.binding.address)
