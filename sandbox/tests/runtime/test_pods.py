# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a pod goes through on its node: images, configuration, probes, crashes, eviction, logs, its end."""

from __future__ import annotations

import base64
import copy

import pytest

from llmops_gke_sandbox.kubernetes.errors import ApiError

from .conftest import EXPORTER, GPU_POOL, PAUSE, ZONE, deployment, is_ready, pod

ABSENT = "registry.example/team/app:1"


async def _create(world, name: str, *args, **fields) -> None:
    await world.api.create("pods", pod(name, *args, **fields))


async def test_a_pod_runs_with_address_times_and_events(world):
    await _create(world, "one")
    found = await world.started("one")
    status = found["status"]
    assert status["phase"] == "Running"
    assert status["podIP"] == "10.92.0.2" and status["hostIP"] == "10.128.0.2"
    assert status["containerStatuses"][0]["state"]["running"]["startedAt"]
    reasons = [event["reason"] for event in sorted(world.events("one"), key=lambda one: one["metadata"]["name"])]
    assert reasons == ["Scheduled", "Pulling", "Pulled", "Created", "Started"]
    (started,) = world.events("one", "Started")
    assert started["source"] == {"component": "kubelet", "host": "plain-1"}
    assert started["involvedObject"]["fieldPath"] == "spec.containers{main}"


async def test_a_second_pod_finds_the_image_present(world):
    await _create(world, "one")
    await world.started("one")
    await _create(world, "two")
    await world.started("two")
    (pulled,) = world.events("two", "Pulled")
    assert pulled["message"] == f'Container image "{PAUSE}" already present on machine'


async def test_an_image_that_no_registry_has(world):
    await _create(world, "one", ABSENT)
    status = await world.waiting("one", "ImagePullBackOff")
    assert status["state"]["waiting"]["message"].startswith(
        f'Back-off pulling image "{ABSENT}": ErrImagePull: rpc error'
    )
    assert world.pod("one")["status"]["phase"] == "Pending"
    messages = {event["message"] for event in world.events("one", "Failed")}
    assert "Error: ErrImagePull" in messages and "Error: ImagePullBackOff" in messages
    await world.until(lambda: max(one["count"] for one in world.events("one", "Pulling")) > 1, "pulls again")


async def test_the_fault_image_not_found_passes(world):
    world.faults.add("image_not_found", times=1, match={"pod": "one"})
    await _create(world, "one")
    await world.started("one")
    assert "Error: ErrImagePull" in {event["message"] for event in world.events("one", "Failed")}


async def test_a_missing_secret_holds_the_container_until_it_is_there(world):
    source = {"secretKeyRef": {"name": "mistral-demo", "key": "HF_TOKEN"}}
    await _create(world, "one", container={"env": [{"name": "HF_TOKEN", "valueFrom": source}]})
    status = await world.waiting("one", "CreateContainerConfigError")
    assert status["state"]["waiting"]["message"] == 'secret "mistral-demo" not found'
    secret = {"metadata": {"name": "mistral-demo"}, "data": {"OTHER": base64.b64encode(b"x").decode()}}
    await world.api.create("secrets", secret, "default")
    message = "couldn't find key HF_TOKEN in Secret default/mistral-demo"
    await world.until(
        lambda: world.pod("one")["status"]["containerStatuses"][0]["state"]["waiting"]["message"] == message
    )
    data = {"HF_TOKEN": base64.b64encode(b"hf_canary").decode()}
    await world.api.patch("secrets", "mistral-demo", {"data": data}, "default")
    await world.started("one")
    assert "hf_canary" not in str(world.pods()) + str(world.api.list_now("events"))


async def test_a_missing_config_map_volume_is_told_and_waited_for(world):
    await _create(world, "one", volumes=[{"name": "settings", "configMap": {"name": "counters"}}])
    (event,) = await world.until(lambda: world.events("one", "FailedMount"))
    assert event["message"] == 'MountVolume.SetUp failed for volume "settings" : configmap "counters" not found'
    await world.waiting("one", "ContainerCreating")
    await world.api.create("configmaps", {"metadata": {"name": "counters"}}, "default")
    await world.started("one")


