# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Load balancers: Services of type LoadBalancer get an address that really answers."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from llmops_gke_sandbox.agents.network.addresses import AddressError, Addresses, Binding
from llmops_gke_sandbox.agents.network.forwarder import Forwarder
from llmops_gke_sandbox.agents.network.pod_network import PodNetwork
from llmops_gke_sandbox.agents.network.ready_pods import ReadyPods
from llmops_gke_sandbox.control.controller import Controller
from llmops_gke_sandbox.control.objects import annotations_of, is_deleting, split_key
from llmops_gke_sandbox.control.plane import Plane

_FINALIZER = "service.kubernetes.io/load-balancer-cleanup"
# What GKE adds to Services of clusters that are VPC-native.
_NEG_ANNOTATION = {"cloud.google.com/neg": '{"ingress":true}'}
_RELEASE_SECONDS = 10.0
_RETRY_FIRST_SECONDS, _RETRY_LAST_SECONDS = 5.0, 300.0


@dataclass
class _Balancer:
    """What exists for one Service; ``due`` is the loop's time at which its address is there, or gone.

    internal: whether its address is one of the VPC; both kinds are on loopback here.
    """

    uid: str
    due: float
    internal: bool = False
    failures: int = 0
    releasing: bool = False
    binding: Binding | None = None
    forwarders: list[Forwarder] = field(default_factory=list)


