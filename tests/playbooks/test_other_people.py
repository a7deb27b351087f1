# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What colleagues do beside a deployment: edits with kubectl, another model behind the address, a second deployment.

The tests of this file build on each other, in their order.
"""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest

MODEL = ("--tags", "tgi_mistral,lb_labels")


STRANGER = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "stranger", "namespace": "team-b"},
    "spec": {
        "selector": {"matchLabels": {"app": "stranger"}},
        "template": {
            "metadata": {"labels": {"app": "stranger"}},
            "spec": {"containers": [{"name": "pause", "image": "registry.k8s.io/pause:3.10"}]},
        },
    },
}


def kubectl(sandbox: Any, *command: str, given: Any = None) -> str:
    kubeconfig = sandbox.directory / "kubeconfig-us-central1-mistral-cluster-gke"
    done = subprocess.run(
        ["kubectl", "--kubeconfig", str(kubeconfig), *command],
        input=json.dumps(given),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def deployed(sandbox) -> Any:
    run = sandbox.play("deploy.yml", variables={"verify_latency_samples": 1})
    assert run.code == 0, run.output
    return sandbox


@pytest.mark.parametrize(
    ("edit", "look"),
    [
        (("scale", "deployment/mistral-7b", "--replicas=0"), ("deployment/mistral-7b", "{.spec.replicas}")),
        (
            ("label", "--overwrite", "service/mistral-7b-service", "LLM_deployment=false"),
            ("service/mistral-7b-service", "{.metadata.labels.LLM_deployment}"),
        ),
    ],
    ids=["scale", "label"],
)
def test_an_edit_is_kept_and_named_and_taken_over_only_when_asked(deployed, edit, look):
    def value() -> str:
        return kubectl(deployed, "get", look[0], "-o", f"jsonpath={look[1]}")

    wanted = value()
    kubectl(deployed, *edit)
    edited = value()
    assert edited != wanted
    refused = deployed.play("deploy.yml", *MODEL)
    assert refused.code != 0
    told = " ".join(refused.output.split())
    assert "kubectl" in told
    assert "-e llmops_force_conflicts=true" in told and "manifest" not in told.partition("msg:")[2]
    assert value() == edited
    forced = {"llmops_force_conflicts": True}
    planned = deployed.play("deploy.yml", "--check", *MODEL, variables=forced)
    taken = deployed.play("deploy.yml", *MODEL, variables=forced)
    assert (taken.code, taken.recap["changed"]) == (0, planned.recap["changed"]), taken.output
    assert value() == wanted
    again = deployed.play("deploy.yml", *MODEL)
    assert (again.code, again.recap["changed"]) == (0, 0), again.output


def test_another_model_behind_the_address_is_no_proof(deployed):
    run = deployed.play("verify.yml", variables={"llmops_model": "mistralai/Mistral-7B-Instruct-v0.3"})
    assert run.code != 0
    told = " ".join(run.output.split())
    assert "serves mistralai/Mistral-7B-Instruct-v0.1, but llmops_model is mistralai/Mistral-7B-Instruct-v0.3" in told


def test_a_key_need_not_travel_in_the_clear(deployed):
    deployed.forget_requests()
    run = deployed.play("verify.yml", variables={"verify_port_forward": True, "verify_latency_samples": 1})
    assert run.code == 0, run.output
    assert any("/portforward" in request["path"] for request in deployed.requests())


def test_a_second_deployment_on_the_cluster_leaves_the_first_alone(deployed):
    second = {"llmops_name": "second", "llmops_namespace": "team-b", "gpu_nodepool_max_node_count": 3}
    run = deployed.play("deploy.yml", variables={**second, "verify_latency_samples": 1})
    assert run.code == 0, run.output
    found = json.loads(kubectl(deployed, "get", "deployments", "-A", "-o", "json"))["items"]
    serving = {
        (one["metadata"]["namespace"], one["metadata"]["name"]) for one in found if one["status"].get("readyReplicas")
    }
    assert {("default", "mistral-7b"), ("team-b", "second")} <= serving
    first = deployed.play("deploy.yml", variables={"verify_latency_samples": 1, "gpu_nodepool_max_node_count": 3})
    assert (first.code, first.recap["changed"]) == (0, 0), first.output


def test_teardown_of_one_keeps_what_the_other_uses(deployed):
    second = {"llmops_name": "second", "llmops_namespace": "team-b", "gpu_nodepool_max_node_count": 3}
    run = deployed.play("teardown.yml", variables=second)
    assert run.code == 0, run.output
    told = " ".join(run.output.split())
    assert "cluster mistral-cluster-gke stays, because others run on it: default/mistral-7b" in told
    assert "mistral-gpu-pool stays: these have pods on its nodes: default/mistral-7b" in told
    found = json.loads(kubectl(deployed, "get", "deployments", "-A", "-o", "json"))["items"]
    assert [one["metadata"]["name"] for one in found if one["metadata"]["namespace"] in ("default", "team-b")] == [
        "mistral-7b"
    ]
    first = deployed.play("verify.yml", variables={"verify_latency_samples": 1})
    assert first.code == 0, first.output


def test_teardown_keeps_a_stranger_s_work_and_says_so_until_told_otherwise(deployed):
    kubectl(deployed, "create", "-f", "-", given=STRANGER)
    run = deployed.play("teardown.yml")
    assert run.code == 0, run.output
    assert "because others run on it: team-b/stranger" in " ".join(run.output.split())
    kubectl(deployed, "get", "deployment", "stranger", "--namespace=team-b")
    planned = deployed.play("teardown.yml", "--check", variables={"llmops_teardown_in_use": True})
    run = deployed.play("teardown.yml", variables={"llmops_teardown_in_use": True})
    assert (run.code, run.recap["changed"]) == (0, planned.recap["changed"]), run.output
    assert "There is no cluster" in deployed.play("status.yml").output
    again = deployed.play("teardown.yml")
    assert (again.code, again.recap["changed"]) == (0, 0), again.output