async def test_a_volume_that_the_sandbox_has_not_is_refused_by_name(world):
    await _create(world, "one", volumes=[{"name": "bucket", "csi": {"driver": "pd.csi.storage.gke.io"}}])
    (event,) = await world.until(lambda: world.events("one", "FailedMount"))
    assert event["message"].endswith("the sandbox has no csi volumes")


async def test_a_crash_is_restarted_with_growing_pauses_and_remembered(world):
    world.faults.add("crash", times=2, match={"pod": "one"}, exit_code=3, message="out of luck")
    await _create(world, "one")
    status = await world.waiting("one", "CrashLoopBackOff")
    assert status["lastState"]["terminated"]["exitCode"] == 3
    assert status["restartCount"] == 1
    assert status["state"]["waiting"]["message"].startswith("back-off 10s restarting failed container=main pod=one_")
    assert world.pod("one")["status"]["phase"] == "Running"
    assert world.runtime.pod_logs("default", "one", "main", True, None) == ["out of luck"]
    found = await world.until(lambda: is_ready(one := world.pod("one")) and one)
    status = found["status"]["containerStatuses"][0]
    assert (status["restartCount"], status["lastState"]["terminated"]["reason"]) == (2, "Error")


async def test_killed_for_memory(world):
    world.faults.add("crash", match={"pod": "one"}, exit_code=137, reason="OOMKilled")
    await _create(world, "one")
    status = await world.waiting("one", "CrashLoopBackOff")
    assert status["lastState"]["terminated"]["reason"] == "OOMKilled"


@pytest.mark.parametrize(("policy", "code", "phase"), [("Never", 0, "Succeeded"), ("OnFailure", 0, "Succeeded"),
                                                       ("Never", 2, "Failed")])  # fmt: skip
async def test_a_pod_that_is_not_to_be_restarted_ends(world, policy, code, phase):
    world.faults.add("crash", match={"pod": "one"}, exit_code=code)
    await _create(world, "one", restartPolicy=policy)
    await world.until(lambda: world.pod("one")["status"]["phase"] == phase)
    assert not is_ready(world.pod("one"))


async def test_init_containers_run_before_the_others(world):
    world.faults.add("crash", times=1, match={"container": "first"}, exit_code=0)
    await _create(world, "one", initContainers=[{"name": "first", "image": PAUSE}])
    found = await world.started("one")
    (first,) = found["status"]["initContainerStatuses"]
    assert first["state"]["terminated"]["exitCode"] == 0


async def test_probes_are_real_requests(gpu_world):
    probe = {"httpGet": {"path": "/health", "port": "metrics"}, "periodSeconds": 10}
    container = {"ports": [{"name": "metrics", "containerPort": 9400}], "readinessProbe": probe, "startupProbe": probe}
    tolerations = [{"operator": "Exists"}]
    await _create(gpu_world, "gpu", EXPORTER, container=container, tolerations=tolerations, nodeSelector={
        "cloud.google.com/gke-accelerator": "nvidia-l4"})  # fmt: skip
    await gpu_world.started("gpu")
    # On a node without a GPU the exporter runs, but has nothing to tell.
    await _create(gpu_world, "plain", EXPORTER, container={**container, "startupProbe": None}, nodeName="plain-1")
    (event,) = await gpu_world.until(lambda: gpu_world.events("plain", "Unhealthy"))
    assert event["message"] == "Readiness probe failed: HTTP probe failed with statuscode: 503"
    assert not is_ready(gpu_world.pod("plain"))


async def test_an_exporter_that_came_before_the_driver_sees_the_gpu_after_its_restart(world):
    probe = {"httpGet": {"path": "/health", "port": 9400}, "periodSeconds": 5}
    container = {"ports": [{"containerPort": 9400}], "livenessProbe": probe, "readinessProbe": probe}
    pool = copy.deepcopy(GPU_POOL)
    pool["config"]["accelerators"][0]["gpuDriverInstallationConfig"] = {"gpuDriverVersion": "INSTALLATION_DISABLED"}
    await world.runtime.add_node(pool, ZONE, "gpu-1")
    await _create(world, "one", EXPORTER, container=container, nodeName="gpu-1")
    await world.until(lambda: world.events("one", "Unhealthy"))
    # Someone installs the driver by hand.
    gpu = {"nvidia.com/gpu": "1"}
    await world.api.patch("nodes", "gpu-1", {"status": {"capacity": gpu, "allocatable": gpu}}, subresource="status")
    found = await world.started("one")
    assert found["status"]["containerStatuses"][0]["restartCount"] >= 1
    former = world.runtime.pod_logs("default", "one", "main", True, None)
    assert "Failed to initialize NVML: ERROR_LIBRARY_NOT_FOUND" in former


