# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""inference_perf_info: what it asks of the cluster, what it gives, what it withholds."""

from __future__ import annotations

import json

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.engines.serving.inference_perf_info import NotTrustworthy
from ansible_collections.llmops.gke.plugins.module_utils.serving.inference_perf.log import MARK, ResultsMissing
from ansible_collections.llmops.gke.plugins.modules.inference_perf_info import SPEC
from tests.unit.core.test_carriers import run_module, without_the_unequal
from tests.unit.fake_http import FakeServer, Reply
from tests.unit.plugins.inference_perf.benchmark_support import log, report
from tests.unit.plugins.kubernetes.k8s_support import kubeconfig, run

PODS = "/api/v1/namespaces/models/pods"


def pod(name, created):
    return {
        "metadata": {"name": name, "namespace": "models", "creationTimestamp": created},
        "spec": {"containers": [{"name": "main"}]},
    }


def info(lines, **given):
    """Run the module against a cluster whose Job has two pods; the newer one has said these lines."""
    pods = {"items": [pod("new", "2026-01-02T00:00:00Z"), pod("old", "2026-01-01T00:00:00Z")]}
    with FakeServer([Reply(200, pods), Reply(200, "".join(f"{line}\n" for line in lines))]) as server:
        try:
            return run(SPEC, server.url, namespace="models", job="load", **given)
        finally:
            assert server.calls() == [
                f"GET {PODS}?limit=500&labelSelector=batch.kubernetes.io%2Fjob-name%3Dload",
                f"GET {PODS}/new/log?container=main&tailLines=20000",
            ]


def test_figures_without_the_warm_up():
    found = info(log(report(1, ttft=9.0), report(2), report(4)), warmup_stages=1, output_tokens=32)
    results = found["results"]
    assert [stage["offered_rate"] for stage in results["stages"]] == [2.0, 4.0]
    assert results["knee"] == {"stage": 1, "offered": 4.0, "reached": False}
    assert results["calibration"]["ttft"]["error"] == 0.0
    assert len(found["load"]["stages"]) == 2
    assert found["changed"] is False


@pytest.mark.parametrize(
    ("answer", "advice"),
    [
        (
            'data: {"error":"too \x1b[31mlong"}',
            "mend the server, or ask for no more than it takes (benchmark_prompt_tokens",
        ),
        (
            'data:{"choices":[]}',
            "inference-perf does not read events that begin with data: and no space; mend the server",
        ),
    ],
)
def test_a_model_server_that_gave_no_token_was_not_loaded(answer, advice):
    told = json.dumps({"run": "load", "report": "refusal", "content": f"one request got no token: {answer}"})
    with pytest.raises(NotTrustworthy) as caught:
        info([f"{MARK}{told}", "the end"], warmup_stages=1)
    (finding,) = caught.value.fields["findings"]
    assert (finding["name"], finding["stage"]) == ("first_request", None)
    assert finding["message"].startswith("one request got no token: data:") and advice in finding["message"]
    assert finding["message"] in caught.value.message and "\x1b" not in caught.value.message


def test_every_reason_is_told_at_once_and_no_figure():
    with pytest.raises(NotTrustworthy) as caught:
        info(log(report(2), report(4), calibration=report(ttft=0.1)), output_tokens=64, max_in_flight=1)
    told = [(one["name"], one["stage"]) for one in caught.value.fields["findings"]]
    assert told == [
        ("calibration", None),
        ("worker_cap", 0),
        ("output_tokens", 0),
        ("worker_cap", 1),
        ("output_tokens", 1),
    ]
    assert "stage 1 (offered 4)" in caught.value.message and "\n" not in caught.value.message
    assert "stages" not in caught.value.fields


def test_a_warm_up_that_leaves_nothing_is_refused():
    with pytest.raises(ResultsMissing, match="none is left"):
        info(log(report(2)), warmup_stages=1)


def test_a_job_without_pods_is_named():
    with (
        FakeServer([Reply(200, {"items": []})]) as server,
        pytest.raises(ResultsMissing, match="Job models/load has no pod"),
    ):
        run(SPEC, server.url, namespace="models", job="load")


def test_what_stood_behind_the_service_is_told():
    served = pod("tgi", "2026-01-01T00:00:00Z")
    moment = {"status": "True", "lastTransitionTime": "2026-01-01T00:01:00Z"}
    served["spec"] |= {"nodeName": "gpu-1"}
    served["status"] = {
        "conditions": [{"type": kind} | moment for kind in ("PodScheduled", "Ready")],
        "containerStatuses": [{"name": "main", "state": {"running": {"startedAt": "2026-01-01T00:00:30Z"}}}],
    }
    labels = {"node.kubernetes.io/instance-type": "g2-standard-12", "cloud.google.com/gke-spot": "true"}
    routes = {
        ("GET", PODS): {"items": [served]},
        ("GET", f"{PODS}/tgi/log"): "".join(f"{line}\n" for line in log(report(2))),
        ("GET", "/api/v1/namespaces/models/services/mistral"): {
            "metadata": {"name": "mistral"},
            "spec": {"selector": {"app": "m"}},
        },
        ("GET", "/api/v1/nodes/gpu-1"): {"metadata": {"labels": labels}},
    }
    with FakeServer(routes) as server:
        [told] = run(SPEC, server.url, namespace="models", job="load", service="mistral")["pods"]
    assert (told["pod"], told["machine_type"], told["spot"]) == ("tgi", "g2-standard-12", True)


def test_both_carriers_have_the_results_by_that_name(tmp_path):
    """Ansible has the name ``results`` for its loops."""
    pods, lines = {"items": [pod("new", "2026-01-02T00:00:00Z")]}, log(report(2), report(4))
    told = []
    for in_process in (True, False):
        with FakeServer([Reply(200, pods), Reply(200, "".join(f"{line}\n" for line in lines))]) as server:
            given = {"kubeconfig": kubeconfig(server.url), "namespace": "models", "job": "load"}
            result, printed = run_module(tmp_path, given, in_process=in_process, module="inference_perf_info")
        assert "renamed" not in printed
        told.append(without_the_unequal(result))
    assert told[0] == told[1]
    assert len(told[0]["results"]["stages"]) == 2
