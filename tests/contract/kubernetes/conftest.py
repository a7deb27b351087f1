# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A living cluster of the sandbox, over TLS on loopback, as the other side of the engine's promises.

With LLMOPS_GKE_SANDBOX_KUBECONFIG it is the API server of that kubeconfig, with the sandbox's node and kubelets.
"""

from __future__ import annotations

import asyncio
import base64
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from llmops_gke_sandbox.agents.network.addresses import Addresses
from llmops_gke_sandbox.clock import Clock
from llmops_gke_sandbox.faults import Faults
from llmops_gke_sandbox.kubernetes.cluster import KubernetesCluster
from llmops_gke_sandbox.remote.front import RemoteCluster
from llmops_gke_sandbox.remote.kubeconfig import read_access
from llmops_gke_sandbox.request_log import RequestLog
from llmops_gke_sandbox.runtime import ClusterRuntime

TOKEN = "contract-token"
POOL = {"name": "default-pool", "version": "1.36.0-gke.1", "config": {"machineType": "n1-standard-4"}}
ZONE = "us-central1-a"
REAL = os.environ.get("LLMOPS_GKE_SANDBOX_KUBECONFIG", "").split(os.pathsep)[0]
own_control_plane = pytest.mark.skipif(
    bool(REAL), reason="the fault is one of the sandbox's own API server or scheduler"
)
# Of a Deployment whose trouble comes first, however long a busy machine takes over it: a thousand times as fast as in
# life, its pods still run longer than any wait here before they count as available.
NEVER_AVAILABLE = {"minReadySeconds": 1_000_000, "progressDeadlineSeconds": 1_000_001}
# What a real API server, which outlives a test, is swept of; in this order.
SWEPT = (
    "deployments.apps", "statefulsets.apps", "daemonsets.apps", "jobs.batch", "horizontalpodautoscalers.autoscaling",
    "services", "pods", "configmaps", "secrets", "serviceaccounts", "persistentvolumeclaims", "resourcequotas",
    "poddisruptionbudgets.policy", "events",
)  # fmt: skip
KEPT = ("kubernetes", "default", "kube-system", "kube-public", "kube-node-lease")


class Cluster:
    """A cluster in a thread of its own, with controllers and one node, and the three engines aimed at it."""

    def __init__(self) -> None:
        self._log = RequestLog()
        self._watches: list[Future[None]] = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.clock, self.faults = Clock(1000.0), Faults()
        served: dict[str, Any] = {"faults": self.faults, "log": self._log, "authenticate": {TOKEN: "admin"}.get}
        self.server: KubernetesCluster | RemoteCluster = (
            RemoteCluster("contract", read_access(Path(REAL)), **served)
            if REAL
            else KubernetesCluster("contract", clock=self.clock, **served)
        )
        # No model is loaded here, so nothing asks the hub.
        self._runtime = ClusterRuntime(
            "contract",
            "sandbox-project",
            "us-central1",
            self.server.api,
            clock=self.clock,
            faults=self.faults,
            hub=None,
            addresses=Addresses(),
            controllers=not REAL,
        )
        self.server.log_source = self._runtime.pod_logs
        self.server.port_source = self._runtime.pod_port
        self._wait(self.server.start())
        self._wait(self._runtime.start())
        if isinstance(self.server, RemoteCluster):
            self.server.pod = self._runtime.pod
            self._wait(self._sweep())
        self._wait(self._runtime.add_node(POOL, ZONE, "node-1"))

    def close(self) -> None:
        """End the cluster and its thread."""
        for watch in self._watches:
            watch.cancel()
        self._wait(self._runtime.stop())
        self._wait(self.server.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _sweep(self) -> None:
        """Leave a server that was used before as one is that was not."""
        await self._runtime.withdraw()
        # An API whose pods are gone would keep namespaces from ending.
        for one in await self.server.api.list("apiservices.apiregistration.k8s.io"):
            if "service" in one["spec"]:
                await self.server.api.delete("apiservices.apiregistration.k8s.io", one["metadata"]["name"])
        for resource in SWEPT:
            for one in await self.server.api.list(resource):
                meta = one["metadata"]
                # Controllers put certificates into every namespace, and back again.
                if meta["namespace"] == "default" and meta["name"] not in KEPT and not meta["name"].endswith(".crt"):
                    await self._gone(resource, meta["name"], meta["namespace"])
        for resource in ("namespaces", "customresourcedefinitions.apiextensions.k8s.io"):
            for one in await self.server.api.list(resource):
                name = one["metadata"]["name"]
                if name not in KEPT and not name.endswith(".monitoring.googleapis.com"):
                    await self._gone(resource, name)

    async def _gone(self, resource: str, name: str, namespace: str | None = None) -> None:
        await self.server.api.delete(resource, name, namespace, grace_period=0)
        while await self.server.api.get(resource, name, namespace) is not None:
            await asyncio.sleep(0.05)

    def _wait(self, coroutine: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(10)

    def when(self, resource: str, sign: Callable[[dict[str, Any]], object], act: Callable[[], None]) -> None:
        """Have ``act`` called once, as soon as the API shows an object of which ``sign`` holds."""

        async def look() -> None:
            async for _type, obj in self.server.api.watch(resource):
                if sign(obj):
                    act()
                    return

        self._watches.append(asyncio.run_coroutine_threadsafe(look(), self._loop))

    def cordon(self) -> None:
        """Let the only node take no pods."""
        self._wait(self.server.api.patch("nodes", "node-1", {"spec": {"unschedulable": True}}))

    def write_status(self, resource: str, name: str, status: dict[str, Any]) -> None:
        """Tell the status of an object that has no controller here."""
        self._wait(self.server.api.patch(resource, name, {"status": status}, "default", subresource="status"))

    def release(self, resource: str, name: str) -> None:
        """Take the finalizers of an object away, so that its deletion comes to its end."""
        self._wait(self.server.api.patch(resource, name, {"metadata": {"finalizers": None}}, "default"))

    @property
    def kubeconfig(self) -> dict[str, Any]:
        """As kubectl would use it."""
        authority = base64.b64encode(self.server.ca_certificate).decode()
        server = {"server": f"https://{self.server.endpoint}", "certificate-authority-data": authority}
        return {
            "current-context": "c",
            "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
            "clusters": [{"name": "c", "cluster": server}],
            "users": [{"name": "u", "user": {"token": TOKEN}}],
        }

    def calls(self) -> list[str]:
        """``METHOD path`` of every request since this was asked the last time."""
        found = [f"{entry['method']} {entry['path']}" for entry in self._log.entries("kubernetes")]
        self._log.clear()
        return found

    def apply(self, *manifests: Any, check: bool = False, **options: Any) -> dict[str, Any]:
        """What a task of k8s_apply returns."""
        from ansible_collections.llmops.gke.plugins.modules.k8s_apply import SPEC

        given = {"manifests": list(manifests)} if manifests else {}
        return self._run(SPEC, check, **given, **options)

    def label(self, check: bool = False, **options: Any) -> dict[str, Any]:
        """What a task of k8s_label returns."""
        from ansible_collections.llmops.gke.plugins.modules.k8s_label import SPEC

        return self._run(SPEC, check, **options)

    def info(self, kind: str, **options: Any) -> list[dict[str, Any]]:
        """The resources that a task of k8s_info returns."""
        from ansible_collections.llmops.gke.plugins.modules.k8s_info import SPEC

        return self._run(SPEC, False, kind=kind, **options)["resources"]

    def _run(
        self, spec: Any, check: bool, progress: Callable[[str], None] = lambda _line: None, **options: Any
    ) -> dict[str, Any]:
        given = {"kubeconfig": self.kubeconfig, "timeout": 20, **options}
        validated = ArgumentSpecValidator(dict(spec.argument_spec), **spec.rules).validate(given)
        assert not validated.error_messages, validated.error_messages
        return spec.run(validated.validated_parameters, check, progress).to_dict()


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    """A cluster with one node and nothing on it."""
    made = Cluster()
    yield made
    made.close()


@pytest.fixture
def deployment() -> Callable[..., dict[str, Any]]:
    """Makes a Deployment with about everything that a model server's has; keywords replace parts of its container."""

    def make(replicas: int | None = 1, **container: Any) -> dict[str, Any]:
        main = {
            "name": "main",
            "image": "registry.k8s.io/pause:3.10",
            "ports": [{"containerPort": 8080, "name": "http"}],
            "env": [
                {"name": "MODEL_ID", "value": "mistralai/Mistral-7B-Instruct-v0.1"},
                {"name": "NODE", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}},
            ],
            "resources": {"limits": {"cpu": 1}, "requests": {"memory": "1024Mi"}},
            "volumeMounts": [{"name": "dshm", "mountPath": "/dev/shm"}],
            **container,
        }
        spec: dict[str, Any] = {
            "selector": {"matchLabels": {"app": "model"}},
            "template": {
                "metadata": {"labels": {"app": "model"}},
                "spec": {
                    "containers": [main],
                    "tolerations": [{"key": "nvidia.com/gpu", "operator": "Exists"}],
                    "volumes": [{"name": "dshm", "emptyDir": {"medium": "Memory", "sizeLimit": "1024Mi"}}],
                },
            },
        }
        if replicas is not None:
            spec["replicas"] = replicas
        return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "model"}, "spec": spec}

    return make