async def test_a_failed_liveness_probe_restarts_the_container(world):
    probe = {"tcpSocket": {"port": 8080}, "periodSeconds": 5, "failureThreshold": 2}
    await _create(world, "one", container={"livenessProbe": probe})
    await world.until(lambda: world.pod("one")["status"].get("containerStatuses", [{}])[0].get("restartCount"))
    (event,) = world.events("one", "Killing")
    assert event["message"] == "Container main failed liveness probe, will be restarted"
    last = world.pod("one")["status"]["containerStatuses"][0]["lastState"]["terminated"]
    assert last["exitCode"] == 137
    address = world.pod("one")["status"]["podIP"]
    text = f"Liveness probe failed: dial tcp {address}:8080: connect: connection refused"
    assert world.events("one", "Unhealthy")[0]["message"] == text


async def test_an_evicted_pod_fails_and_is_replaced_by_its_controller(world):
    await world.api.create("deployments.apps", deployment("web"))
    await world.available("web")
    (first,) = world.pods("web")
    world.faults.add("evicted", times=1, match={"pod": "web-.*"})
    await world.until(lambda: len(world.pods("web")) == 2)
    evicted = world.pod(first["metadata"]["name"])
    assert (evicted["status"]["phase"], evicted["status"]["reason"]) == ("Failed", "Evicted")
    assert "ephemeral-storage" in evicted["status"]["message"]
    await world.available("web")


async def test_a_node_that_shuts_down_ends_its_pods_and_takes_none(world):
    await world.api.create("deployments.apps", deployment("web"))
    await world.available("web")
    (first,) = world.pods("web")
    await world.runtime.shut_down_node("plain-1")
    ended = await world.until(
        lambda: (pod := world.pod(first["metadata"]["name"])) and pod["status"].get("reason") and pod
    )
    assert (ended["status"]["phase"], ended["status"]["reason"]) == ("Failed", "Terminated")
    assert ended["status"]["message"] == "Pod was terminated in response to imminent node shutdown."
    (ready,) = [one for one in world.api.get_now("nodes", "plain-1")["status"]["conditions"] if one["type"] == "Ready"]
    assert (ready["status"], ready["message"]) == ("False", "node is shutting down")
    await world.until(lambda: world.runtime.unschedulable_pods())
    await world.runtime.remove_node("plain-1")
    assert [pod["status"].get("phase") for pod in world.pods("web")] == ["Pending"]


async def test_deleting_a_pod_stops_it_in_its_grace(world):
    await _create(world, "one")
    await world.started("one")
    await world.api.delete("pods", "one", "default")
    assert world.pod("one")["metadata"]["deletionGracePeriodSeconds"] == 30
    await world.until(lambda: world.pod("one") is None)
    (event,) = world.events("one", "Killing")
    assert event["message"] == "Stopping container main"


async def test_a_pod_can_be_deleted_while_its_image_is_pulled(world):
    await _create(world, "one", ABSENT)
    await world.waiting("one", "ImagePullBackOff")
    await world.api.delete("pods", "one", "default")
    await world.until(lambda: world.pod("one") is None)


async def test_logs(gpu_world):
    await _create(gpu_world, "one", EXPORTER, nodeName="plain-1")
    with pytest.raises(ApiError, match="waiting to start"):
        gpu_world.runtime.pod_logs("default", "one", "main", False, None)
    await gpu_world.started("one")
    lines = gpu_world.runtime.pod_logs("default", "one", "main", False, None)
    assert lines[0] == "Starting dcgm-exporter"
    assert "Failed to initialize NVML: ERROR_LIBRARY_NOT_FOUND" in lines
    assert gpu_world.runtime.pod_logs("default", "one", "main", False, 1) == lines[-1:]
    with pytest.raises(ApiError, match="previous terminated container"):
        gpu_world.runtime.pod_logs("default", "one", "main", True, None)
