# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Port forwarding through the API server: the tunnel of kubectl, and the channels of the Python client."""

from __future__ import annotations

import asyncio
import http.client
import re
import ssl

import aiohttp
import pytest
import pytest_asyncio

from .conftest import EXPORTER, GPU, TOKEN, TOLERANT, Kubectl, pod

PATH = "/api/v1/namespaces/default/pods/p/portforward"
needs_kubectl = pytest.mark.skipif(Kubectl.program is None, reason="kubectl is not installed")


@pytest_asyncio.fixture
async def live(served):
    """A cluster with a pod that answers on port 9400."""
    world, kubectl = served
    await world.api.create("pods", pod("p", EXPORTER, **GPU, **TOLERANT))
    await world.started("p")
    return world, kubectl


async def port_of(process: asyncio.subprocess.Process) -> int:
    """Return the local port that a running ``kubectl port-forward`` says it has."""
    line = (await asyncio.wait_for(process.stdout.readline(), 10)).decode()
    found = re.search(r"127\.0\.0\.1:(\d+) ->", line)
    assert found, line
    return int(found[1])


async def end(process: asyncio.subprocess.Process) -> str:
    """Stop a process that may have ended by itself, and return what it still had to say."""
    if process.returncode is None:
        process.terminate()
    output, _ = await process.communicate()
    return output.decode()


@needs_kubectl
async def test_kubectl_port_forward_carries_requests_side_by_side(live):
    _world, kubectl = live
    forwarding = await kubectl.start("port-forward", "pod/p", ":9400")
    try:
        port = await port_of(forwarding)
        async with aiohttp.ClientSession() as session:

            async def get(path: str) -> tuple[int, str]:
                async with session.get(f"http://127.0.0.1:{port}{path}") as answer:
                    return answer.status, await answer.text()

            answers = await asyncio.gather(*(get("/health") for _ in range(5)), get("/metrics"), get("/nowhere"))
        assert [status for status, _ in answers] == [200] * 6 + [404]
    finally:
        await end(forwarding)


@needs_kubectl
async def test_kubectl_port_forward_says_that_nothing_listens(live):
    _world, kubectl = live
    forwarding = await kubectl.start("port-forward", "pod/p", ":1234")
    port = await port_of(forwarding)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    assert await reader.read() == b""
    writer.close()
    output = await end(forwarding)
    assert "an error occurred forwarding" in output and "connect: connection refused" in output


async def test_the_python_client_forwards_a_port(live):
    _world, kubectl = live
    kubernetes = pytest.importorskip("kubernetes")

    def session() -> tuple[int, str | None]:
        core = kubernetes.client.CoreV1Api(kubernetes.config.new_client_from_config(str(kubectl.file)))
        connect = core.connect_get_namespaced_pod_portforward
        forward = kubernetes.stream.portforward(connect, "p", "default", ports="9400")
        connection = http.client.HTTPConnection("p", 80)
        connection.sock = forward.socket(9400)
        connection.request("GET", "/health", headers={"Connection": "close"})
        status = connection.getresponse().status
        refused = kubernetes.stream.portforward(connect, "p", "default", ports="1")
        assert refused.socket(1).recv(1) == b""
        return status, refused.error(1)

    status, error = await asyncio.to_thread(session)
    assert status == 200 and "connect: connection refused" in error


@pytest.mark.parametrize(
    ("path", "headers", "status", "message"),
    [
        (f"{PATH}?ports=9400", {}, 400, "Upgrade request required"),
        (PATH, {"Upgrade": "SPDY/3.1", "Connection": "Upgrade"}, 501, "port forwarding in plain SPDY"),
        (PATH, {"Upgrade": "websocket"}, 400, '"ports" is required'),
        (f"{PATH}?ports=x", {"Upgrade": "websocket"}, 400, 'unable to parse "x" as a port'),
        (PATH, {"Upgrade": "websocket", "Sec-WebSocket-Protocol": "v9"}, 400, "v9: supported protocols"),
        (PATH.replace("/p/", "/q/"), {"Upgrade": "websocket"}, 404, 'pods "q" not found'),
    ],
)
async def test_what_is_no_port_forwarding_is_refused(live, path, headers, status, message):
    world, _kubectl = live
    context = ssl.create_default_context(cadata=world.cluster.ca_certificate.decode())
    headers = {**headers, "Authorization": f"Bearer {TOKEN}"}
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"https://{world.cluster.endpoint}{path}", headers=headers, ssl=context) as answer,
    ):
        assert (answer.status, message in (await answer.json())["message"]) == (status, True)
