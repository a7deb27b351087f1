# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What status.yml says of a deployment that others changed or took apart, and that it changes nothing itself.

The tests of this file build on each other, in their order.
"""

from __future__ import annotations

import json
import re

import pytest
import requests

from tests.playbooks.playground import Run, until
from tests.playbooks.watching import Watcher

STRICT = {"llmops_status_fail_on_drift": True}


@pytest.fixture(scope="module")
def watcher(sandbox) -> Watcher:
    run = sandbox.play("deploy.yml", variables={"verify_latency_samples": 1})
    assert run.code == 0, run.output
    return Watcher(sandbox)


def status(sandbox, results: str = "yaml", **variables: object) -> Run:
    """A report, which must have written nothing. results: the format in which Ansible prints them."""
    sandbox.forget_requests()
    printed = {"ANSIBLE_CALLBACK_RESULT_FORMAT": results, "ANSIBLE_SHOW_CUSTOM_STATS": "True"}
    run = sandbox.play("status.yml", variables=variables, **printed)
    assert sandbox.writes_beside_dry_runs() == []
    assert run.recap["changed"] == 0, run.output
    return run


def words(run: Run) -> str:
    return " ".join(run.output.split())


def stats(run: Run, name: str) -> dict[str, object]:
    """Of the one host, as an automation controller gets them."""
    line = next(line for line in run.output.splitlines() if "RUN:" in line)
    (host,) = json.loads(line[line.index("{") :])[name].values()
    return host


def data(sandbox) -> list[dict[str, object]]:
    """The differences."""
    return stats(status(sandbox, "json"), "llmops_status")["differences"]


def test_what_is_as_the_inventory_has_it_has_no_drift_and_fails_nowhere(sandbox, watcher):
    run = status(sandbox, **STRICT)
    assert run.code == 0, run.output
    assert "no drift: everything is as the inventory has it" in words(run)
    assert data(sandbox) == []


def test_a_model_that_does_not_serve_is_no_drift_and_told_first(sandbox, watcher):
    faults = f"{sandbox.endpoints['admin']}/faults"
    requests.post(faults, json={"name": "stockout"}, timeout=10).raise_for_status()
    nodes = watcher.gpu_nodes()
    watcher.kubectl("cordon", *nodes)
    watcher.kubectl("delete", "pod", "-l", "app=mistral-7b")
    until(lambda: watcher.replicas() == (1, 0) and watcher.events("FailedScheduling"), "no node takes the pod")
    run = status(sandbox, "json", **STRICT)
    assert run.code == 0, run.output
    assert "mistral-7b: as the inventory has it, but it does not serve: no node fits pod mistral-7b-" in words(run)
    found = stats(run, "llmops_summary")
    assert (found["state"], "no node fits" in found["reason"]) == ("not serving", True)
    requests.delete(faults, timeout=10).raise_for_status()
    watcher.kubectl("uncordon", *nodes)
    until(lambda: watcher.replicas() == (1, 1), "the model serves again")


def test_what_a_colleague_changed_is_told_field_by_field(sandbox, watcher):
    watcher.kubectl("scale", "deployment/mistral-7b", "--replicas=2")
    watcher.kubectl("label", "--overwrite", "service/mistral-7b-service", "LLM_deployment=false")
    watcher.kubectl("set", "env", "deployment/mistral-7b", "PORT=1234")
    run = status(sandbox)
    assert run.code == 0, run.output
    told = words(run)
    assert "drift in Deployment default/mistral-7b: spec.replicas is 2, the inventory has 1" in told
    assert 'env[name=PORT].value is "1234", the inventory has "8080"' in told
    assert "drift in Service default/mistral-7b-service: metadata.labels.LLM_deployment is" in told
    assert "no drift" not in told
    differences = data(sandbox)
    fields = {(one["resource"], change["field"]) for one in differences for change in one["changes"]}
    assert ("Deployment default/mistral-7b", "spec.replicas") in fields
    assert {one["state"] for one in differences} == {"drifted"}


def test_drift_fails_where_it_is_to(sandbox, watcher):
    run = status(sandbox, **STRICT)
    assert run.code == 2
    told = words(run)
    assert "differ from the inventory: Deployment default/mistral-7b (drifted" in told
    # The report comes first.
    assert "drift in Deployment default/mistral-7b: spec.replicas is 2" in told


def test_what_is_gone_is_missing_and_its_events_are_no_matter_any_more(sandbox, watcher):
    watcher.kubectl("run", "typo", "--image=registry.invalid/none:1")
    until(lambda: any("registry.invalid" in text for text in watcher.events("Failed")), "the pull has failed")
    assert re.search(r"Warning Pod/typo(, \d+ times)?, \d+ s ago: Failed", words(status(sandbox)))
    watcher.kubectl("delete", "pod", "typo")
    gone = ("deployment/mistral-7b", "service/mistral-7b-service")
    watcher.kubectl("delete", *gone, "--cascade=foreground")
    until(lambda: not watcher.get("pods", "-l", "app=mistral-7b")["items"], "no pod is left")
    assert any("registry.invalid" in text for text in watcher.events("Failed"))
    run = status(sandbox)
    told = words(run)
    assert run.code == 0, run.output
    assert "MISSING: Deployment default/mistral-7b" in told
    assert "MISSING: Service default/mistral-7b-service" in told
    assert "Warning Pod/" not in told
    assert "drift in Service" not in told
    missing = {one["resource"] for one in data(sandbox) if one["state"] == "missing"}
    assert missing == {"Deployment default/mistral-7b", "Service default/mistral-7b-service"}
    run = status(sandbox, **STRICT)
    assert run.code == 2
    assert "Deployment default/mistral-7b (missing)" in words(run)


def test_what_the_inventory_adds_or_leaves_out_is_named(sandbox, watcher):
    run = status(sandbox, model_server_hpa_enabled=True, model_server_pod_monitoring=False)
    told = words(run)
    assert "MISSING: HorizontalPodAutoscaler default/mistral-7b-hpa" in told
    assert "left over: PodMonitoring default/mistral-7b" in told


def test_a_whole_cluster_can_be_missing(sandbox, watcher):
    run = status(sandbox, llmops_cluster="another", **STRICT)
    assert run.code == 2
    assert "There is no cluster another" in words(run)
    assert "cluster another (missing)" in words(run)
