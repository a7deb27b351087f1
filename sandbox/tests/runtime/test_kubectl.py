# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The real kubectl sees a living cluster: rollouts, descriptions, logs, load balancers."""

from __future__ import annotations

import pytest

from .conftest import EXPORTER, GPU, TOLERANT, Kubectl, deployment, pod, service

pytestmark = pytest.mark.skipif(Kubectl.program is None, reason="kubectl is not installed")


def _model() -> dict:
    probe = {"httpGet": {"path": "/health", "port": 9400}, "periodSeconds": 5}
    container = {
        "ports": [{"containerPort": 9400}],
        "readinessProbe": probe,
        "resources": {"limits": {"nvidia.com/gpu": "1"}},
    }
    selector = {"cloud.google.com/gke-accelerator": "nvidia-l4"}
    return deployment("model", 1, EXPORTER, container=container, nodeSelector=selector, **TOLERANT)


async def test_a_deployment_from_apply_to_delete(served):
    world, kubectl = served
    await kubectl("apply", "-f", "-", given=_model())
    assert 'deployment "model" successfully rolled out' in await kubectl("rollout", "status", "deployment/model")
    described = await kubectl("describe", "deployment", "model")
    assert "1 desired | 1 updated | 1 total | 1 available | 0 unavailable" in described
    assert "Available      True    MinimumReplicasAvailable" in described
    assert "NewReplicaSet:   model-" in described and "(1/1 replicas created)" in described
    assert "ScalingReplicaSet" in described and "deployment-controller" in described
    assert "Starting webserver" in await kubectl("logs", "deployment/model")
    pods = await kubectl("get", "pods", "-o", "wide")
    assert "1/1" in pods and "Running" in pods and "gpu-1" in pods
    await kubectl("delete", "deployment", "model", "--cascade=foreground")
    assert "No resources found" in await kubectl("get", "pods,replicasets")


async def test_restart_history_and_undo(served):
    world, kubectl = served
    await kubectl("apply", "-f", "-", given=deployment("web"))
    await kubectl("rollout", "status", "deployment/web")
    (before,) = world.pods("web")
    await kubectl("rollout", "restart", "deployment/web")
    assert "successfully rolled out" in await kubectl("rollout", "status", "deployment/web")
    await world.until(lambda: before["metadata"]["name"] not in [one["metadata"]["name"] for one in world.pods("web")])
    await kubectl("set", "image", "deployment/web", f"main={EXPORTER}")
    await kubectl("rollout", "status", "deployment/web")
    history = await kubectl("rollout", "history", "deployment/web")
    assert [line.split()[0] for line in history.splitlines()[2:] if line] == ["1", "2", "3"]
    await kubectl("rollout", "undo", "deployment/web")
    await kubectl("rollout", "status", "deployment/web")
    container = world.deployment("web")["spec"]["template"]["spec"]["containers"][0]
    assert container["image"].startswith("registry.k8s.io/pause")
    await kubectl("scale", "deployment/web", "--replicas=2")
    assert "condition met" in await kubectl(
        "wait", "deployment/web", "--for=jsonpath={.status.availableReplicas}=2", "--timeout=10s"
    )


async def test_a_rollout_that_cannot_finish_fails_with_the_deadline(served):
    _world, kubectl = served
    late = deployment("late", image="registry.example/none:1", progressDeadlineSeconds=60)
    await kubectl("apply", "-f", "-", given=late)
    text = await kubectl("rollout", "status", "deployment/late", fails=True)
    assert 'deployment "late" exceeded its progress deadline' in text
    described = await kubectl("describe", "pods", "-l", "app=late")
    assert "ImagePullBackOff" in described and "Back-off pulling image" in described
    assert "trying and failing to pull image" in await kubectl("logs", "deployment/late", fails=True)


