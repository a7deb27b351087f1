# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Gateways: an address after a while, routes, health checks, TLS, and what is not played."""

from __future__ import annotations

import base64
import ssl

import aiohttp
import pytest
import trustme

from llmops_gke_sandbox.agents.network.http_routes import backend, not_simulated
from llmops_gke_sandbox.kubernetes.schema.published import published

from .conftest import EXPORTER, TOLERANT, deployment, service
from .test_load_balancers import free_port

GATEWAYS, ROUTES = "gateways.gateway.networking.k8s.io", "httproutes.gateway.networking.k8s.io"
EVERYWHERE = {"container": {"ports": [{"name": "metrics", "containerPort": 9400}]}, **TOLERANT}
BACKEND = [{"name": "exporter", "port": 9400}]


def rule(*paths: str, backends=BACKEND, **fields) -> dict:
    matches = [{"path": {"type": "PathPrefix", "value": path}} for path in paths]
    return {"matches": matches, "backendRefs": backends, **fields}


def route(*rules: dict, **fields) -> dict:
    spec = {"parentRefs": [{"name": "gateway"}], "rules": list(rules), **fields}
    return {"metadata": {"name": "route", "namespace": "default"}, "spec": spec}


def gateway(port: int, protocol: str = "HTTP", annotations: dict | None = None, **listener) -> dict:
    spec = {
        "gatewayClassName": "gke-l7-global-external-managed",
        "listeners": [{"name": "one", "protocol": protocol, "port": port, **listener}],
    }
    return {"metadata": {"name": "gateway", "namespace": "default", "annotations": annotations or {}}, "spec": spec}


def policy(plural: str, **default) -> tuple[str, dict]:
    target = {"group": "", "kind": "Service", "name": "exporter"}
    obj = {"metadata": {"name": "exporter", "namespace": "default"}, "spec": {"targetRef": target, "default": default}}
    return f"{plural}.networking.gke.io", obj


HEALTHY = policy("healthcheckpolicies", config={"type": "HTTP", "httpHealthCheck": {"requestPath": "/metrics"}})


async def programmed(world) -> dict:
    async def found() -> dict | None:
        return await world.api.get(GATEWAYS, "gateway", "default")

    async def conditions() -> dict:
        return {one["type"]: one for one in ((await found()).get("status") or {}).get("conditions") or []}

    for _turn in range(200):
        if "Programmed" in (known := await conditions()):
            return {**await found(), "programmed": known["Programmed"]}
        await world.clock.sleep(5)
    raise AssertionError("the Gateway is never set up")


async def up(world, *objects: tuple[str, dict], **given) -> str:
    """A program, its Service, a Gateway with a route, and the Gateway's address with its port."""
    for definition in published("gateway"):
        await world.cluster.define(definition)
    port = free_port()
    await world.api.create("deployments.apps", deployment("exporter", 1, EXPORTER, **EVERYWHERE))
    await world.api.create("services", {**service("exporter", port=9400, target="metrics"),
                                        "spec": {"type": "ClusterIP", "selector": {"app": "exporter"},
                                                 "ports": [{"port": 9400, "targetPort": "metrics"}]}})  # fmt: skip
    await world.available("exporter")
    await world.api.create(GATEWAYS, gateway(port, **given))
    await world.api.create(ROUTES, route(rule("/metrics", "/health")))
    for resource, obj in objects:
        await world.api.create(resource, obj)
    there = await programmed(world)
    if there["programmed"]["status"] != "True":
        return there["programmed"]["message"]
    return f"{there['status']['addresses'][0]['value']}:{port}"


async def get(url: str, tls: ssl.SSLContext | bool = True) -> tuple[int, str]:
    patience = aiohttp.ClientTimeout(total=2)
    async with aiohttp.ClientSession(timeout=patience) as session, session.get(url, ssl=tls) as answer:
        return answer.status, (await answer.text())[:40]


async def test_routes_lead_to_healthy_pods_and_nowhere_else(world):
    address = await up(world, HEALTHY)
    assert (await get(f"http://{address}/metrics"))[0] == 200
    assert await get(f"http://{address}/other") == (404, "fault filter abort")
    taken = await world.api.get(ROUTES, "route", "default")
    (parent,) = taken["status"]["parents"]
    assert {one["type"]: one["status"] for one in parent["conditions"]}["Accepted"] == "True"


async def test_without_a_health_check_of_its_own_a_backend_is_asked_for_the_root(world):
    address = await up(world)
    assert await get(f"http://{address}/metrics") == (503, "no healthy upstream")


async def test_a_gateway_goes_with_its_address(world):
    address = await up(world, HEALTHY)
    await world.api.delete(GATEWAYS, "gateway", "default")
    # A connection of the last moment may hang instead.
    with pytest.raises((aiohttp.ClientConnectionError, TimeoutError)):
        for _turn in range(200):
            await get(f"http://{address}/metrics")
            await world.clock.sleep(5)
    assert await world.api.get(GATEWAYS, "gateway", "default") is None


async def test_a_secret_makes_it_speak_tls(world):
    authority = trustme.CA()
    certificate = authority.issue_cert("model.example.com")
    data = {
        "tls.crt": base64.b64encode(certificate.cert_chain_pems[0].bytes()).decode(),
        "tls.key": base64.b64encode(certificate.private_key_pem.bytes()).decode(),
    }
    secret = {"metadata": {"name": "tls", "namespace": "default"}, "type": "kubernetes.io/tls", "data": data}
    await world.api.create("secrets", secret)
    address = await up(world, HEALTHY, protocol="HTTPS", tls={"certificateRefs": [{"name": "tls"}]})
    context = ssl.create_default_context()
    authority.configure_trust(context)
    context.check_hostname = False
    assert (await get(f"https://{address}/metrics", context))[0] == 200


async def test_what_it_does_not_play_it_says(world):
    said = await up(world, HEALTHY, protocol="HTTPS", annotations={"networking.gke.io/certmap": "some"})
    assert said == "The sandbox has no Certificate Manager: a certificate can only come from a Secret"


@pytest.mark.parametrize(
    ("path", "host", "expected"),
    [
        ("/v1/completions", "any", ("default", "exporter", 9400)),
        ("/v1", "any", ("default", "exporter", 9400)),
        ("/v10", "any", ("default", "other", 1)),
        ("/", "any", ("default", "other", 1)),
        ("/v1", "model.example.com:443", ("default", "named", 2)),
    ],
)
def test_the_longest_prefix_decides(path, host, expected):
    routes = [
        route(rule("/v1"), rule("/", backends=[{"name": "other", "port": 1}])),
        route(rule("/v1/", backends=[{"name": "named", "port": 2}]), hostnames=["model.example.com"]),
    ]
    found = backend(routes, host, path)
    assert found[:3] == expected
    assert backend([], host, path) is None


@pytest.mark.parametrize(
    ("one", "said"),
    [
        (rule("/"), None),
        (rule("/", filters=[{"type": "URLRewrite"}]), "filters"),
        (rule("/", backends=[*BACKEND, *BACKEND]), "several backends of a rule"),
        (
            rule("/", backends=[{"name": "pool", "kind": "Bucket"}]),
            "backends that are neither Service nor InferencePool",
        ),
        ({"matches": [{"headers": []}]}, "matches by anything but a path's prefix"),
    ],
)
def test_a_route_that_is_not_played_is_named(one, said):
    assert not_simulated(route(one)) == said
