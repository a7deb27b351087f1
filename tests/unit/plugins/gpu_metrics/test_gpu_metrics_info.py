# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""gpu_metrics_info: the figures of every GPU, and each cause by which they are missing."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.engines.kubernetes.gpu_metrics_info import SeriesMissing
from ansible_collections.llmops.gke.plugins.module_utils.http.prometheus import Sample, samples
from ansible_collections.llmops.gke.plugins.modules.gpu_metrics_info import SPEC
from tests.unit.fake_http import FakeServer, Reply
from tests.unit.plugins.kubernetes import k8s_support

IDENTITY = 'gpu="0",UUID="GPU-1",device="nvidia0",modelName="NVIDIA L4"'
TEXT = (
    "# TYPE DCGM_FI_DEV_GPU_UTIL gauge\n"
    f'DCGM_FI_DEV_GPU_UTIL{{{IDENTITY},namespace="default",pod="mistral"}} 97\n'
    f"DCGM_FI_DEV_FB_USED{{{IDENTITY}}} 20731\n"
)
SERIES = ["DCGM_FI_DEV_GPU_UTIL", "DCGM_FI_DEV_FB_USED"]
METRICS = "/api/v1/namespaces/gpu-metrics/pods/exporter:9400/proxy/metrics"


def node(name: str = "gpu-1", gpus: str | None = "1") -> dict[str, Any]:
    allocatable = {} if gpus is None else {"nvidia.com/gpu": gpus}
    labels = {"cloud.google.com/gke-accelerator": "nvidia-l4"}
    return {"metadata": {"name": name, "labels": labels}, "status": {"allocatable": allocatable}}


def exporter(name: str = "exporter", on: str = "gpu-1", state: dict[str, Any] | None = None) -> dict[str, Any]:
    port = {"name": "metrics", "containerPort": 9400}
    container = {"name": "dcgm", "image": "nvcr.io/nvidia/k8s/dcgm-exporter@sha256:00", "ports": [port]}
    status = {"name": "dcgm", "state": state or {"running": {}}}
    return {
        "metadata": {"name": name, "namespace": "gpu-metrics"},
        "spec": {"nodeName": on, "containers": [container]},
        "status": {"phase": "Running", "containerStatuses": [status]},
    }


OTHER = {
    "metadata": {"name": "web", "namespace": "default"},
    "spec": {"nodeName": "gpu-1", "containers": [{"name": "web", "image": "nginx"}]},
}
PLAIN_NODE = {"metadata": {"name": "cpu-1"}}


def play(nodes: list[Any], pods: list[Any], answer: Any = TEXT, **given: Any) -> tuple[dict[str, Any], list[str]]:
    answers = {
        ("GET", "/api/v1/nodes"): {"items": nodes},
        ("GET", "/api/v1/pods"): {"items": pods},
        ("GET", METRICS): answer,
    }
    with FakeServer(answers) as server:
        settings = {"timeout": 1, "series": SERIES, **given}
        return k8s_support.run(SPEC, server.url, **settings), [call.partition("?")[0] for call in server.calls()]


def test_every_gpu_with_its_figures_in_three_requests():
    result, calls = play([PLAIN_NODE, node()], [OTHER, exporter()], timeout=9)
    assert calls == ["GET /api/v1/nodes", "GET /api/v1/pods", f"GET {METRICS}"]
    assert result["gpus"] == [
        {
            "node": "gpu-1",
            "exporter": "gpu-metrics/exporter",
            "gpu": "0",
            "uuid": "GPU-1",
            "model": "NVIDIA L4",
            "used_by": "default/mistral",
            "figures": {"DCGM_FI_DEV_GPU_UTIL": 97.0, "DCGM_FI_DEV_FB_USED": 20731.0},
        }
    ]


@pytest.mark.parametrize(
    ("labels", "used_by"), [('namespace="",pod=""', ""), ('namespace="ns",pod=""', "ns"), ('pod=""', "")]
)
def test_nobody_uses_an_idle_gpu(labels, used_by):
    idle = TEXT.replace('namespace="default",pod="mistral"', labels)
    assert idle != TEXT
    assert play([node()], [exporter()], Reply(200, idle))[0]["gpus"][0]["used_by"] == used_by


WAITING = {"waiting": {"reason": "ImagePullBackOff", "message": "not found"}}
CAUSES = {
    "no GPU node": ([PLAIN_NODE], [], TEXT, "there is no GPU node: no node has the label cloud.google.com/gke-acc"),
    "no driver yet": (
        [node(gpus=None)],
        [exporter()],
        "",
        "node gpu-1: the driver is not ready (no allocatable nvidia",
    ),
    "no exporter": ([node()], [OTHER], TEXT, "node gpu-1: no exporter runs there; let GKE run it (mode managed)"),
    "an exporter elsewhere": ([node()], [exporter(on="gpu-2")], TEXT, "node gpu-1: no exporter runs there"),
    "two exporters": (
        [node()],
        [exporter(), exporter()],
        TEXT,
        "exporter gpu-metrics/exporter and exporter gpu-metrics/exporter both read its GPUs",
    ),
    "no device": ([node()], [exporter()], "", "exporter gpu-metrics/exporter on node gpu-1 runs without a device"),
    "no image": ([node()], [exporter(state=WAITING)], TEXT, "on node gpu-1: does not run: ImagePullBackOff not found"),
    "no answer": (
        [node()],
        [exporter()],
        Reply(503, {"kind": "Status", "message": "error trying to reach service", "reason": "ServiceUnavailable"}),
        "on node gpu-1: does not answer: error trying to reach service",
    ),
    "a series less": ([node()], [exporter()], TEXT.replace("FB_USED", "FB_FREE"), "has no DCGM_FI_DEV_FB_USED with"),
    "no label": ([node()], [exporter()], TEXT.replace("modelName", "model"), "with the labels gpu, UUID, modelName"),
}


@pytest.mark.parametrize("case", CAUSES)
def test_the_cause_is_named(case: str):
    nodes, pods, answer, cause = CAUSES[case]
    with pytest.raises(SeriesMissing, match="the GPUs' metrics are not there after 1 s: ") as caught:
        play(nodes, pods, Reply(200, answer) if isinstance(answer, str) else answer)
    assert cause in caught.value.message


def test_check_mode_waits_for_nothing():
    answers = {("GET", "/api/v1/nodes"): {"items": [node()]}, ("GET", "/api/v1/pods"): {"items": []}}
    with FakeServer(answers) as server:
        result = k8s_support.run(SPEC, server.url, check=True, timeout=600)
    assert result["gpus"] == []
    assert result["warnings"] == ["node gpu-1: no exporter runs there; let GKE run it (mode managed) or run one by a "
                                  "DaemonSet that tolerates the node's taints"]  # fmt: skip


def test_the_text_format_with_labels_times_and_rubbish():
    text = 'a{b="c,d=\\"e\\"",f="g"} 1.5 1700000000000\n# HELP a b\n\nplain 2\nno value\nbad{x="y"} one\n'
    assert list(samples(text)) == [Sample("a", {"b": 'c,d=\\"e\\"', "f": "g"}, 1.5), Sample("plain", {}, 2.0)]
