# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Probes: real requests to the port behind the pod's address."""

from __future__ import annotations

import asyncio

import aiohttp

from llmops_gke_sandbox.agents.network.pod_network import PodNetwork
from llmops_gke_sandbox.workloads.base import GRPC_HEALTH


class Prober:
    """Carries probes out for all pods of a cluster."""

    def __init__(self, network: PodNetwork) -> None:
        self._network = network
        self._session: aiohttp.ClientSession | None = None

    async def stop(self) -> None:
        """Close what is open."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def failure(self, probe: dict, container: dict, address: str) -> str | None:
        """Carry a probe out once; return what is wrong in the kubelet's words, None if nothing is.

        The timeout is wall time, other than all else here: the request is real, and so is the time it takes.
        """
        try:
            # Not wait_for: in Python 3.11 it may swallow the cancellation that ends a container's probing.
            async with asyncio.timeout(float(probe.get("timeoutSeconds", 1))):
                if "httpGet" in probe:
                    return await self._http(probe["httpGet"], container, address)
                if "tcpSocket" in probe:
                    return await self._tcp(probe["tcpSocket"], container, address)
                if "grpc" in probe:
                    return await self._grpc(probe["grpc"], address)
        except TimeoutError:
            return "context deadline exceeded (Client.Timeout exceeded while awaiting headers)"
        return f"the sandbox has no {'exec' if 'exec' in probe else 'such'} probes"

    async def _http(self, action: dict, container: dict, address: str) -> str | None:
        port = port_number(action["port"], container)
        local = self._network.local_port(address, port)
        path = action.get("path") or "/"
        url = f"{action.get('scheme', 'HTTP').lower()}://{address}:{port}{path}"
        refused = f'Get "{url}": dial tcp {address}:{port}: connect: connection refused'
        if local is None:
            return refused
        headers = {
            "User-Agent": "kube-probe/1.36",
            **{one["name"]: one["value"] for one in action.get("httpHeaders") or []},
        }
        try:
            async with self._opened().get(f"http://127.0.0.1:{local}{path}", headers=headers) as answer:
                status = answer.status
        except aiohttp.ClientConnectorError:
            return refused
        except (aiohttp.ClientError, OSError):
            return f'Get "{url}": EOF'
        return None if 200 <= status < 400 else f"HTTP probe failed with statuscode: {status}"

    async def _tcp(self, action: dict, container: dict, address: str) -> str | None:
        port = port_number(action["port"], container)
        local = self._network.local_port(address, port)
        try:
            if local is None:
                raise ConnectionRefusedError
            _reader, writer = await asyncio.open_connection("127.0.0.1", local)
        except OSError:
            return f"dial tcp {address}:{port}: connect: connection refused"
        writer.transport.abort()
        return None

    async def _grpc(self, action: dict, address: str) -> str | None:
        """The health protocol by HTTP/1.1 with JSON, which the sandbox's own programs take in place of HTTP/2."""
        local = self._network.local_port(address, action["port"])
        query = {"service": action.get("service", "")}
        try:
            if local is None:
                raise ConnectionRefusedError
            async with self._opened().get(f"http://127.0.0.1:{local}{GRPC_HEALTH}", params=query) as answer:
                status = (await answer.json())["status"] if answer.status == 200 else "UNKNOWN"
        except (aiohttp.ClientError, OSError, ValueError, KeyError):
            return f'timeout: failed to connect service "{address}:{action["port"]}" within 1s'
        return None if status == "SERVING" else f'service unhealthy (responded with "{status}")'

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            # A probe is a connection of its own, as the kubelet's is: a kept one would hide that nobody accepts.
            # No proxy of the environment can reach a port of this process.
            connector = aiohttp.TCPConnector(force_close=True)
            self._session = aiohttp.ClientSession(connector=connector, trust_env=False)
        return self._session


def port_number(port: int | str, container: dict) -> int:
    """Return the number of a probe's port, which may be the name of one of the container's; 0 for a name not there."""
    if isinstance(port, int) or port.isdigit():
        return int(port)
    return next((one["containerPort"] for one in container.get("ports") or [] if one.get("name") == port), 0)
