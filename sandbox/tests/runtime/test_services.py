# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Endpoints and EndpointSlices follow the pods behind a Service."""

from __future__ import annotations

from .conftest import EXPORTER, deployment, pod, service

SLICES = "endpointslices.discovery.k8s.io"


def _slices(world, name: str) -> list[dict]:
    return world.api.list_now(SLICES, "default", f"kubernetes.io/service-name={name}")


def _subsets(world, name: str) -> list[dict]:
    return (world.api.get_now("endpoints", name, "default") or {}).get("subsets") or []


async def test_ready_pods_are_listed_with_their_ports(world):
    await world.api.create("services", service("web", "ClusterIP", 80, 9400))
    await world.api.create("deployments.apps", deployment("web", 2, EXPORTER))
    await world.available("web")
    subset = (await world.until(lambda: [one for one in _subsets(world, "web") if len(one.get("addresses", ())) == 2]))[
        0
    ]
    assert subset["ports"] == [{"port": 9400, "protocol": "TCP"}]
    assert {one["targetRef"]["name"] for one in subset["addresses"]} == {
        one["metadata"]["name"] for one in world.pods("web")
    }
    (piece,) = _slices(world, "web")
    assert [one["conditions"]["ready"] for one in piece["endpoints"]] == [True, True]
    assert piece["endpoints"][0]["zone"] == "us-central1-a"
    assert piece["metadata"]["ownerReferences"][0]["kind"] == "Service"


async def test_a_pod_that_is_not_ready_is_listed_as_such(world):
    await world.api.create("services", service("web", "ClusterIP", 80, 9400))
    probe = {"tcpSocket": {"port": 1}, "periodSeconds": 1}
    await world.api.create("pods", pod("web", container={"readinessProbe": probe}))
    (subset,) = await world.until(lambda: _subsets(world, "web"))
    assert "addresses" not in subset and len(subset["notReadyAddresses"]) == 1
    (piece,) = _slices(world, "web")
    assert piece["endpoints"][0]["conditions"] == {"ready": False, "serving": False, "terminating": False}


async def test_a_service_without_pods_has_empty_endpoints_and_an_empty_slice(world):
    await world.api.create("services", service("web", "ClusterIP", 80))
    (piece,) = await world.until(lambda: _slices(world, "web"))
    assert not piece.get("endpoints")
    assert world.api.get_now("endpoints", "web", "default") is not None
    await world.api.create("pods", pod("web"))
    await world.started("web")
    await world.until(lambda: [one.get("endpoints") for one in _slices(world, "web")] != [[]])
    assert len(_slices(world, "web")) == 1


async def test_a_pod_that_goes_leaves_the_lists(world):
    await world.api.create("services", service("web", "ClusterIP", 80))
    await world.api.create("pods", pod("web"))
    await world.started("web")
    await world.until(lambda: _subsets(world, "web"))
    await world.api.delete("pods", "web", "default")
    await world.until(lambda: not _subsets(world, "web"))
    await world.until(lambda: not _slices(world, "web")[0].get("endpoints"))
