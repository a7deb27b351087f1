# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A cluster whose API server somebody else runs: the sandbox plays the cloud around it, over HTTPS alone.

That somebody is here a second cluster with its controllers and scheduler, and nobody to run its nodes.
"""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio
import yaml

from llmops_gke_sandbox import cli
from llmops_gke_sandbox.config import Config
from llmops_gke_sandbox.control.objects import condition_is
from llmops_gke_sandbox.server import Sandbox

from .conftest import EXPORTER, GPU, PAUSE, SPEED, TOLERANT, World, deployment, service, write_kubeconfig
from .remote_support import Cloud


@pytest_asyncio.fixture
async def cloud(others, tmp_path):
    file = write_kubeconfig(tmp_path, others)
    (tmp_path / "sandbox").mkdir()
    sandbox = Sandbox(Config(directory=tmp_path / "sandbox", speed=SPEED, kubernetes={"kubeconfig": str(file)}))
    await sandbox.start()
    async with aiohttp.ClientSession() as session:
        yield Cloud(sandbox, session)
    await sandbox.stop()


async def test_nodes_pods_and_addresses_come_to_life_on_it(cloud, others):
    assert (await cloud.create())["status"] == "RUNNING"
    nodes = await others.until(lambda: len(found := others.api.list_now("nodes")) == 2 and found)
    assert all(condition_is(node, "Ready") for node in nodes)
    leases = others.api.list_now("leases.coordination.k8s.io", "kube-node-lease")
    assert sorted(one["spec"]["holderIdentity"] for one in leases) == sorted(one["metadata"]["name"] for one in nodes)

    model = deployment("model", 1, EXPORTER, **GPU, **TOLERANT)
    path = "/apis/apps/v1/namespaces/default/deployments"
    assert (await cloud.kubernetes("POST", path, model))[0] == 201
    assert (await cloud.kubernetes("POST", "/api/v1/namespaces/default/services", service("model")))[0] == 201
    await others.available("model")
    (pod,) = others.pods("model")
    assert pod["spec"]["nodeName"].startswith("gke-c1-gpu")
    ingress = await others.until(lambda: others.service("model")["status"]["loadBalancer"].get("ingress"))

    async with aiohttp.ClientSession() as session, session.get(f"http://{ingress[0]['ip']}:8123/metrics") as answer:
        assert (answer.status, "DCGM_FI_DEV_GPU_UTIL" in await answer.text()) == (200, True)
    name = pod["metadata"]["name"]
    status, text = await cloud.kubernetes("GET", f"/api/v1/namespaces/default/pods/{name}/log")
    assert (status, "Starting webserver" in text) == (200, True)
    status, text = await cloud.kubernetes("GET", f"/api/v1/namespaces/default/pods/{name}:9400/proxy/metrics")
    assert (status, "DCGM_FI_DEV_GPU_UTIL" in text) == (200, True)

    await cloud.google("DELETE", "/c1")
    await others.until(lambda: not others.api.list_now("nodes"))
    await others.until(lambda: not others.service("model")["metadata"].get("finalizers"))
    assert others.service("model")["status"]["loadBalancer"] == {}


async def test_the_front_passes_on_what_it_does_not_answer_itself(cloud, others):
    await cloud.create()
    status, version = await cloud.kubernetes("GET", "/version")
    assert (status, version["major"]) == (200, "1")
    status, answer = await cloud.kubernetes("GET", "/api/v1/namespaces/default/pods/none/log")
    assert (status, answer["reason"]) == (404, "NotFound")
    status, answer = await cloud.kubernetes("GET", "/api/v1/namespaces/default/secrets", user="viewer")
    assert status == 403 and 'User "viewer" cannot list resource "secrets"' in answer["message"]

    async def create() -> None:
        await asyncio.sleep(0.2)
        await others.api.create("configmaps", {"metadata": {"name": "new"}}, "default")

    path = "/api/v1/namespaces/default/configmaps?watch=true&timeoutSeconds=1&fieldSelector=metadata.name%3Dnew"
    # One event, and so one JSON document.
    (status, event), _ = await asyncio.gather(cloud.kubernetes("GET", path), create())
    assert (status, event["type"]) == (200, "ADDED")


async def test_pods_of_other_nodes_are_left_alone(cloud, others):
    await cloud.create()
    foreign = {
        "metadata": {"name": "real"},
        "spec": {"unschedulable": True},
        "status": {"addresses": [{"type": "InternalIP", "address": "10.0.0.1"}]},
    }
    await others.api.create("nodes", foreign)
    bound = {"metadata": {"name": "p"}, "spec": {"nodeName": "real", "containers": [{"name": "c", "image": PAUSE}]}}
    await others.api.create("pods", bound, "default")
    await others.api.create("deployments.apps", deployment("web"))
    await others.available("web")
    assert others.pod("p")["status"]["phase"] == "Pending"


async def test_what_a_killed_sandbox_left_is_cleared_first(cloud, others):
    left = {"metadata": {"name": "gke-old", "annotations": {"llmops-gke-sandbox/simulated": "true"}}}
    await others.api.create("nodes", left)
    await cloud.create()
    await others.until(lambda: others.api.get_now("nodes", "gke-old") is None)
    assert len(others.api.list_now("nodes")) == 2


async def test_a_server_that_stumbles_is_asked_again(cloud, others):
    others.faults.add("http", times=3, match={"method": "POST"}, status=503)
    others.faults.add("http", times=2, match={"method": "PATCH"}, drop="before")
    assert (await cloud.create())["status"] == "RUNNING"
    await others.api.create("deployments.apps", deployment("web"))
    await others.available("web")
    assert not others.faults.list()


async def test_a_second_cluster_is_refused(cloud):
    await cloud.create()
    operation = await cloud.create("c2")
    assert "backs a cluster (c1): c2 has none" in operation["error"]["message"]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda config: config["clusters"][0]["cluster"].update(server="https://127.0.0.1:1"), "does not answer"),
        (lambda config: config["users"][0]["user"].update(token="other"), "Unauthorized"),
        (
            lambda config: config["users"][0].update(user={"exec": {"command": "x"}}),
            "users with exec are not",
        ),
        (lambda config: config.update({"current-context": "none"}), "there is no context 'none'"),
    ],
)
async def test_a_kubeconfig_that_does_not_work_fails_the_operation_and_says_why(cloud, change, why):
    file = Path(cloud.sandbox.config.kubernetes["kubeconfig"])
    config = yaml.safe_load(file.read_text(encoding="utf-8"))
    change(config)
    file.write_text(yaml.safe_dump(config), encoding="utf-8")
    operation = await cloud.create()
    assert why in operation["error"]["message"]


def test_the_kubeconfig_comes_from_the_command_line_or_the_environment(monkeypatch, tmp_path):
    def kubernetes(*words: str) -> dict:
        return cli._config(tmp_path, cli._parser().parse_args(["serve", *words])).kubernetes

    monkeypatch.delenv("LLMOPS_GKE_SANDBOX_KUBECONFIG", raising=False)
    assert kubernetes() == {}
    monkeypatch.setenv("LLMOPS_GKE_SANDBOX_KUBECONFIG", "/kind")
    assert kubernetes() == {"kubeconfig": ["/kind"]}
    monkeypatch.setenv("LLMOPS_GKE_SANDBOX_KUBECONFIG", f"/kind{os.pathsep}/k0s")
    assert kubernetes() == {"kubeconfig": ["/kind", "/k0s"]}
    assert kubernetes("--kubeconfig", "/k3s", "--kubeconfig", "/x") == {"kubeconfig": ["/k3s", "/x"]}
    settings = tmp_path / "settings.yml"
    settings.write_text("kubernetes: {kubeconfig: /x, cluster: y}")
    with pytest.raises(ValueError, match="unknown setting kubernetes.cluster"):
        kubernetes("--config", str(settings))


async def test_two_kubeconfigs_back_two_clusters(cloud, others):
    second = World(SPEED, agents=False)
    await second.cluster.start()
    first = cloud.sandbox.config.kubernetes["kubeconfig"]
    (place := Path(first).parent / "second").mkdir()
    cloud.sandbox.config.kubernetes["kubeconfig"] = [first, str(write_kubeconfig(place, second))]
    made = [await cloud.create("c1"), await cloud.create("c2")]
    assert [one["status"] for one in made] == ["RUNNING"] * 2
    for world, name in ((others, "c1"), (second, "c2")):
        nodes = await world.until(lambda world=world: world.api.list_now("nodes"))
        assert all(node["metadata"]["name"].startswith(f"gke-{name}-") for node in nodes)
    await cloud.google("DELETE", "/c1")
    await others.until(lambda: not others.api.list_now("nodes"))
    assert (await cloud.create("c3"))["status"] == "RUNNING"
    await others.until(lambda: others.api.list_now("nodes"))
    # Ended before the sandbox is, which must not keep the sandbox from ending.
    await second.cluster.stop()
