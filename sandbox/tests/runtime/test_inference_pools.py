# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""InferencePools behind a Gateway: the picker chooses, and what comes where it can't."""

from __future__ import annotations

import json

import aiohttp
import pytest

from llmops_gke_sandbox.agents.network.inference_pools import POOLS
from llmops_gke_sandbox.kubernetes.schema.published import published
from llmops_gke_sandbox.workloads.picker import scores

from .conftest import EXPORTER, TOLERANT, deployment
from .test_gateways import GATEWAYS, ROUTES, gateway, policy, programmed, route, rule
from .test_load_balancers import free_port

IMAGE = "ghcr.io/llm-d/llm-d-router-endpoint-picker:v0.10.0"
EVERYWHERE = {"container": {"ports": [{"name": "metrics", "containerPort": 9400}]}, **TOLERANT}
BACKEND = {"group": "inference.networking.k8s.io", "kind": "InferencePool", "name": "pool"}
PARSERS = ["openai-parser", "passthrough-parser"]


def config(*parsers: str) -> str:
    types = ("queue-scorer", "prefix-cache-scorer", *parsers)
    return json.dumps(
        {
            "apiVersion": "llm-d.ai/v1alpha1",
            "kind": "EndpointPickerConfig",
            "plugins": [{"type": one} for one in types],
            "requestHandler": {"parsers": [{"pluginRef": one} for one in parsers]},
            "schedulingProfiles": [
                {"name": "default", "plugins": [{"pluginRef": one} for one in types[:2]]},
            ],
        }
    )


def picker(text: str, **fields) -> dict:
    container = {
        "args": ["--pool-name=pool", f"--config-text={text}"],
        "ports": [{"name": "grpc", "containerPort": 9002}, {"name": "health", "containerPort": 9003}],
        "readinessProbe": {"grpc": {"port": 9003, "service": "inference-extension"}, "periodSeconds": 2},
    }
    return deployment("picker", 1, IMAGE, container=container | fields)


def pool(mode: str = "FailClose") -> dict:
    return {
        "metadata": {"name": "pool", "namespace": "default"},
        "spec": {
            "selector": {"matchLabels": {"app": "exporter"}},
            "targetPorts": [{"number": 9400}],
            "endpointPickerRef": {"name": "picker", "port": {"number": 9002}, "failureMode": mode},
        },
    }


def service() -> dict:
    spec = {"type": "ClusterIP", "selector": {"app": "picker"}, "ports": [{"port": 9002, "targetPort": "grpc"}]}
    return {"metadata": {"name": "picker", "namespace": "default"}, "spec": spec}


def health() -> tuple[str, dict]:
    resource, obj = policy(
        "healthcheckpolicies",
        config={"type": "HTTP", "httpHealthCheck": {"requestPath": "/metrics", "portSpecification": "USE_FIXED_PORT"}},
    )
    return resource, {**obj, "spec": {**obj["spec"], "targetRef": BACKEND}}


async def up(
    world, *, mode: str = "FailClose", text: str | None = None, cls: str = "gke-l7-rilb", replicas: int = 2
) -> str:
    """Programs, their pool with or without a picker, a Gateway with a route; and the Gateway's address and port."""
    for definition in (*published("gateway"), *published("inference")):
        await world.cluster.define(definition)
    port = free_port()
    await world.api.create("deployments.apps", deployment("exporter", replicas, EXPORTER, **EVERYWHERE))
    await world.available("exporter")
    if text is not None:
        await world.api.create("deployments.apps", picker(text))
        await world.available("picker")
    await world.api.create("services", service())
    await world.api.create(POOLS, pool(mode))
    front = gateway(port)
    front["spec"]["gatewayClassName"] = cls
    await world.api.create(GATEWAYS, front)
    await world.api.create(ROUTES, route(rule("/", backends=[BACKEND])))
    await world.api.create(*health())
    return f"{(await programmed(world))['status']['addresses'][0]['value']}:{port}"


async def ask(address: str, path: str = "/metrics", **given) -> tuple[int, str]:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session:
        method = session.post if given else session.get
        async with method(f"http://{address}{path}", **given) as answer:
            return answer.status, (await answer.text())[:60]


