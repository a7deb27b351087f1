# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cold start of the pods behind a Service, from the cluster's API and TGI's log; llm_latency with access."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.llmops.gke.plugins.module_utils.core.errors import InvalidOption
from ansible_collections.llmops.gke.plugins.module_utils.core.result import silent
from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.client.resources import NODE, POD, ObjectRef
from ansible_collections.llmops.gke.plugins.module_utils.serving import registry
from ansible_collections.llmops.gke.plugins.module_utils.serving.thresholds import ThresholdBreached
from ansible_collections.llmops.gke.plugins.module_utils.workflows.model_startup import ModelPods, serving_pods
from ansible_collections.llmops.gke.plugins.modules.llm_latency import SPEC
from tests.unit.fake_http import FakeServer, Reply
from tests.unit.plugins.kubernetes.k8s_support import kubeconfig

PODS = "/api/v1/namespaces/golden/pods"
EVENT = b'data: {"index":1,"details":{"generated_tokens":1},"generated_text":"a"}\n\n'
LOG = """2026-01-01T12:01:30.25Z  INFO download: text_generation_launcher: Starting check and download process
\x1b[2m2026-01-01T12:01:45.123456789Z\x1b[0m \x1b[32m INFO\x1b[0m download: Successfully downloaded weights for m
2026-01-01T12:02:05.5Z  INFO text_generation_router::server: Connected
2026-01-01T12:09:00Z  INFO generate: Connected to nothing
"""


def pod(name: str = "mistral-1", ready: str = "True", **metadata) -> dict:
    times = {"PodScheduled": "2026-01-01T12:01:00Z", "Ready": "2026-01-01T12:02:10Z"}
    return {
        "metadata": {"name": name, "namespace": "golden", "creationTimestamp": "2026-01-01T12:00:00Z"}
        | {"uid": name, **metadata},
        "spec": {
            "nodeName": "node-1",
            "containers": [
                {"name": "sidecar"},
                {
                    "name": "tgi",
                    "image": "tgi:3.3.5",
                    "env": [
                        {"name": "MODEL_ID", "value": "org/model"},
                        {"name": "QUANTIZE", "value": "eetq"},
                        {"name": "API_KEY", "value": "sk-canary"},
                        {"name": "HF_TOKEN", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}},
                    ],
                    "resources": {"limits": {"nvidia.com/gpu": "1"}},
                },
            ],
        },
        "status": {
            "conditions": [
                {"type": kind, "status": ready if kind == "Ready" else "True", "lastTransitionTime": time}
                for kind, time in times.items()
            ],
            "containerStatuses": [
                {"name": "tgi", "restartCount": 0, "state": {"running": {"startedAt": "2026-01-01T12:01:30Z"}}}
            ],
        },
    }


def node(created: str, ready: str = "2026-01-01T12:00:50Z") -> dict:
    return {
        "metadata": {"labels": {"cloud.google.com/gke-accelerator": "nvidia-l4"}, "creationTimestamp": created},
        "status": {"conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": ready}]},
    }


def asked(moment: str) -> dict:
    metadata = {"name": "e", "namespace": "golden"}
    return {
        "metadata": metadata,
        "reason": "TriggeredScaleUp",
        "firstTimestamp": moment,
        "involvedObject": {"uid": "mistral-1"},
    }


def measure(pods: list, log: str | Reply = LOG, more: dict | None = None, **options: Any) -> tuple[dict, list[str]]:
    """The result of llm_latency, and the calls that it took."""
    routes = {
        ("GET", "/health"): "",
        ("GET", "/info"): {"model_id": "org/model"},
        ("GET", "/metrics"): "",
        ("POST", "/generate"): {"generated_text": "a", "details": {"generated_tokens": 1}},
        ("POST", "/generate_stream"): lambda _request: Reply(200, lines=[EVENT]),
        ("GET", "/api/v1/namespaces/golden/services/mistral"): {
            "metadata": {"name": "mistral"},
            "spec": {"selector": {"app": "m"}},
        },
        ("GET", PODS): {"metadata": {}, "items": pods},
        ("GET", f"{PODS}/mistral-1/log"): log,
        ("GET", "/api/v1/nodes/node-1"): node("2026-01-01T11:00:00Z"),
        ("GET", "/api/v1/namespaces/golden/events"): {"metadata": {}, "items": [asked("2026-01-01T12:00:08Z")]},
        **(more or {}),
    }
    with FakeServer(routes) as server:
        given = {"url": server.url, "prompt": "hi", "samples": 1, "warmup": 0, "service": "mistral", **options}
        given["kubeconfig"] = kubeconfig(server.url)
        validated = ArgumentSpecValidator(dict(SPEC.argument_spec), **SPEC.rules).validate(given)
        assert not validated.error_messages
        return SPEC.run(validated.validated_parameters, False, silent).to_dict(), server.calls()


