# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A living cluster without a cloud around it, on a clock that runs very fast."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest_asyncio

from llmops_gke_sandbox.agents.network.addresses import Addresses
from llmops_gke_sandbox.clock import Clock
from llmops_gke_sandbox.faults import Faults
from llmops_gke_sandbox.google.storage.models import ModelFiles
from llmops_gke_sandbox.kubernetes.cluster import KubernetesCluster
from llmops_gke_sandbox.request_log import RequestLog
from llmops_gke_sandbox.runtime import ClusterRuntime

SPEED = 1000.0
TOKEN = "ya29.test"
PAUSE = "registry.k8s.io/pause:3.10"
EXPORTER = "nvcr.io/nvidia/k8s/dcgm-exporter:4.5.3-4.8.2-distroless"
ZONE = "us-central1-a"
DEFAULT_POOL = {"name": "default-pool", "version": "1.36.0-gke.1", "config": {"machineType": "n1-standard-4"}}
GPU_POOL = {
    "name": "gpu-pool",
    "version": "1.36.0-gke.1",
    "config": {
        "machineType": "g2-standard-12",
        "accelerators": [
            {
                "acceleratorCount": "1",
                "acceleratorType": "nvidia-l4",
                "gpuDriverInstallationConfig": {"gpuDriverVersion": "LATEST"},
            }
        ],
        "ephemeralStorageLocalSsdConfig": {"localSsdCount": 1},
        "labels": {"accelerator": "nvidia-gpu"},
    },
}


class OneModel:
    """A hub with one small gated model, whose terms are accepted unless a test says otherwise."""

    def __init__(self) -> None:
        self.answer = "ok"

    def access(self, model: str, token: str | None) -> str:
        return self.answer if token else "gated"

    def is_at(self, endpoint: str) -> bool:
        return True

    def size_bytes(self, model: str) -> int:
        return 14_483_464_192

    def config(self, model: str) -> dict:
        return {"num_hidden_layers": 32, "num_attention_heads": 32, "num_key_value_heads": 8, "hidden_size": 4096}


class World:
    """A cluster and everything a test wants of it.

    :param files: buckets and disk images that pods may mount.
    :param agents: False for an API server with controllers alone, whose nodes others run.
    """

    def __init__(self, speed: float, agents: bool = True, files: ModelFiles | None = None) -> None:
        clock = self.clock = Clock(speed)
        self.faults, self.hub = Faults(), OneModel()
        self.cluster = KubernetesCluster(
            "test", clock=clock, faults=self.faults, log=RequestLog(), authenticate={TOKEN: "tester"}.get
        )
        self.api = self.cluster.api
        self.runtime = ClusterRuntime(
            "test",
            "sandbox-project",
            "us-central1",
            self.api,
            clock=clock,
            faults=self.faults,
            hub=self.hub,
            files=files,
            addresses=Addresses(),
            agents=agents,
        )
        self.cluster.log_source = self.runtime.pod_logs
        self.cluster.port_source = self.runtime.pod_port

    async def until(self, holds: Callable[[], object], what: str = "") -> object:
        """Return what ``holds()`` returns, as soon as that is true; fail if it is not within wall seconds."""
        limit = asyncio.get_running_loop().time() + 15
        while not (found := holds()):
            if asyncio.get_running_loop().time() > limit:
                raise AssertionError(f"never came true: {what or holds}")
            await asyncio.sleep(0.002)
        return found

    def pods(self, app: str | None = None, namespace: str = "default") -> list[dict]:
        return self.api.list_now("pods", namespace, f"app={app}" if app else None)

    def pod(self, name: str) -> dict | None:
        return self.api.get_now("pods", name, "default")

    def deployment(self, name: str) -> dict | None:
        return self.api.get_now("deployments.apps", name, "default")

    def service(self, name: str) -> dict | None:
        return self.api.get_now("services", name, "default")

    def events(self, name: str, reason: str | None = None) -> list[dict]:
        found = [one for one in self.api.list_now("events") if one["involvedObject"]["name"] == name]
        return [one for one in found if reason in (None, one["reason"])]

    async def available(self, name: str) -> dict:
        """Return the Deployment once it is rolled out to its end."""

        def done() -> dict | None:
            found = self.deployment(name)
            status, wanted = found["status"], found["spec"]["replicas"]
            observed = status.get("observedGeneration") == found["metadata"]["generation"]
            counts = [status.get(field, 0) for field in ("replicas", "updatedReplicas", "availableReplicas")]
            return found if observed and counts == [wanted] * 3 else None

        return await self.until(done, f"deployment {name} available")

    async def started(self, name: str) -> dict:
        """Return the pod once it is ready."""
        return await self.until(lambda: (pod := self.pod(name)) and is_ready(pod) and pod, f"pod {name} ready")

    async def waiting(self, name: str, reason: str) -> dict:
        """Return the first container's status once it waits for this reason."""

        def found() -> dict | None:
            pod = self.pod(name)
            for status in (pod or {}).get("status", {}).get("containerStatuses", ()):
                if status["state"].get("waiting", {}).get("reason") == reason:
                    return status
            return None

        return await self.until(found, f"pod {name} waiting: {reason}")


