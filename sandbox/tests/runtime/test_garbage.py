# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Deletion: what is owned goes along, is waited for, or is set free; a namespace takes all that is in it."""

from __future__ import annotations

import pytest

from llmops_gke_sandbox.kubernetes.errors import ApiError

from .conftest import deployment, pod, service


async def _deploy(world, name: str = "web") -> None:
    await world.api.create("deployments.apps", deployment(name, 2))
    await world.available(name)


def _sets(world) -> list[dict]:
    return world.api.list_now("replicasets.apps", "default")


async def test_background_the_owner_goes_first(world):
    await _deploy(world)
    await world.api.delete("deployments.apps", "web", "default")
    assert world.deployment("web") is None
    await world.until(lambda: not _sets(world) and not world.pods())


async def test_foreground_the_owner_goes_last(world):
    await _deploy(world)
    await world.api.delete("deployments.apps", "web", "default", propagation="Foreground")
    assert world.deployment("web")["metadata"]["finalizers"] == ["foregroundDeletion"]

    def owner_stays() -> bool:
        gone = world.deployment("web") is None
        assert not gone or not (world.pods() or _sets(world)), "the owner went before its dependents"
        return gone

    await world.until(owner_stays)


async def test_orphans_stay_without_an_owner(world):
    await _deploy(world)
    await world.api.delete("deployments.apps", "web", "default", propagation="Orphan")
    await world.until(lambda: world.deployment("web") is None)
    (left,) = _sets(world)
    assert not left["metadata"].get("ownerReferences")
    assert len(world.pods()) == 2


async def test_an_object_of_an_owner_that_is_not_there_goes(world):
    reference = {"apiVersion": "v1", "kind": "ConfigMap", "name": "gone", "uid": "0000"}
    await world.api.create("configmaps", {"metadata": {"name": "lost", "ownerReferences": [reference]}}, "default")
    await world.until(lambda: world.api.get_now("configmaps", "lost", "default") is None)


async def test_one_of_two_owners_is_enough(world):
    owners = [await world.api.create("configmaps", {"metadata": {"name": name}}, "default") for name in ("a", "b")]
    references = [
        {"apiVersion": "v1", "kind": "ConfigMap", "name": one["metadata"]["name"], "uid": one["metadata"]["uid"]}
        for one in owners
    ]
    await world.api.create("secrets", {"metadata": {"name": "kept", "ownerReferences": references}}, "default")
    await world.api.delete("configmaps", "a", "default")
    kept = await world.until(
        lambda: (
            len((one := world.api.get_now("secrets", "kept", "default"))["metadata"]["ownerReferences"]) == 1 and one
        )
    )
    assert kept["metadata"]["ownerReferences"][0]["name"] == "b"


async def test_custom_resources_are_collected_too(world):
    owner = await world.api.create("configmaps", {"metadata": {"name": "owner"}}, "default")
    reference = {"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": owner["metadata"]["uid"]}
    monitoring = {
        "apiVersion": "monitoring.googleapis.com/v1",
        "kind": "PodMonitoring",
        "metadata": {"name": "dcgm", "ownerReferences": [reference]},
        "spec": {"selector": {}, "endpoints": [{"port": "metrics"}]},
    }
    resource = "podmonitorings.monitoring.googleapis.com"
    await world.api.create(resource, monitoring, "default")
    await world.api.delete("configmaps", "owner", "default")
    await world.until(lambda: world.api.get_now(resource, "dcgm", "default") is None)


async def test_a_namespace_takes_everything_with_it(world):
    await world.api.create("namespaces", {"metadata": {"name": "team"}})
    await world.until(lambda: world.api.get_now("serviceaccounts", "default", "team"))
    for resource, obj in (("pods", pod("one")), ("services", service("one")), ("deployments.apps", deployment("web"))):
        obj["metadata"]["namespace"] = "team"
        await world.api.create(resource, obj, "team")
    await world.until(lambda: len(world.pods(namespace="team")) == 2)
    await world.api.delete("namespaces", "team")
    assert world.api.get_now("namespaces", "team")["status"]["phase"] == "Terminating"
    with pytest.raises(ApiError, match="because it is being terminated"):
        await world.api.create("configmaps", {"metadata": {"name": "late"}}, "team")
    await world.until(lambda: world.api.get_now("namespaces", "team") is None)
    assert not world.pods(namespace="team") and not world.api.list_now("services", "team")


async def test_every_namespace_has_a_default_service_account(world):
    names = [one["metadata"]["name"] for one in world.api.list_now("namespaces")]
    await world.until(lambda: all(world.api.get_now("serviceaccounts", "default", name) for name in names))