async def test_a_load_balancer_as_kubectl_shows_it(served):
    world, kubectl = served
    await kubectl("apply", "-f", "-", given=service("model"))
    await world.until(lambda: world.service("model")["status"]["loadBalancer"].get("ingress"))
    address = world.service("model")["status"]["loadBalancer"]["ingress"][0]["ip"]
    described = await kubectl("describe", "service", "model")
    assert f"LoadBalancer Ingress:     {address}" in described
    assert "EnsuredLoadBalancer" in described and "service-controller" in described
    assert address in await kubectl("get", "service", "model")
    nodes = await kubectl("get", "nodes")
    assert nodes.count(" Ready ") == 2 and "v1.36.0-gke.1" in nodes
    assert "nvidia.com/gpu:     1" in await kubectl("describe", "node", "gpu-1")


async def test_the_log_of_a_crash_loop_is_that_of_the_run_that_ended(served):
    world, kubectl = served
    for number in (1, 2):
        world.faults.add("crash", times=1, match={"pod": "p"}, exit_code=7, message=f"last words {number}")
    world.clock.speed = 10
    await kubectl("apply", "-f", "-", given=pod("p"))
    await world.waiting("p", "CrashLoopBackOff")
    # So that it waits for as long as kubectl takes on a busy machine.
    world.clock.speed = 0.01
    assert "last words 2" in await kubectl("logs", "p") and "last words 2" in await kubectl("logs", "p", "--previous")
    described = await kubectl("describe", "pod", "p")
    assert "CrashLoopBackOff" in described and "Exit Code:    7" in described
    world.clock.speed = 1000
    await world.started("p")
    assert "last words" not in await kubectl("logs", "p")
    assert "last words 2" in await kubectl("logs", "p", "--previous")
    await kubectl("apply", "-f", "-", given=pod("new"))
    await world.started("new")
    assert "previous terminated container" in await kubectl("logs", "new", "--previous", fails=True)


async def test_logs_by_their_times(served):
    world, kubectl = served
    await kubectl("apply", "-f", "-", given=pod("p", EXPORTER, **GPU, **TOLERANT))
    await world.started("p")
    lines = (await kubectl("logs", "p")).splitlines()
    stamped = (await kubectl("logs", "p", "--timestamps", "--since=1h")).splitlines()
    assert [line.split(" ", 1)[1] for line in stamped] == lines and len(lines) > 1
    last = stamped[-1].split(" ")[0]
    assert (await kubectl("logs", "p", f"--since-time={last}")).splitlines()[-1:] == lines[-1:]
    assert await kubectl("logs", "p", "--since-time=2200-01-01T00:00:00Z") == ""
    assert (await kubectl("logs", "p", "--since=1h", "--tail=1")).splitlines() == lines[-1:]


async def test_edits_labels_and_waits(served):
    world, kubectl = served
    await kubectl("apply", "-f", "-", given=deployment("web"))
    await kubectl("wait", "deployment/web", "--for=condition=Available", "--timeout=10s")
    await kubectl("patch", "deployment", "web", "--patch", '{"spec": {"template": {"spec": {"containers": '
                  '[{"name": "main", "env": [{"name": "A", "value": "1"}]}]}}}}')  # fmt: skip
    await kubectl("patch", "deployment", "web", "--type=json", "--patch", '[{"op": "replace", "path": '
                  '"/spec/replicas", "value": 2}]')  # fmt: skip
    await kubectl("rollout", "status", "deployment/web")
    assert [one["spec"]["containers"][0]["env"] for one in world.pods("web")] == [[{"name": "A", "value": "1"}]] * 2
    await kubectl("label", "pods", "-l", "app=web", "model_LoadBalancer=true")
    await kubectl("annotate", "deployment", "web", "note=x", "--overwrite")
    labelled = await kubectl("get", "pods", "-l", "model_LoadBalancer=true", "-o", "name")
    assert len(labelled.split()) == 2
    await kubectl("delete", "deployment", "web", "--wait=true")
    await kubectl("wait", "pods", "-l", "app=web", "--for=delete", "--timeout=10s")
    assert "service/kubernetes" in await kubectl("get", "all")