def measured(pods: list, log: str | Reply = LOG, more: dict | None = None, **options: Any) -> dict:
    return measure(pods, log, more, **options)[0]


def stages(start: dict) -> dict[str, float]:
    return {stage["name"]: stage["seconds"] for stage in start["start_stages"]}


def test_the_stages_follow_each_other_and_add_up():
    told, calls = measure([pod()])
    [start] = told["pods"]
    assert f"GET {PODS}/mistral-1/log?container=tgi&tailLines=2000" in calls
    assert stages(start) == {"scheduled": 60.0, "image": 30.0, "weights": 15.123, "load": 20.377, "ready": 4.5}
    assert start["start_seconds"] == 130.0 == pytest.approx(sum(stages(start).values()))
    assert (start["pod"], start["node"], start["restarts"]) == ("mistral-1", "node-1", 0)
    assert start["created"] == "2026-01-01T12:00:00+00:00"


def test_each_pod_has_a_start_of_its_own():
    another, more = pod("mistral-2"), {("GET", f"{PODS}/mistral-2/log"): LOG}
    another["status"]["containerStatuses"][0]["state"]["running"]["startedAt"] = "2026-01-01T12:01:40Z"
    starts = measured([pod(), another], more=more)["pods"]
    assert [stages(start)["image"] for start in starts] == [30.0, 40.0]


def test_a_node_that_came_for_the_pod_is_a_part_of_its_way():
    came = {("GET", "/api/v1/nodes/node-1"): node("2026-01-01T12:00:49Z")}
    [start] = measured([pod()], more=came)["pods"]
    expected = {"asked": 8.0, "machine": 42.0, "scheduled": 10.0, "image": 30.0}
    assert {name: seconds for name, seconds in stages(start).items() if name in expected} == expected
    assert start["start_seconds"] == 130.0


def test_what_runs_where_is_told_and_no_key():
    [running] = measured([pod()])["pods"]
    assert (running["image"], running["gpus"], running["settings"]) == ("tgi:3.3.5", 1, {"QUANTIZE": "eetq"})
    assert running["quantization"] == "eetq"
    assert (running["accelerator_type"], running["machine_type"], running["spot"]) == ("nvidia-l4", None, False)
    assert "sk-canary" not in str(running)


def test_a_pod_with_a_bucket_tells_that_its_weights_are_from_there():
    bucket = {"driver": "gcsfuse.csi.storage.gke.io", "volumeAttributes": {"bucketName": "b"}}
    made = pod()
    made["spec"]["volumes"] = [{"name": "w", "csi": bucket}]
    made["spec"]["containers"][1]["volumeMounts"] = [{"name": "w", "mountPath": "/models"}]
    assert measured([made])["pods"][0]["weights"] == "gs://b"


VLLM_LOG = """INFO 01-01 12:01:32 [core.py:133] Initializing a V1 LLM engine (v0.32.0) with config: model='m'
INFO 01-01 12:01:50 [weight_utils.py:581] Time spent downloading weights for m: 18.0 seconds
INFO 01-01 12:01:55 [gpu_model_runner.py:5190] Model loading took 13.49 GiB memory and 5 seconds
INFO 01-01 12:02:03 [core.py:402] init engine (profile, create kv cache, warmup model) took 8 s"""


class Seen:
    """A cluster's API that has one pod, on a node that is there since long, and its log."""

    def __init__(self, shown: dict[str, Any], log: str) -> None:
        self.shown, self.log = shown, log.splitlines()

    def get(self, ref: Any) -> dict[str, Any]:
        return (
            node("2026-01-01T11:00:00Z")
            if ref == ObjectRef(NODE, None, "node-1")
            else {"spec": {"selector": {"app": "m"}}}
        )

    def list(self, kind: Any, *_where: Any, **_which: Any) -> list[dict[str, Any]]:
        return [self.shown] if kind == POD else []

    def logs(self, *_pod: str, lines: int) -> list[str]:
        return self.log[-lines:]


