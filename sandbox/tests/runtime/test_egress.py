# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The proxy through which an API server that somebody else runs reaches simulated pods."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

import pytest
import pytest_asyncio

from llmops_gke_sandbox.remote.egress import Egress

from .conftest import EXPORTER, GPU, TOLERANT, deployment, service

GET = b"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
GROUP = {"group": "x.example.com", "version": "v1", "groupPriorityMinimum": 1, "versionPriority": 1}


@pytest_asyncio.fixture
async def socket(gpu_world, tmp_path):
    """The socket of a cluster on which one exporter runs, behind a Service."""
    path = tmp_path / "kubeconfig.egress"
    path.write_text("left by a sandbox that was killed")
    egress = Egress(path, gpu_world.runtime.route)
    await egress.start()
    yield path
    await egress.stop()
    assert not path.exists()


async def connect(socket: Path, target: str):
    reader, writer = await asyncio.open_unix_connection(socket)
    writer.write(f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n".encode())
    status = (await reader.readuntil(b"\r\n\r\n")).split(b" ", 2)[1]
    return int(status), reader, writer


async def exporter(world) -> dict:
    await world.api.create("deployments.apps", deployment("model", 1, EXPORTER, **GPU, **TOLERANT))
    await world.available("model")
    await world.api.create("services", service("model"))
    return world.service("model")


async def answered(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    writer.write(GET)
    return b"DCGM_FI_DEV_GPU_UTIL" in await reader.read()


async def test_a_pod_s_address_leads_to_what_listens_there(socket, gpu_world):
    await exporter(gpu_world)
    (pod,) = gpu_world.pods("model")
    status, reader, writer = await connect(socket, f"{pod['status']['podIP']}:9400")
    assert status == 200 and await answered(reader, writer)


@pytest.mark.parametrize("named", [True, False])
async def test_a_service_is_found_by_address_and_by_name(socket, gpu_world, named):
    made = await exporter(gpu_world)
    host = "model.default.svc" if named else made["spec"]["clusterIP"]
    await gpu_world.until(lambda: gpu_world.runtime.route(host, 8123), "the Service answers")
    status, reader, writer = await connect(socket, f"{host}:8123")
    assert status == 200 and await answered(reader, writer)


async def test_an_api_that_a_service_serves_is_asked_over_tls(socket, gpu_world):
    await exporter(gpu_world)
    asked = {"namespace": "default", "name": "model", "port": 8123}
    api = {"metadata": {"name": "v1.x.example.com"}, "spec": GROUP | {"service": asked}}
    await gpu_world.api.create("apiservices.apiregistration.k8s.io", api)
    route = gpu_world.runtime.route
    await gpu_world.until(lambda: (found := route("model.default.svc", 8123)) and found[2], "it is known as an API")
    status, reader, writer = await connect(socket, "model.default.svc:8123")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE
    await writer.start_tls(tls)
    assert status == 200 and await answered(reader, writer)


@pytest.mark.parametrize(("target", "status"), [("10.1.2.3:80", 502), ("none.default.svc:80", 502), ("nonsense", 400)])
async def test_what_is_not_there_is_refused(socket, target, status):
    assert (await connect(socket, target))[0] == status


async def test_a_place_that_cannot_be_listened_on_is_told_and_no_failure(gpu_world, tmp_path, caplog):
    for place in (tmp_path / "none" / "socket", tmp_path / ("x" * 120)):
        egress = Egress(place, gpu_world.runtime.route)
        await egress.start()
        await egress.stop()
        assert str(place) in caplog.text
