# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""StatefulSets: names that stay, one pod after the other, rollouts from the last to the first."""

from __future__ import annotations

import pytest

from llmops_gke_sandbox.control.objects import is_pod_ready

from .conftest import EXPORTER, PAUSE, Kubectl, pod_spec


def stateful_set(name: str = "db", replicas: int = 2, **spec) -> dict:
    return {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {
            "replicas": replicas,
            "serviceName": name,
            "selector": {"matchLabels": {"app": name}},
            "template": {"metadata": {"labels": {"app": name}}, "spec": pod_spec(PAUSE)},
            **spec,
        },
    }


def found(world) -> dict:
    return world.api.get_now("statefulsets.apps", "db", "default")


async def settled(world, replicas: int) -> dict:
    def done() -> dict | None:
        one = found(world)
        status = one.get("status", {})
        counts = [status.get(key, 0) for key in ("replicas", "readyReplicas", "updatedReplicas", "currentReplicas")]
        observed = status.get("observedGeneration") == one["metadata"]["generation"]
        same = status.get("currentRevision") == status.get("updateRevision")
        return one if observed and same and counts == [replicas] * 4 else None

    return await world.until(done, f"{replicas} replicas")


async def test_pods_come_one_after_the_other_with_names_that_stay(world):
    seen: list[tuple[str, bool]] = []
    create = world.api.create

    async def watched(resource, obj, *args, **options):
        if resource == "pods":
            seen.append((obj["metadata"]["name"], all(map(is_pod_ready, world.pods("db")))))
        return await create(resource, obj, *args, **options)

    world.api.create = watched
    await world.api.create("statefulsets.apps", stateful_set(replicas=3))
    await settled(world, 3)
    assert seen == [("db-0", True), ("db-1", True), ("db-2", True)]
    (first, *_) = sorted(world.pods("db"), key=lambda one: one["metadata"]["name"])
    labels = first["metadata"]["labels"]
    assert (labels["statefulset.kubernetes.io/pod-name"], labels["apps.kubernetes.io/pod-index"]) == ("db-0", "0")
    assert labels["controller-revision-hash"] == found(world)["status"]["currentRevision"]
    assert (first["spec"]["hostname"], first["spec"]["subdomain"]) == ("db-0", "db")
    await world.api.delete("pods", "db-1", "default")
    await world.until(lambda: [name for name, _ in seen].count("db-1") == 2)
    await settled(world, 3)


async def test_the_last_pods_go_first_when_it_shrinks(world):
    body = stateful_set(replicas=3, podManagementPolicy="Parallel")
    await world.api.create("statefulsets.apps", body)
    await settled(world, 3)
    await world.api.patch("statefulsets.apps", "db", {"spec": {"replicas": 1}}, "default")
    await settled(world, 1)
    assert [one["metadata"]["name"] for one in world.pods("db")] == ["db-0"]
    assert len(world.events("db", "SuccessfulDelete")) == 2


async def test_an_update_stops_at_the_partition(world):
    rolling = {"type": "RollingUpdate", "rollingUpdate": {"partition": 1}}
    await world.api.create("statefulsets.apps", stateful_set(updateStrategy=rolling))
    await settled(world, 2)
    template = {"spec": {"containers": [{"name": "main", "image": EXPORTER}]}}
    await world.api.patch("statefulsets.apps", "db", {"spec": {"template": template}}, "default")

    def images() -> list[str]:
        pods = sorted(world.pods("db"), key=lambda one: one["metadata"]["name"])
        return [one["spec"]["containers"][0]["image"] for one in pods if is_pod_ready(one)]

    await world.until(lambda: images() == [PAUSE, EXPORTER])
    await world.until(lambda: found(world)["status"].get("updatedReplicas") == 1)
    status = found(world)["status"]
    assert status["currentRevision"] != status["updateRevision"] and status["currentReplicas"] == 1


async def test_claims_of_volumes_are_made_and_kept(world):
    claim = {"metadata": {"name": "data"}, "spec": {"accessModes": ["ReadWriteOnce"],
             "resources": {"requests": {"storage": "1Gi"}}}}  # fmt: skip
    await world.api.create("statefulsets.apps", stateful_set(replicas=1, volumeClaimTemplates=[claim]))
    pod = await world.until(lambda: world.pod("db-0"))
    assert {"name": "data", "persistentVolumeClaim": {"claimName": "data-db-0"}} in pod["spec"]["volumes"]
    made = world.api.get_now("persistentvolumeclaims", "data-db-0", "default")
    assert made["spec"]["resources"] == {"requests": {"storage": "1Gi"}}
    await world.api.delete("statefulsets.apps", "db", "default")
    await world.until(lambda: world.pod("db-0") is None)
    assert world.api.get_now("persistentvolumeclaims", "data-db-0", "default")


@pytest.mark.skipif(Kubectl.program is None, reason="kubectl is not installed")
async def test_kubectl_rolls_a_stateful_set_out_and_back(served):
    world, kubectl = served
    await kubectl("apply", "-f", "-", given=stateful_set())
    assert "roll" in await kubectl("rollout", "status", "statefulset/db")
    await kubectl("set", "image", "statefulset/db", f"main={EXPORTER}")
    await kubectl("rollout", "status", "statefulset/db")
    await settled(world, 2)
    history = await kubectl("rollout", "history", "statefulset/db")
    assert [line.split()[0] for line in history.splitlines()[2:] if line] == ["1", "2"]
    await kubectl("rollout", "undo", "statefulset/db")
    await world.until(lambda: found(world)["spec"]["template"]["spec"]["containers"][0]["image"] == PAUSE)
    await settled(world, 2)
    assert "2/2" in await kubectl("get", "statefulsets")