def test_an_engine_of_more_phases_has_its_own_and_is_set_by_arguments():
    made = pod()
    made["spec"]["containers"][1] |= {"command": ["vllm", "serve", "--dtype=half"], "args": ["--quantization", "awq"]}
    [start] = serving_pods(ModelPods(Seen(made, VLLM_LOG), "golden", "mistral", registry.engine("vllm")))
    own = {"weights": 20.0, "load": 5.0, "compile": 8.0, "server": 7.0}
    assert stages(start) == {"scheduled": 60.0, "image": 30.0, **own}
    assert (start["quantization"], start["settings"]) == ("awq", {"--quantization": "awq", "--dtype": "half"})


@pytest.mark.parametrize("log", ["", "no moment here: Connected", Reply(404, "")], ids=["empty", "foreign", "gone"])
def test_without_the_log_s_help_loading_is_one_stage(log):
    [start] = measured([pod()], log)["pods"]
    assert stages(start) == {"scheduled": 60.0, "image": 30.0, "load": 40.0}


def test_a_moment_that_lies_before_the_one_before_takes_no_time():
    early = LOG.replace("12:01:45", "12:01:29")
    [start] = measured([pod()], early)["pods"]
    assert stages(start)["weights"] == 0
    assert start["start_seconds"] == 130.0


def test_pods_that_are_not_ready_or_on_their_way_out_are_left_out():
    pods = [pod("a", ready="False"), pod("b", deletionTimestamp="2026-01-01T13:00:00Z"), pod()]
    assert [start["pod"] for start in measured(pods)["pods"]] == ["mistral-1"]


def test_a_slow_cold_start_breaches_its_limit():
    assert measured([pod()], thresholds={"cold_start_seconds": 130})["thresholds"][0]["passed"] is True
    with pytest.raises(ThresholdBreached, match="cold_start_seconds is 130 s, limit 129 s; look at pods"):
        measured([pod()], thresholds={"cold_start_seconds": 129})


GPU = 'gpu="0",UUID="GPU-1",modelName="NVIDIA L4"'
EXPORTER = {
    "metadata": {"name": "dcgm", "namespace": "metrics"},
    "spec": {"nodeName": "node-1", "containers": [{"name": "dcgm", "image": "nvidia/dcgm-exporter:4"}]},
    "status": {"phase": "Running", "containerStatuses": [{"name": "dcgm", "state": {"running": {}}}]},
}
WATCHED = {
    ("GET", "/api/v1/pods"): {"items": [EXPORTER]},
    ("GET", "/api/v1/namespaces/metrics/pods/dcgm:9400/proxy/metrics"): f"DCGM_FI_DEV_GPU_UTIL{{{GPU}}} 97\n",
}


def test_the_gpus_are_watched_where_that_is_wanted():
    [series] = measured([pod()], more=WATCHED, gpu_metrics=True)["gpu"]
    assert (series["name"], series["node"], series["unit"]) == ("DCGM_FI_DEV_GPU_UTIL", "node-1", "%")
    assert [value for _moment, value in series["points"]][:2] == [97.0, 97.0]
    assert measured([pod()], more=WATCHED)["gpu"] is None


def test_a_broken_limit_takes_the_series_along():
    with pytest.raises(ThresholdBreached) as caught:
        measured([pod()], more=WATCHED, gpu_metrics=True, thresholds={"cold_start_seconds": 129})
    assert caught.value.fields["measured"]["gpu"]
    assert caught.value.fields["thresholds"][0]["passed"] is False


def test_gpus_are_watched_behind_a_service_alone():
    options = {"service": None, "cluster": None, "kubeconfig": None, "gpu_metrics": True}
    with pytest.raises(InvalidOption, match="gpu_metrics: True.*service beside it"):
        SPEC.run(options, False, print)


def test_a_service_without_a_way_into_its_cluster_is_refused():
    options = {"service": "mistral", "cluster": None, "kubeconfig": None}
    with pytest.raises(InvalidOption, match="service: 'mistral'.*cluster or kubeconfig"):
        SPEC.run(options, False, print)


def test_a_cluster_without_a_service_is_refused():
    with pytest.raises(InvalidOption, match="service: None"):
        SPEC.run({"service": None, "cluster": "c", "kubeconfig": None}, False, print)
