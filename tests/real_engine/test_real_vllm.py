# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real vLLM behind the sandbox's load balancer: what deploy, verify and the autoscaler make of it.

Printed (pytest -s): how far the client's figures and the server's own histograms agree.
"""

from __future__ import annotations

import json

import pytest
import requests

from ansible_collections.llmops.gke.plugins.module_utils.http.prometheus import totals
from tests.playbooks.playground import Sandbox
from tests.playbooks.watching import WINDOWS
from tests.real_engine.conftest import KEY, MODEL

TTFT, BETWEEN = "vllm:time_to_first_token_seconds", "vllm:inter_token_latency_seconds"
# Whether a random model ends its answer is chance; what is measured is to have its length.
PARAMETERS = {"ignore_eos": True}


def counted(url: str) -> dict[str, float]:
    """The server's series by name, each summed over its labels."""
    return totals(requests.get(f"{url}/metrics", timeout=10).text)


@pytest.fixture(scope="module")
def variables(server: str) -> dict[str, object]:
    return {
        **WINDOWS,
        "llmops_engine": "vllm",
        "llmops_model": MODEL,
        "llmops_api_key": KEY,
        "vllm_max_model_len": 2048,
        "vllm_env": {"SANDBOX_MODEL_SERVER": server},
        "verify_parameters": PARAMETERS,
        "model_server_hpa_enabled": True,
        "model_server_hpa_signals": [{"signal": "waiting_requests", "target": 2}],
        # What client and server count is compared.
        "verify_latency_samples": 20,
    }


def compared(sandbox: Sandbox, server: str, way: str, before: dict[str, float]) -> None:
    """Print what the last run measured beside what the server counted of the same time, in milliseconds."""
    after = counted(server)
    hot = json.loads(sandbox.report.with_suffix(".json").read_text())["latency"]["hot"]
    for name, ours, its in (("TTFT", "ttft_seconds", TTFT), ("TPOT", "tpot_seconds", BETWEEN)):
        count = after[f"{its}_count"] - before.get(f"{its}_count", 0.0)
        assert count > 0
        mean = (after[f"{its}_sum"] - before.get(f"{its}_sum", 0.0)) / count
        print(
            f"\n{way}: {name} by the client {hot[ours]['mean'] * 1000:.2f} on average "
            f"(median {hot[ours]['median'] * 1000:.2f}), by the server {mean * 1000:.2f} on average"
        )


def test_deploy_measures_it_as_it_measures_itself(sandbox: Sandbox, server: str, variables: dict[str, object]):
    before = counted(server)
    run = sandbox.play("deploy.yml", variables=variables)
    assert run.code == 0, run.output
    assert KEY not in run.output
    compared(sandbox, server, "through the load balancer", before)
    again = sandbox.play("deploy.yml", variables=variables)
    assert (again.code, again.recap["changed"]) == (0, 0), again.output


def test_verify_measures_it_without_the_sandbox_between(sandbox: Sandbox, server: str, variables: dict[str, object]):
    before = counted(server)
    run = sandbox.play("verify.yml", variables=variables | {"verify_url": server})
    assert run.code == 0, run.output
    compared(sandbox, server, "without anything between", before)


@pytest.mark.parametrize(
    ("route", "status"),
    [("/v1/completions", 401), ("/v1/chat/completions", 401), ("/v1/embeddings", 401), ("/invocations", 404),
     ("/inference/v1/generate", 404), ("/tokenize", 404), ("/pooling", 404), ("/score", 404)],
)  # fmt: skip
def test_without_the_key_nothing_generates(server: str, route: str, status: int):
    body = {"model": MODEL, "prompt": "a", "messages": [{"role": "user", "content": "a"}], "max_tokens": 1}
    assert requests.post(server + route, json=body, timeout=10).status_code == status


def test_no_route_of_its_own_is_open_but_those_that_watch_it(server: str):
    known = requests.get(f"{server}/openapi.json", headers={"Authorization": f"Bearer {KEY}"}, timeout=10)
    assert known.status_code == 404
    for route in ("/health", "/metrics", "/ping", "/version", "/load"):
        assert requests.get(server + route, timeout=10).status_code == 200, route


def test_load_brings_a_second_replica(sandbox: Sandbox, server: str, variables: dict[str, object]):
    loaded = {"verify_load": True, "verify_load_clients": 12, "verify_load_timeout": 120}
    run = sandbox.play("verify.yml", variables=variables | loaded)
    assert run.code == 0, run.output
    assert "a further replica was asked for and came: 2 serve" in " ".join(run.output.split())


def test_teardown_leaves_nothing(sandbox: Sandbox, variables: dict[str, object]):
    run = sandbox.play("teardown.yml", variables=variables)
    assert run.code == 0, run.output
