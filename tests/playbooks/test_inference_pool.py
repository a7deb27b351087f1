# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Gateway whose endpoint picker chooses the pod: switched on and off on a model that runs.

The tests of this file build on each other, in their order: one deployment serves them all.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.playbooks.playground import Sandbox
from tests.playbooks.watching import Watcher

TAGS = ("--tags", "preflight,gke_cluster,model_server,verify")
GATEWAY = {"llmops_engine": "vllm", "llmops_exposure": "gateway", "model_server_gateway_class": "gke-l7-rilb"}
POOL = GATEWAY | {"model_server_gateway_inference_pool": True}
PICKER_KINDS = ("deployment", "service", "serviceaccount", "role", "rolebinding")
POOLS = "inferencepools.inference.networking.k8s.io"


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """One whose network has a subnetwork for the proxies of regional Gateways."""
    proxies = {"us-central1": "10.129.0.0/23"}
    running = Sandbox(tmp_path_factory.mktemp("playbooks") / "sandbox", proxy_subnetworks=proxies)
    yield running
    running.stop()


@pytest.fixture(scope="module")
def watcher(sandbox) -> Watcher:
    return Watcher(sandbox)


def there(watcher) -> set[str]:
    """What of a pool and its picker is in the cluster."""
    kinds = [kind for kind in PICKER_KINDS if "mistral-7b-picker" in names(watcher, kind)]
    return set(kinds) | ({"pool"} if names(watcher, POOLS) else set())


def names(watcher, kind: str) -> list[str]:
    return [one["metadata"]["name"] for one in watcher.get(kind)["items"]]


def run(sandbox, *arguments: str, **variables: Any):
    found = sandbox.play("deploy.yml", *TAGS, *arguments, variables=variables)
    assert found.code == 0, found.output
    return found


def url(watcher) -> str:
    gateway = watcher.get("gateways.gateway.networking.k8s.io", "mistral-7b")
    return f"http://{gateway['status']['addresses'][0]['value']}:8080"


def log(sandbox) -> list[dict[str, Any]]:
    command = ["kubectl", "logs", "deployment/mistral-7b-picker"]
    out = subprocess.run(command, env=sandbox.client_environment(), check=True, capture_output=True, text=True).stdout
    return [json.loads(line) for line in out.splitlines() if line.startswith("{")]


def test_it_is_switched_on_beside_a_running_model(sandbox, watcher):
    assert sandbox.play("deploy.yml", variables=GATEWAY).code == 0
    uid = watcher.get("deployment", "mistral-7b")["metadata"]["uid"]
    sandbox.forget_requests()
    run(sandbox, "--check", **POOL)
    assert sandbox.writes_beside_dry_runs() == []
    run(sandbox, **POOL)
    assert there(watcher) == {*PICKER_KINDS, "pool"}
    assert watcher.get("deployment", "mistral-7b")["metadata"]["uid"] == uid
    again = run(sandbox, **POOL)
    assert again.recap["changed"] == 0, again.output


def test_requests_go_where_the_picker_says(sandbox, watcher):
    before = len(log(sandbox))
    body = {"model": "mistralai/Mistral-7B-Instruct-v0.1", "prompt": "What is Kubernetes?", "max_tokens": 4}
    answer = requests.post(f"{url(watcher)}/v1/completions", json=body, timeout=20)
    assert answer.status_code == 200, answer.text
    handled = log(sandbox)[before:]
    (pod,) = watcher.get("pods", "-l", "app=mistral-7b")["items"]
    assert [one["endpoint"] for one in handled] == [pod["status"]["podIP"]]


def test_status_shows_the_whole_way(sandbox, watcher):
    found = sandbox.play("status.yml", variables=POOL)
    told = " ".join(found.output.split())
    assert "no drift" in told, found.output
    (address,) = watcher.get("gateways.gateway.networking.k8s.io", "mistral-7b")["status"]["addresses"]
    for part in (
        f"Gateway default/mistral-7b, class gke-l7-rilb Address: {address['value']} Listeners: 8080/HTTP",
        "Condition: Programmed True Programmed",
        "Route default/mistral-7b Leads to: InferencePool mistral-7b",
        "Pool default/mistral-7b Selector: app=mistral-7b Picker: mistral-7b-picker, FailOpen",
        "Service default/mistral-7b-service Type: ClusterIP, reached inside the cluster alone",
    ):
        assert part in told, (part, found.output)


def test_switched_off_nothing_of_it_is_left(sandbox, watcher):
    run(sandbox, **GATEWAY)
    assert there(watcher) == set()
    assert requests.get(f"{url(watcher)}/v1/models", timeout=20).status_code == 200
    again = run(sandbox, "--check", **GATEWAY)
    assert again.recap["changed"] == 0, again.output


def test_teardown_takes_it_with_the_model(sandbox):
    run(sandbox, **POOL)
    sandbox.forget_requests()
    found = sandbox.play("teardown.yml", variables=POOL)
    assert found.code == 0, found.output
    deleted = [write for write in sandbox.writes() if write.startswith("DELETE")]
    for part in ("/inferencepools/mistral-7b", "/deployments/mistral-7b-picker", "/roles/mistral-7b-picker"):
        assert any(part in write for write in deleted), deleted
    # The picker is nobody else's.
    assert deleted[-1].endswith("/clusters/mistral-cluster-gke"), found.output
