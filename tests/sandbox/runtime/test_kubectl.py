"""The real kubectl sees a living cluster: rollouts, descriptions, logs, load balancers."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import shutil

import pytest
import pytest_asyncio

from .conftest import DEFAULT_POOL, EXPORTER, GPU_POOL, SPEED, TOKEN, TOLERANT, ZONE, World, deployment, service

KUBECTL = shutil.which("kubectl")
pytestmark = pytest.mark.skipif(KUBECTL is None, reason="kubectl is not installed")


class Kubectl:
    """Runs kubectl against a cluster."""

    def __init__(self, directory, cluster) -> None:
        self._file = directory / "kubeconfig"
        certificate = base64.b64encode(cluster.ca_certificate).decode()
        server = {"server": f"https://{cluster.endpoint}", "certificate-authority-data": certificate}
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "test",
            "clusters": [{"name": "test", "cluster": server}],
            "users": [{"name": "test", "user": {"token": TOKEN}}],
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test"}}],
        }
        self._file.write_text(json.dumps(config))
        self._environment = {"PATH": os.environ["PATH"], "HOME": str(directory), "KUBECONFIG": str(self._file)}

    async def __call__(self, *words: str, given: object = None, fails: bool = False) -> str:
        process = await asyncio.create_subprocess_exec(
            KUBECTL,
            *words,
            env=self._environment,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        output, _none = await process.communicate(json.dumps(given).encode() if given else None)
        text = output.decode()
        assert bool(process.returncode) is fails, text
        return text


@pytest_asyncio.fixture
async def live(tmp_path):
    world = World(SPEED)
    await world.cluster.start()
    await world.runtime.start()
    await world.runtime.add_node(DEFAULT_POOL, ZONE, "plain-1")
    await world.runtime.add_node(GPU_POOL, ZONE, "gpu-1")
    yield world, Kubectl(tmp_path, world.cluster)
    await world.runtime.stop()
    await world.cluster.stop()


def _model() -> dict:
    probe = {"httpGet": {"path": "/health", "port": 9400}, "periodSeconds": 5}
    container = {
        "ports": [{"containerPort": 9400}],
        "readinessProbe": probe,
        "resources": {"limits": {"nvidia.com/gpu": "1"}},
    }
    selector = {"cloud.google.com/gke-accelerator": "nvidia-l4"}
    return deployment("model", 1, EXPORTER, container=container, nodeSelector=selector, **TOLERANT)


async def test_a_deployment_from_apply_to_delete(live):
    world, kubectl = live
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


async def test_restart_history_and_undo(live):
    world, kubectl = live
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


async def test_a_rollout_that_cannot_finish_fails_with_the_deadline(live):
    _world, kubectl = live
    late = deployment("late", image="registry.example/none:1", progressDeadlineSeconds=60)
    await kubectl("apply", "-f", "-", given=late)
    text = await kubectl("rollout", "status", "deployment/late", fails=True)
    assert 'deployment "late" exceeded its progress deadline' in text
    described = await kubectl("describe", "pods", "-l", "app=late")
    assert "ImagePullBackOff" in described and "Back-off pulling image" in described
    assert "trying and failing to pull image" in await kubectl("logs", "deployment/late", fails=True)


async def test_a_load_balancer_as_kubectl_shows_it(live):
    world, kubectl = live
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