def write_kubeconfig(directory: Path, world: World) -> Path:
    """Write the kubeconfig of a cluster that is served, and return its file."""
    certificate = base64.b64encode(world.cluster.ca_certificate).decode()
    server = {"server": f"https://{world.cluster.endpoint}", "certificate-authority-data": certificate}
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "test",
        "clusters": [{"name": "test", "cluster": server}],
        "users": [{"name": "test", "user": {"token": TOKEN}}],
        "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test"}}],
    }
    file = directory / "kubeconfig"
    file.write_text(json.dumps(config))
    return file


class Kubectl:
    """Runs kubectl against a cluster.

    :param file: its kubeconfig.
    """

    program = shutil.which("kubectl")

    def __init__(self, file: Path) -> None:
        self.file = file
        self.environment = {"PATH": os.environ["PATH"], "HOME": str(file.parent), "KUBECONFIG": str(file)}

    async def start(self, *words: str) -> asyncio.subprocess.Process:
        pipe = asyncio.subprocess.PIPE
        return await asyncio.create_subprocess_exec(
            self.program, *words, env=self.environment, stdin=pipe, stdout=pipe, stderr=asyncio.subprocess.STDOUT
        )

    async def __call__(self, *words: str, given: object = None, fails: bool = False) -> str:
        process = await self.start(*words)
        output, _none = await process.communicate(json.dumps(given).encode() if given else None)
        text = output.decode()
        assert bool(process.returncode) is fails, text
        return text


def is_ready(pod: dict) -> bool:
    return any(one["type"] == "Ready" and one["status"] == "True" for one in pod["status"].get("conditions", ()))


def pod_spec(image: str = PAUSE, **fields) -> dict:
    container = {"name": "main", "image": image, **fields.pop("container", {})}
    return {"containers": [container], **fields}


def pod(name: str, image: str = PAUSE, **fields) -> dict:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "default", "labels": {"app": name}},
        "spec": pod_spec(image, **fields),
    }


def deployment(name: str, replicas: int = 1, image: str = PAUSE, strategy: dict | None = None, **fields) -> dict:
    top = {key: fields.pop(key) for key in list(fields) if key in ("progressDeadlineSeconds", "revisionHistoryLimit")}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": name}},
            "template": {"metadata": {"labels": {"app": name}}, "spec": pod_spec(image, **fields)},
            **({"strategy": strategy} if strategy else {}),
            **top,
        },
    }


def service(name: str, kind: str = "LoadBalancer", port: int = 8123, target: int | str = 9400) -> dict:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"type": kind, "selector": {"app": name}, "ports": [{"port": port, "targetPort": target}]},
    }


GPU = {"container": {"resources": {"limits": {"nvidia.com/gpu": "1"}}}}
TOLERANT = {"tolerations": [{"key": "nvidia.com/gpu", "operator": "Exists"}]}


@pytest_asyncio.fixture
async def empty():
    """A cluster without nodes."""
    world = World(SPEED)
    await world.runtime.start()
    yield world
    await world.runtime.stop()
    left = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    assert not left, f"stop() left tasks: {left}"


@pytest_asyncio.fixture
async def world(empty):
    """A cluster with one plain node."""
    await empty.runtime.add_node(DEFAULT_POOL, ZONE, "plain-1")
    return empty


@pytest_asyncio.fixture
async def gpu_world(world):
    """A cluster with one plain node and one with a GPU whose driver is installed."""
    await world.runtime.add_node(GPU_POOL, ZONE, "gpu-1")
    await world.until(lambda: "nvidia.com/gpu" in world.api.get_now("nodes", "gpu-1")["status"]["allocatable"])
    return world


@pytest_asyncio.fixture
async def served(gpu_world, tmp_path):
    """A cluster with a plain node and one with a GPU, served over HTTPS, and the kubectl for it."""
    await gpu_world.cluster.start()
    yield gpu_world, Kubectl(write_kubeconfig(tmp_path, gpu_world))
    await gpu_world.cluster.stop()


@pytest_asyncio.fixture
async def others():
    """The API server and controllers that somebody else runs."""
    world = World(SPEED, agents=False)
    await world.cluster.start()
    await world.runtime.start()
    yield world
    await world.runtime.stop()
    await world.cluster.stop()
