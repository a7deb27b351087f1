# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real clients against the server: kubectl, and the Python client with its dynamic half."""

from __future__ import annotations

import asyncio
import base64
import json
import shutil

import pytest
import yaml

MANIFESTS = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web}}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - {name: web, image: "registry.k8s.io/pause:3.9", env: [{name: A, value: "%s"}]}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {type: LoadBalancer, selector: {app: web}, ports: [{port: 80}]}
"""


@pytest.fixture
def kubeconfig(cluster, tmp_path):
    authority = base64.b64encode(cluster.ca_certificate).decode()
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "c",
        "clusters": [
            {
                "name": "c",
                "cluster": {
                    "server": f"https://{cluster.endpoint}",
                    "certificate-authority-data": authority,
                },
            }
        ],
        "users": [{"name": "u", "user": {"token": "admin-token"}}],
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
    }
    path = tmp_path / "kubeconfig"
    path.write_text(yaml.safe_dump(config))
    return path


@pytest.fixture
def kubectl(kubeconfig, tmp_path):
    program = shutil.which("kubectl")
    if program is None:
        pytest.skip("kubectl is not installed")
    environment = {"KUBECONFIG": str(kubeconfig), "HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}

    async def run(*arguments: str, stdin: str = "", expect: int = 0) -> str:
        process = await asyncio.create_subprocess_exec(
            program,
            *arguments,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env=environment,
        )
        output, _ = await process.communicate(stdin.encode())
        assert process.returncode == expect, output.decode()
        return output.decode()

    return run


async def test_kubectl_apply_on_both_sides(kubectl):
    first = await kubectl("apply", "-f", "-", stdin=MANIFESTS % 1)
    again = await kubectl("apply", "-f", "-", stdin=MANIFESTS % 1)
    changed = await kubectl("apply", "-f", "-", stdin=MANIFESTS % 2)
    assert first.split("\n")[:2] == ["deployment.apps/web created", "service/web created"]
    assert again.split("\n")[:2] == ["deployment.apps/web unchanged", "service/web unchanged"]
    assert changed.split("\n")[:2] == ["deployment.apps/web configured", "service/web unchanged"]
    await kubectl("apply", "--server-side", "-f", "-", stdin=MANIFESTS % 2)
    refused = await kubectl("apply", "-f", "-", stdin=(MANIFESTS % 2).replace("template:", "templat:"), expect=1)
    assert 'unknown field "spec.templat"' in refused


async def test_kubectl_shows_changes_and_removes(kubectl):
    await kubectl("apply", "-f", "-", stdin=MANIFESTS % 1)
    await kubectl("scale", "deployment/web", "--replicas=3")
    await kubectl("label", "service/web", "LLM_deployment=true")
    await kubectl("set", "image", "deployment/web", "web=registry.k8s.io/pause:3.10")
    everything = await kubectl("get", "all")
    assert "deployment.apps/web   0/3" in everything and "LoadBalancer" in everything
    assert "<pending>" in await kubectl("get", "service", "-l", "LLM_deployment=true", "-o", "wide")
    described = await kubectl("describe", "deployment", "web")
    assert "Replicas:               3 desired" in described and "pause:3.10" in described
    assert "RollingUpdate" in (await kubectl("explain", "deployment.spec.strategy"))
    await kubectl("delete", "-f", "-", stdin=MANIFESTS % 1)
    assert await kubectl("get", "deployments") == "No resources found in default namespace.\n"


async def test_kubectl_create_speaks_protobuf_and_is_understood(kubectl):
    await kubectl("create", "secret", "generic", "mistral-demo", "--from-literal=HF_TOKEN=hf_x")
    await kubectl("create", "namespace", "team")
    await kubectl("create", "configmap", "c", "--from-literal=k=v", "-n", "team")
    secret = json.loads(await kubectl("get", "secret", "mistral-demo", "-o", "json"))
    assert (secret["type"], secret["data"]) == ("Opaque", {"HF_TOKEN": "aGZfeA=="})
    refused = await kubectl("create", "deployment", "d", "--image=pause", expect=1)
    assert "the sandbox does not implement Deployment in protobuf" in refused


async def test_kubectl_waits_and_asks_for_rights(kubectl, cluster):
    await kubectl("apply", "-f", "-", stdin=MANIFESTS % 1)
    waiting = asyncio.create_task(kubectl("wait", "deployment/web", "--for=condition=Available", "--timeout=20s"))
    condition = {"type": "Available", "status": "True"}
    await cluster.api.patch(
        "deployments.apps", "web", {"status": {"conditions": [condition]}}, "default", subresource="status"
    )
    assert await waiting == "deployment.apps/web condition met\n"
    assert await kubectl("auth", "can-i", "create", "pods") == "yes\n"


async def test_the_python_client_and_its_dynamic_half(cluster, kubeconfig):
    kubernetes = pytest.importorskip("kubernetes")

    def session() -> dict:
        api = kubernetes.config.new_client_from_config(str(kubeconfig))
        core = kubernetes.client.CoreV1Api(api)
        core.create_namespaced_config_map("default", {"metadata": {"name": "c"}, "data": {"a": "b"}})
        found = {"patched": core.patch_namespaced_config_map("c", "default", {"data": {"d": "e"}}).data}
        stream = kubernetes.watch.Watch().stream(core.list_namespaced_config_map, "default", timeout_seconds=1)
        found["watched"] = [(event["type"], event["object"].metadata.name) for event in stream]
        dynamic = kubernetes.dynamic.DynamicClient(api)
        monitoring = dynamic.resources.get(api_version="monitoring.googleapis.com/v1", kind="PodMonitoring")
        applied = monitoring.server_side_apply(
            body={
                "apiVersion": "monitoring.googleapis.com/v1",
                "kind": "PodMonitoring",
                "metadata": {"name": "m", "namespace": "default"},
                "spec": {"selector": {}, "endpoints": [{"port": 1}]},
            },
            field_manager="tester",
        )
        found["owners"] = [entry["manager"] for entry in applied.to_dict()["metadata"]["managedFields"]]
        try:
            core.read_namespaced_pod("none", "default")
        except kubernetes.client.ApiException as error:
            found["status"] = error.status
        return found

    assert await asyncio.to_thread(session) == {
        "patched": {"a": "b", "d": "e"},
        "watched": [("ADDED", "c")],
        "owners": ["tester"],
        "status": 404,
    }