class LoadBalancers(Controller):
    """The cloud's service controller: gives addresses, forwards to ready pods, and takes all back."""

    manager = "cloud-controller-manager"
    component = "service-controller"

    def __init__(self, plane: Plane, addresses: Addresses, network: PodNetwork) -> None:
        super().__init__(plane)
        self._addresses = addresses
        self._services = self.follow("services")
        self._pods = ReadyPods(plane.informers, network)
        self._balancers: dict[str, _Balancer] = {}

    async def reconcile(self, key: str) -> None:
        service, balancer = self._services.by_key(key), self._balancers.get(key)
        if balancer is not None and (service is None or service["metadata"]["uid"] != balancer.uid):
            await self._close(key, balancer)
            balancer = None
        if service is None:
            return
        if _wants_balancer(service):
            if balancer is not None and balancer.internal != _is_internal(service):
                # The other kind is another load balancer: the old one and its address go first.
                await self._close(key, balancer)
                await self.client.update_status("services", service, _status(service, []))
                balancer = None
            await self._ensure(key, service, balancer)
        elif balancer is not None or _FINALIZER in (service["metadata"].get("finalizers") or []):
            await self._release(key, service, balancer)

    async def stop(self) -> None:
        """End every listener."""
        for key, balancer in list(self._balancers.items()):
            await self._close(key, balancer)

    async def withdraw(self) -> None:
        """Take every address back from the API: nobody will stand behind it any more."""
        for service in list(self._services.all()):
            if _FINALIZER in (service["metadata"].get("finalizers") or []):
                await self.client.update_status("services", service, _status(service, []))
                await self._let_go(service)

    async def _ensure(self, key: str, service: dict, balancer: _Balancer | None) -> None:
        now = asyncio.get_running_loop().time()
        if balancer is None:
            service = await self._claim(service)
            await self.events.normal(service, "EnsuringLoadBalancer", "Ensuring load balancer")
            due = now + self.clock.scaled(self.clock.durations.address)
            balancer = self._balancers[key] = _Balancer(service["metadata"]["uid"], due, internal=_is_internal(service))
        if balancer.binding is not None:
            if sorted(balancer.binding.sockets) != _ports(service):
                await self._listen(key, service, balancer)
            return
        if now < balancer.due:
            self.enqueue_after(key, (balancer.due - now) * self.clock.speed)
            return
        await self._listen(key, service, balancer)

    async def _listen(self, key: str, service: dict, balancer: _Balancer) -> None:
        namespace, name = split_key(key)
        address = balancer.binding.address if balancer.binding else None
        await self._stop_forwarding(balancer)
        balancer.binding = None
        fault = self.plane.faults.take("no_address", namespace=namespace, service=name)
        try:
            if fault is not None:
                raise AddressError(fault.get("message") or "googleapi: Error 403: Quota 'IN_USE_ADDRESSES' exceeded.")
            binding = self._addresses.listen(_ports(service), address)
        except AddressError as error:
            if address is not None:
                self._addresses.release(address)
            await self._fail(key, service, balancer, str(error))
            return
        balancer.binding, balancer.failures = binding, 0
        for port, listener in binding.sockets.items():
            forwarder = Forwarder(listener, lambda port=port: self._target(key, port))
            balancer.forwarders.append(forwarder)
            await forwarder.start()
        if binding.shared:
            text = f"This system has no loopback address but {binding.address}: load balancers share its ports"
            await self.events.warning(service, "SharedAddress", text)
        ingress = [{"ip": binding.address, "ipMode": "VIP"}]
        await self.client.update_status("services", service, _status(service, ingress))
        await self.events.normal(service, "EnsuredLoadBalancer", "Ensured load balancer")

    async def _fail(self, key: str, service: dict, balancer: _Balancer, why: str) -> None:
        """Tell why there is no address, and try again later and later."""
        delay = min(_RETRY_FIRST_SECONDS * 2**balancer.failures, _RETRY_LAST_SECONDS)
        balancer.failures += 1
        balancer.due = asyncio.get_running_loop().time() + self.clock.scaled(delay)
        text = f"Error syncing load balancer: failed to ensure load balancer: {why}"
        await self.events.warning(service, "SyncLoadBalancerFailed", text)
        await self.client.update_status("services", service, _status(service, []))
        self.enqueue_after(key, delay)

    async def _release(self, key: str, service: dict, balancer: _Balancer | None) -> None:
        now = asyncio.get_running_loop().time()
        if balancer is not None and not balancer.releasing:
            await self.events.normal(service, "DeletingLoadBalancer", "Deleting load balancer")
            await self._stop_forwarding(balancer)
            balancer.releasing, balancer.due = True, now + self.clock.scaled(_RELEASE_SECONDS)
        if balancer is not None and now < balancer.due:
            self.enqueue_after(key, (balancer.due - now) * self.clock.speed)
            return
        if balancer is not None:
            await self._close(key, balancer)
        if (service.get("status") or {}).get("loadBalancer", {}).get("ingress"):
            await self.client.update_status("services", service, _status(service, []))
        await self.events.normal(service, "DeletedLoadBalancer", "Deleted load balancer")
        await self._let_go(service)

    async def _claim(self, service: dict) -> dict:
        """Mark a Service as one with a load balancer: it can't go before the finalizer does."""
        meta = service["metadata"]
        finalizers = meta.get("finalizers") or []
        if _FINALIZER in finalizers:
            return service
        metadata = {"finalizers": [*finalizers, _FINALIZER], "annotations": _NEG_ANNOTATION}
        return await self.client.patch("services", meta["name"], {"metadata": metadata}, meta["namespace"])

    async def _let_go(self, service: dict) -> None:
        meta = service["metadata"]
        finalizers = [one for one in meta.get("finalizers") or [] if one != _FINALIZER]
        body = {"metadata": {"finalizers": finalizers or None}}
        await self.client.patch("services", meta["name"], body, meta["namespace"])

    def _target(self, key: str, port: int) -> int | None:
        """Return the loopback port behind a ready pod of the Service, in turns; None where there is none."""
        return self._pods.turn(self._pods.ports(*split_key(key), port))

    async def _stop_forwarding(self, balancer: _Balancer) -> None:
        for forwarder in balancer.forwarders:
            await forwarder.stop()
        balancer.forwarders.clear()
        if balancer.binding is not None:
            balancer.binding.close()

    async def _close(self, key: str, balancer: _Balancer) -> None:
        await self._stop_forwarding(balancer)
        if balancer.binding is not None:
            self._addresses.release(balancer.binding.address)
        del self._balancers[key]


def _wants_balancer(service: dict) -> bool:
    spec = service["spec"]
    return spec.get("type") == "LoadBalancer" and not spec.get("loadBalancerClass") and not is_deleting(service)


def _is_internal(service: dict) -> bool:
    return annotations_of(service).get("networking.gke.io/load-balancer-type") == "Internal"


def _ports(service: dict) -> list[int]:
    return sorted(port["port"] for port in service["spec"]["ports"])


def _status(service: dict, ingress: list[dict]) -> dict:
    return {**(service.get("status") or {}), "loadBalancer": {"ingress": ingress} if ingress else {}}
