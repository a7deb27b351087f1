# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Services of type LoadBalancer: an address that answers, and nothing left of it afterwards."""

from __future__ import annotations

import asyncio
import secrets
import socket

import aiohttp
import pytest

from llmops_gke_sandbox.agents.network.addresses import AddressError, Addresses

from .conftest import EXPORTER, TOLERANT, deployment, is_ready, service

FINALIZER = "service.kubernetes.io/load-balancer-cleanup"
EVERYWHERE = {"container": {"ports": [{"name": "metrics", "containerPort": 9400}]}, **TOLERANT}
ON_GPU = {**EVERYWHERE, "nodeSelector": {"cloud.google.com/gke-accelerator": "nvidia-l4"}}


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


async def _address(world, name: str) -> str:
    def found() -> str | None:
        ingress = world.service(name).get("status", {}).get("loadBalancer", {}).get("ingress")
        return ingress and ingress[0]["ip"]

    return await world.until(found, f"address of {name}")


async def _get(address: str, port: int) -> tuple[int, str]:
    async with aiohttp.ClientSession() as session, session.get(f"http://{address}:{port}/metrics") as answer:
        return answer.status, await answer.text()


async def _serve(world, name: str, replicas: int = 1, **fields) -> tuple[str, int]:
    port = free_port()
    await world.api.create("deployments.apps", deployment(name, replicas, EXPORTER, **(fields or EVERYWHERE)))
    await world.api.create("services", service(name, port=port, target="metrics"))
    address = await _address(world, name)
    await world.available(name)
    return address, port


async def test_the_address_answers_over_tcp(gpu_world):
    address, port = await _serve(gpu_world, "exporter", **ON_GPU)
    assert address.startswith("127.")
    status, text = await _get(address, port)
    assert status == 200
    line = next(one for one in text.splitlines() if one.startswith("DCGM_FI_DEV_FB_TOTAL{"))
    assert 'modelName="NVIDIA L4"' in line and line.endswith(" 23034")
    reasons = [event["reason"] for event in gpu_world.events("exporter") if event["source"].get("component") ==
               "service-controller"]  # fmt: skip
    assert sorted(reasons) == ["EnsuredLoadBalancer", "EnsuringLoadBalancer"]
    metadata = gpu_world.service("exporter")["metadata"]
    assert metadata["finalizers"] == [FINALIZER]
    assert metadata["annotations"] == {"cloud.google.com/neg": '{"ingress":true}'}


async def test_without_a_ready_pod_the_connection_is_closed(world):
    port = free_port()
    await world.api.create("services", service("nobody", port=port))
    address = await _address(world, "nobody")
    with pytest.raises((aiohttp.ClientConnectionError, ConnectionError)):
        await _get(address, port)


async def test_two_services_of_one_port_have_addresses_of_their_own(world):
    port = free_port()
    for name in ("one", "two"):
        await world.api.create("services", service(name, port=port))
    assert await _address(world, "one") != await _address(world, "two")


async def test_connections_go_to_ready_pods_in_turn(world):
    address, port = await _serve(world, "exporter", 2)
    await world.api.delete("pods", world.pods("exporter")[0]["metadata"]["name"], "default")
    assert (await _get(address, port))[0] == 200
    await world.available("exporter")
    slices = world.api.list_now("endpointslices.discovery.k8s.io", "default", "kubernetes.io/service-name=exporter")
    await world.until(lambda: sum(is_ready(pod) for pod in world.pods("exporter")) == 2)
    assert slices[0]["ports"] == [{"name": "", "port": 9400, "protocol": "TCP"}]


async def test_deleting_the_service_ends_the_listener_and_then_the_service(world):
    address, port = await _serve(world, "exporter")
    await world.api.delete("services", "exporter", "default")
    assert world.service("exporter")["metadata"]["deletionTimestamp"]
    await world.until(lambda: world.service("exporter") is None)
    with pytest.raises(OSError):
        await asyncio.open_connection(address, port)
    assert world.events("exporter", "DeletedLoadBalancer")
    assert world.api.get_now("endpoints", "exporter", "default") is None
    await world.until(lambda: not world.api.list_now("endpointslices.discovery.k8s.io", "default", "app"))


async def test_another_port_keeps_the_address(world):
    address, port = await _serve(world, "exporter")
    other = free_port()
    await world.api.patch("services", "exporter", {"spec": {"ports": [{"port": other, "targetPort": 9400}]}}, "default")

    async def answers() -> bool:
        try:
            return (await _get(address, other))[0] == 200
        except (aiohttp.ClientConnectionError, ConnectionError):
            return False

    async with asyncio.timeout(5):
        while not await answers():
            await asyncio.sleep(0.005)
    with pytest.raises(OSError):
        await asyncio.open_connection(address, port)


async def test_a_service_that_is_one_no_more_gives_its_address_back(world):
    address, port = await _serve(world, "exporter")
    await world.api.patch("services", "exporter", {"spec": {"type": "ClusterIP"}}, "default")
    await world.until(lambda: not world.service("exporter")["metadata"].get("finalizers"))
    assert not world.service("exporter")["status"]["loadBalancer"]
    with pytest.raises(OSError):
        await asyncio.open_connection(address, port)


async def test_the_fault_no_address_is_told_and_ends_when_lifted(world):
    world.faults.add("no_address", times=1, match={"service": "late"}, message="quota 'IN_USE_ADDRESSES' exceeded")
    await world.api.create("services", service("late", port=free_port()))
    (event,) = await world.until(lambda: world.events("late", "SyncLoadBalancerFailed"))
    text = "Error syncing load balancer: failed to ensure load balancer: quota 'IN_USE_ADDRESSES' exceeded"
    assert (event["type"], event["message"]) == ("Warning", text)
    assert await _address(world, "late")


def test_addresses_are_tried_until_one_is_free(monkeypatch):
    # Two sandboxes that know nothing of each other happen to begin at the same address.
    monkeypatch.setattr(secrets, "randbelow", lambda limit: limit // 2)
    port = free_port()
    one, two = Addresses().listen([port]), Addresses().listen([port])
    assert one.address != two.address
    one.close()
    two.close()


def test_ports_of_one_service_share_an_address_or_nothing_is_taken():
    addresses = Addresses()
    ports = sorted({free_port(), free_port()})
    binding = addresses.listen(ports)
    assert sorted(binding.sockets) == ports
    with pytest.raises(AddressError, match="in use on every loopback address"):
        addresses.listen(ports, binding.address)
    binding.close()


def test_a_port_that_needs_a_right_is_named(monkeypatch):
    def refuse(_self, _address):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(socket.socket, "bind", refuse)
    with pytest.raises(AddressError, match=r"may not listen on port 80: choose service ports of 1024 and above"):
        Addresses().listen([80, 8080])


def test_without_more_loopback_addresses_the_only_one_is_shared(monkeypatch):
    bind = socket.socket.bind

    def only_one(self, address):
        if address[0] != "127.0.0.1":
            raise OSError(99, "Cannot assign requested address")
        bind(self, address)

    monkeypatch.setattr(socket.socket, "bind", only_one)
    binding = Addresses().listen([free_port()])
    assert (binding.address, binding.shared) == ("127.0.0.1", True)
    binding.close()
