# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Evictions keep to PodDisruptionBudgets: what ``kubectl drain`` and node pool upgrades rely on."""

from __future__ import annotations

import pytest
import pytest_asyncio

from llmops_gke_sandbox.kubernetes.errors import ApiError
from llmops_gke_sandbox.kubernetes.lifecycle.eviction import evict

from .conftest import DEFAULT_POOL, ZONE, Kubectl, deployment

BUDGETS = "poddisruptionbudgets.policy"


def budget(name: str = "web", **spec) -> dict:
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"selector": {"matchLabels": {"app": "web"}}, **spec},
    }


def status(world, name: str = "web") -> dict:
    found = world.api.get_now(BUDGETS, name, "default")
    return found["status"] if found["status"].get("observedGeneration") else {}


@pytest_asyncio.fixture
async def web(world):
    await world.api.create("deployments.apps", deployment("web", 3))
    await world.available("web")
    return world


def eviction(world, name: str, **options) -> dict:
    verbs = world.api._verbs
    body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name}, **options}
    return evict(verbs, verbs.registry.named("pods"), "default", name, body)


@pytest.mark.parametrize(
    ("spec", "wanted", "allowed"),
    [
        ({"minAvailable": 2}, 2, 1),
        ({"minAvailable": "50%"}, 2, 1),
        ({"maxUnavailable": 2}, 1, 2),
        ({"maxUnavailable": "30%"}, 2, 1),
        ({"minAvailable": 4}, 4, 0),
    ],
)
async def test_a_budget_says_how_many_may_go(web, spec, wanted, allowed):
    await web.api.create(BUDGETS, budget(**spec))
    found = await web.until(lambda: status(web))
    assert (found["expectedPods"], found["currentHealthy"]) == (3, 3)
    assert (found["desiredHealthy"], found["disruptionsAllowed"]) == (wanted, allowed)
    assert found["conditions"][0]["reason"] == ("SufficientPods" if allowed else "InsufficientPods")


async def test_an_eviction_beyond_the_budget_is_refused_and_says_why(web):
    await web.api.create(BUDGETS, budget(minAvailable=2))
    await web.until(lambda: status(web))
    first, second, _third = (one["metadata"]["name"] for one in web.pods("web"))
    assert eviction(web, first, deleteOptions={"dryRun": ["All"]})["status"] == "Success"
    assert status(web)["disruptionsAllowed"] == 1
    assert eviction(web, first)["status"] == "Success"
    going = web.pod(first)
    assert "deletionTimestamp" in going["metadata"]
    assert any(one.get("reason") == "EvictionByEvictionAPI" for one in going["status"]["conditions"])
    with pytest.raises(ApiError) as refused:
        eviction(web, second)
    assert (refused.value.status, refused.value.reason) == (429, "TooManyRequests")
    assert refused.value.message == "Cannot evict pod as it would violate the pod's disruption budget."
    (cause,) = refused.value.details["causes"]
    assert cause["reason"] == "DisruptionBudget"
    assert cause["message"].startswith("The disruption budget web needs 2 healthy pods and has ")
    await web.until(lambda: status(web)["disruptionsAllowed"] == 1)
    assert eviction(web, second)["status"] == "Success"


async def test_two_budgets_for_one_pod_are_refused(web):
    for name in ("one", "two"):
        await web.api.create(BUDGETS, budget(name, maxUnavailable=1))
    with pytest.raises(ApiError, match="more than one PodDisruptionBudget"):
        eviction(web, web.pods("web")[0]["metadata"]["name"])


@pytest.mark.skipif(Kubectl.program is None, reason="kubectl is not installed")
async def test_kubectl_drains_a_node(served):
    world, kubectl = served
    await kubectl("apply", "-f", "-", given=deployment("web"))
    await kubectl("apply", "-f", "-", given=budget(maxUnavailable=1))
    await world.available("web")
    await world.until(lambda: status(world))
    await world.runtime.add_node(DEFAULT_POOL, ZONE, "plain-2")
    assert "node/plain-1 drained" in await kubectl("drain", "plain-1", "--timeout=20s")
    await world.available("web")
    assert {one["spec"]["nodeName"] for one in world.pods("web")} == {"plain-2"}