def handled(world) -> list[str]:
    """The endpoints that the picker has chosen."""
    (pod,) = world.pods("picker")
    log = world.runtime.pod_logs("default", pod["metadata"]["name"], "main", False, None)
    return [json.loads(line)["endpoint"] for line in log if line.startswith("{")]


async def conditions(world, resource: str, name: str) -> dict[str, tuple[str, str]]:
    async def parents() -> list[dict]:
        return ((await world.api.get(resource, name, "default")).get("status") or {}).get("parents") or []

    for _turn in range(200):
        if found := await parents():
            return {one["type"]: (one["status"], one["reason"]) for one in found[0]["conditions"]}
        await world.clock.sleep(5)
    raise AssertionError(f"no Gateway tells of {name}")


async def test_the_picker_decides_which_pod_takes_a_request(world):
    address = await up(world, text=config(*PARSERS))
    assert (await ask(address))[0] == 200
    # The one that has the beginning of a prompt in its cache, though both are as busy.
    prompt = {"prompt": "the same beginning of a long prompt, " * 5}
    for _turn in range(4):
        await ask(address, "/v1/completions", json=prompt)
    assert len(handled(world)) == 5 and len(set(handled(world)[1:])) == 1
    assert set(handled(world)) <= {pod["status"]["podIP"] for pod in world.pods("exporter")}
    assert await conditions(world, POOLS, "pool") == {
        "Accepted": ("True", "Accepted"),
        "ResolvedRefs": ("True", "ResolvedRefs"),
    }
    assert (await conditions(world, ROUTES, "route"))["ResolvedRefs"] == ("True", "ResolvedRefs")


async def test_a_path_that_no_parser_takes_is_refused(world):
    address = await up(world, text=config("openai-parser"))
    assert await ask(address) == (400, "no parser registered matching path suffix for: /metrics")


@pytest.mark.parametrize(("mode", "status"), [("FailClose", 500), ("FailOpen", 200)])
async def test_without_a_picker_the_mode_decides(world, mode: str, status: int):
    address = await up(world, mode=mode)
    assert (await ask(address))[0] == status


async def test_without_a_pod_nobody_answers(world):
    address = await up(world, text=config(*PARSERS), replicas=0)
    assert await ask(address) == (503, "no healthy upstream")


async def test_a_global_class_takes_no_pool(world):
    await up(world, cls="gke-l7-global-external-managed")
    assert (await conditions(world, ROUTES, "route"))["ResolvedRefs"] == ("False", "InvalidKind")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{}", None),
        (json.dumps({"kind": "Other"}), 'no kind "Other" is registered for None'),
        (config("grpc-parser"), "plugin type 'grpc-parser' is not found in registry"),
    ],
)
async def test_a_configuration_that_is_wrong_ends_the_picker(world, text: str, said: str | None):
    await world.api.create("deployments.apps", picker(text))
    if said is None:
        await world.available("picker")
        return
    (pod,) = await world.until(lambda: world.pods("picker"))
    name = pod["metadata"]["name"]
    await world.waiting(name, "CrashLoopBackOff")
    assert said in world.runtime.pod_logs("default", name, "main", True, None)[-1]


@pytest.mark.parametrize(
    ("values", "scored"),
    [
        ({"a": 0.0, "b": 4.0, "c": 1.0}, {"a": 1.0, "b": 0.0, "c": 0.75}),
        ({"a": 3.0, "b": 3.0}, {"a": 1.0, "b": 1.0}),
        ({"a": None, "b": 2.0}, {"a": 1.0, "b": 0.0}),
        ({}, {}),
    ],
)
def test_the_fewest_score_most(values, scored):
    assert scores.of_counts(values) == scored


def test_metrics_are_read_by_their_whole_name():
    page = 'vllm:num_requests_waiting_by_reason{reason="x"} 9\nvllm:num_requests_waiting{engine="0"} 2.0\n'
    assert scores.metric(page, "vllm:num_requests_waiting") == 2.0
    assert (scores.metric(page, "tgi_queue_size"), scores.metric(page, "")) == (None, None)


def test_a_prompt_counts_by_its_beginning():
    known = scores.Prefixes()
    known.given("a" * 128 + "b" * 64, "one")
    assert known.scores("a" * 128 + "c" * 128, ["one", "two"]) == {"one": 0.5, "two": 0.0}
    assert known.scores("short", ["one"]) == {"one": 0.0}
