# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Deployments come up, scale, roll, roll back and fail as kubectl expects it."""

from __future__ import annotations

from llmops_gke_sandbox.kubernetes.errors import ApiError

from .conftest import DEFAULT_POOL, EXPORTER, GPU, PAUSE, TOLERANT, ZONE, deployment, pod


def _conditions(obj: dict) -> dict[str, tuple[str, str]]:
    return {one["type"]: (one["status"], one["reason"]) for one in obj["status"].get("conditions", ())}


async def _patch_spec(world, name: str, spec: dict) -> None:
    await world.api.patch("deployments.apps", name, {"spec": spec}, "default")


def _template(image: str = PAUSE, **labels: str) -> dict:
    container = {"name": "main", "image": image, "env": [{"name": key, "value": one} for key, one in labels.items()]}
    return {"template": {"spec": {"containers": [container]}}}


async def test_it_comes_up_on_a_gpu_node_and_says_so(gpu_world):
    await gpu_world.api.create("deployments.apps", deployment("model", **GPU, **TOLERANT))
    found = await gpu_world.available("model")
    assert _conditions(found) == {
        "Available": ("True", "MinimumReplicasAvailable"),
        "Progressing": ("True", "NewReplicaSetAvailable"),
    }
    (pod,) = gpu_world.pods("model")
    assert pod["spec"]["nodeName"] == "gpu-1"
    assert found["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == "1"
    (event,) = gpu_world.events("model", "ScalingReplicaSet")
    replica_set = pod["metadata"]["ownerReferences"][0]["name"]
    assert event["message"] == f"Scaled up replica set {replica_set} from 0 to 1"
    assert event["source"] == {"component": "deployment-controller"}


async def test_while_nothing_runs_it_is_progressing_and_unavailable(empty):
    await empty.api.create("deployments.apps", deployment("model"))
    found = await empty.until(lambda: (one := empty.deployment("model")).get("status", {}).get("replicas") and one)
    assert _conditions(found) == {
        "Available": ("False", "MinimumReplicasUnavailable"),
        "Progressing": ("True", "ReplicaSetUpdated"),
    }
    assert found["status"]["unavailableReplicas"] == 1
    assert found["status"]["terminatingReplicas"] == 0


async def test_scaling_up_and_down(world):
    await world.api.create("deployments.apps", deployment("web"))
    await world.available("web")
    await _patch_spec(world, "web", {"replicas": 3})
    assert (await world.available("web"))["status"]["readyReplicas"] == 3
    await _patch_spec(world, "web", {"replicas": 0})
    found = await world.until(lambda: not world.pods("web") and world.deployment("web"))
    await world.until(lambda: "availableReplicas" not in world.deployment("web")["status"])
    assert len(world.api.list_now("replicasets.apps", "default")) == 1
    assert found["metadata"]["generation"] == 3


async def test_a_new_template_rolls_without_falling_below_what_must_be_available(world):
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
    await world.api.create("deployments.apps", deployment("web", 2, strategy=strategy))
    await world.available("web")
    old = {pod["metadata"]["name"] for pod in world.pods("web")}
    await _patch_spec(world, "web", _template(VERSION="2"))

    def rolled() -> bool:
        asked_for = sum(one["spec"]["replicas"] for one in world.api.list_now("replicasets.apps", "default"))
        assert asked_for <= 3
        assert world.deployment("web")["status"]["availableReplicas"] >= 2
        return old.isdisjoint(pod["metadata"]["name"] for pod in world.pods("web"))

    await world.until(rolled)
    await world.available("web")
    assert len(world.pods("web")) == 2
    assert world.deployment("web")["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == "2"


async def test_going_back_to_an_old_template_takes_its_replica_set_again(world):
    await world.api.create("deployments.apps", deployment("web"))
    await world.available("web")
    (first,) = world.api.list_now("replicasets.apps", "default")
    await _patch_spec(world, "web", _template(VERSION="2"))
    await world.until(lambda: len(world.api.list_now("replicasets.apps", "default")) == 2)
    await world.available("web")
    await world.api.patch("deployments.apps", "web", {"spec": {"template": {"spec": {"containers": [
        {"name": "main", "image": PAUSE}]}}}}, "default")  # fmt: skip
    await world.until(
        lambda: world.deployment("web")["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == "3"
    )
    await world.available("web")
    again = world.api.get_now("replicasets.apps", first["metadata"]["name"], "default")
    assert again["metadata"]["uid"] == first["metadata"]["uid"]
    assert again["spec"]["replicas"] == 1


async def test_recreate_ends_the_old_pods_first(world):
    await world.api.create("deployments.apps", deployment("web", 2, strategy={"type": "Recreate"}))
    await world.available("web")
    old = {pod["metadata"]["name"] for pod in world.pods("web")}
    await _patch_spec(world, "web", _template(VERSION="2"))

    def new_only() -> bool:
        names = {pod["metadata"]["name"] for pod in world.pods("web")}
        assert not (names & old and names - old), "old and new pods side by side"
        return len(names - old) == 2

    await world.until(new_only)
    await world.available("web")


async def test_the_progress_deadline_passes_on_the_fast_clock_and_healing_is_seen(world):
    await world.api.create("deployments.apps", deployment("model", progressDeadlineSeconds=600, **GPU))
    found = await world.until(
        lambda: _conditions(one := world.deployment("model")).get("Progressing", ("",))[0] == "False" and one
    )
    assert _conditions(found)["Progressing"] == ("False", "ProgressDeadlineExceeded")
    message = next(one["message"] for one in found["status"]["conditions"] if one["type"] == "Progressing")
    assert message.startswith('ReplicaSet "model-') and message.endswith('" has timed out progressing.')
    await _patch_spec(world, "model", _template())
    found = await world.available("model")
    assert _conditions(found)["Progressing"] == ("True", "NewReplicaSetAvailable")


async def test_a_paused_deployment_scales_but_does_not_roll(world):
    await world.api.create("deployments.apps", deployment("web"))
    await world.available("web")
    await _patch_spec(world, "web", {"paused": True, "replicas": 2, **_template(VERSION="2")})
    await world.until(lambda: len(world.pods("web")) == 2)
    assert len(world.api.list_now("replicasets.apps", "default")) == 1
    await _patch_spec(world, "web", {"paused": False})
    await world.available("web")
    assert len(world.api.list_now("replicasets.apps", "default")) == 2


async def test_old_replica_sets_beyond_the_history_limit_go(world):
    await world.api.create("deployments.apps", deployment("web", revisionHistoryLimit=1))
    for version in "23":
        await world.available("web")
        await _patch_spec(world, "web", _template(VERSION=version))
        await world.until(
            lambda version=version: (
                world.deployment("web")["metadata"]["annotations"].get("deployment.kubernetes.io/revision") == version
            )
        )
    await world.available("web")
    await world.until(lambda: len(world.api.list_now("replicasets.apps", "default")) == 2)


async def test_orphaned_replica_sets_and_pods_are_taken_in_again(world):
    await world.api.create("deployments.apps", deployment("web"))
    await world.available("web")
    (pod,) = world.pods("web")
    await world.api.delete("deployments.apps", "web", "default", propagation="Orphan")
    await world.until(lambda: world.deployment("web") is None)
    await world.api.create("deployments.apps", deployment("web"))
    await world.available("web")
    assert [one["metadata"]["uid"] for one in world.pods("web")] == [pod["metadata"]["uid"]]


async def test_a_lost_node_is_made_up_for(world):
    await world.api.create("deployments.apps", deployment("web"))
    await world.available("web")
    await world.runtime.add_node(DEFAULT_POOL, ZONE, "plain-2")
    (lost,) = world.pods("web")
    await world.runtime.remove_node(lost["spec"]["nodeName"])
    await world.until(lambda: [one for one in world.pods("web") if one["metadata"]["uid"] != lost["metadata"]["uid"]])
    await world.available("web")
    assert world.pod(lost["metadata"]["name"]) is None


async def test_a_change_of_replicas_alone_makes_no_new_revision(world):
    await world.api.create("deployments.apps", deployment("web", image=EXPORTER))
    await world.available("web")
    await _patch_spec(world, "web", {"replicas": 2})
    found = await world.available("web")
    assert found["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == "1"


async def test_min_ready_seconds_pass_before_a_pod_counts_as_available(world):
    body = deployment("web")
    body["spec"]["minReadySeconds"] = 200
    await world.api.create("deployments.apps", body)
    status = await world.until(lambda: (one := world.deployment("web").get("status", {})).get("readyReplicas") and one)
    assert "availableReplicas" not in status
    await world.available("web")


async def test_kinds_that_nothing_brings_to_life_say_so(world):
    claim = {"metadata": {"name": "data"}, "spec": {"accessModes": ["ReadWriteOnce"],
             "resources": {"requests": {"storage": "1Gi"}}}}  # fmt: skip
    await world.api.create("persistentvolumeclaims", claim, "default")
    (event,) = await world.until(lambda: world.events("data", "NotSimulated"))
    assert event["message"].startswith("The sandbox has no controller for persistentvolumeclaims: nothing will come")


async def test_a_pod_of_a_node_that_does_not_exist_is_removed(world):
    await world.api.create("pods", pod("lost", nodeName="no-such-node"))
    await world.until(lambda: world.pod("lost") is None)


async def test_pods_that_the_api_refuses_show_as_a_replica_failure(world, monkeypatch):
    create = world.api.create

    async def refuse_pods(resource, *args, **options):
        if resource == "pods":
            raise ApiError(403, "Forbidden", 'pods "web-x" is forbidden: exceeded quota: gpus')
        return await create(resource, *args, **options)

    monkeypatch.setattr(world.api, "create", refuse_pods)
    await world.api.create("deployments.apps", deployment("web"))
    await world.until(lambda: _conditions(world.deployment("web")).get("ReplicaFailure") == ("True", "FailedCreate"))
    (replica_set,) = world.api.list_now("replicasets.apps", "default")
    (event,) = world.events(replica_set["metadata"]["name"], "FailedCreate")
    assert event["message"] == 'Error creating: pods "web-x" is forbidden: exceeded quota: gpus'
    monkeypatch.undo()
    found = await world.available("web")
    await world.until(lambda: "ReplicaFailure" not in _conditions(world.deployment("web")))
    assert found["status"]["readyReplicas"] == 1
