# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole recording in its order on one living cluster: what controllers wrote in it is written by controllers here.

The recorder had controllers and a scheduler and no nodes. They acted between some of its requests; here they are let
run at those places until they have done what the recording shows, and stand still in between.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Container

import pytest

from llmops_gke_sandbox import runtime
from llmops_gke_sandbox.agents.network.addresses import Addresses
from llmops_gke_sandbox.clock import Clock
from llmops_gke_sandbox.control.objects import condition
from llmops_gke_sandbox.controllers import CONTROLLERS
from llmops_gke_sandbox.controllers.workloads.deployment import DeploymentController
from llmops_gke_sandbox.faults import Faults
from llmops_gke_sandbox.kubernetes.errors import ApiError

from .test_golden import Normaliser, Replay, lists_and_watches

MANAGERS = {"kcm": "kube-controller-manager", "ksched": "kube-scheduler"}
BY_UID = re.compile(r'(?<=k:\{"uid":")[0-9a-f-]{36}')
HASHED = re.compile(r"mistral-7b-[a-z0-9]{8,10}\b(?:-[a-z0-9]{5}\b)?(?:\.[0-9a-f]{16}\b)?")


# What differs from the recording, and why.
DIFFERENT = {
    "managedFields": "of events: the sandbox's scheduler writes them as v1, the real one as events.k8s.io/v1",
    "series": "of events: how often the scheduler repeated itself depends on how long the recorder waited",
}


class LivingNormaliser(Normaliser):
    """Tells apart by name alone what controllers make up: hashes, names of pods and events."""

    def body(self, value: object) -> object:
        if isinstance(value, dict):
            value = {BY_UID.sub("UID", name): below for name, below in value.items()}
        return super().body(value)

    def field(self, name: str, value: object) -> object:
        if name == "manager":
            return MANAGERS.get(value, value)
        if name == "pod-template-hash":
            return "HASH"
        if name in ("eventTime", "lastObservedTime"):
            return "TIME"
        if name == "tolerations":
            # GKE lets pods that ask for GPUs onto its GPU nodes; the recorded server is none of GKE's.
            value = [one for one in value if one["key"] != "nvidia.com/gpu"]
        found = super().field(name, value)
        return HASHED.sub("mistral-7b-HASHED", found) if isinstance(found, str) else found


class BusyDeployment:
    """An API that refuses writes to Deployments: somebody else was always faster."""

    def __init__(self, api) -> None:
        self._api = api

    def __getattr__(self, name: str):
        return getattr(self._api, name)

    async def patch(self, resource, *args, **options):
        if resource == "deployments.apps":
            raise ApiError(409, "Conflict", "the object has been modified")
        return await self._api.patch(resource, *args, **options)


class Living:
    """Controllers that run when they are told to."""

    def __init__(self, cluster, monkeypatch) -> None:
        self._cluster, self._monkeypatch = cluster, monkeypatch

    async def until(self, holds: Callable[[], object], *, api=None, only: tuple = CONTROLLERS) -> None:
        self._monkeypatch.setattr(runtime, "CONTROLLERS", only)
        life = runtime.ClusterRuntime(
            "test", "p", "us-central1", api or self._cluster.api, clock=Clock(1000), faults=Faults(), hub=None,
            addresses=Addresses(), agents=False,
        )  # fmt: skip
        await life.start()
        async with asyncio.timeout(5):
            while not holds():
                await asyncio.sleep(0.002)
        await life.stop()

    def get(self, resource: str, name: str) -> dict:
        return self._cluster.api.get_now(resource, name, "golden") or {}

    def list(self, resource: str) -> list[dict]:
        return self._cluster.api.list_now(resource, "golden")

    def settled(self, generation: int) -> bool:
        """Whether the Deployment shows that a generation was seen, with pods that the scheduler has spoken of."""
        status = self.get("deployments.apps", "mistral-7b").get("status", {})
        return status.get("observedGeneration") == generation and bool(status.get("replicas")) and self.told()

    def told(self) -> bool:
        """Whether the scheduler has spoken of every pod."""
        return all(condition(pod, "PodScheduled") for pod in self.list("pods"))


class LivingReplay(Replay):
    """A replay on a living cluster: names that controllers made up decide no order, and events may repeat."""

    normaliser = LivingNormaliser

    def arranged(self, body: object) -> object:
        if not isinstance(body, dict) or "items" not in body:
            return body
        items = body["items"]
        if body["kind"] == "EventList":
            items = [_without(DIFFERENT, LivingNormaliser().body(one)) for one in items]
        by_content = {json.dumps(LivingNormaliser().body(one), sort_keys=True): one for one in items}
        return {**body, "items": [by_content[content] for content in sorted(by_content)]}


def _without(names: Container[str], body: dict) -> dict:
    """Return an object without fields of these names, at its top or in its metadata."""
    left = {name: value for name, value in body.items() if name not in names}
    return {**left, "metadata": {name: value for name, value in body["metadata"].items() if name not in names}}


@pytest.fixture
def living(cluster, monkeypatch):
    return Living(cluster, monkeypatch)


async def test_the_whole_recording_replays_on_a_living_cluster(cluster, client, living):
    await cluster.api.create("namespaces", {"metadata": {"name": "golden"}}, manager="python-requests")
    for kind in ("podmonitorings", "clusterpodmonitorings"):
        # The recorder's cluster was no GKE cluster, and got the one of them in a step of its own.
        await cluster.api.delete("customresourcedefinitions.apiextensions.k8s.io", f"{kind}.monitoring.googleapis.com")

    await LivingReplay(client, "auth").run()

    apply = LivingReplay(client, "apply_deployment")
    await apply.run(*range(4))
    await living.until(lambda: living.settled(1))
    await apply.run(*range(4, 9))

    # The recorded controller saw the template of generation 3; the next write came before it could tell so.
    def second() -> bool:
        return len(living.list("replicasets.apps")) == 2 and len(living.list("pods")) == 3 and living.told()

    await living.until(second, api=BusyDeployment(cluster.api))
    await apply.run(*range(9, len(apply.steps)))
    await living.until(lambda: living.settled(7))

    await LivingReplay(client, "patch_labels").run()
    await LivingReplay(client, "secret").run()

    autoscaler = LivingReplay(client, "hpa")
    await autoscaler.run(*range(4))
    await living.until(
        lambda: living.get("horizontalpodautoscalers.autoscaling", "mistral-7b-hpa")["status"].get("conditions")
    )
    await autoscaler.run(4)

    await lists_and_watches(client, LivingReplay(client, "lists_and_watch"))
    await LivingReplay(client, "custom_resource").run()
    await LivingReplay(client, "pod_failures").run()

    delete = LivingReplay(client, "delete")
    await delete.run(0, 1)
    await living.until(lambda: living.settled(8), only=(DeploymentController,))
    await delete.run(2)
    await living.until(lambda: not living.get("deployments.apps", "mistral-7b"))
    await delete.run(3, 4, 5, 6)
