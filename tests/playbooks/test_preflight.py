# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands in the way is told by deploy.yml in one run, whatever it is, before anything is created."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from tests.playbooks.playground import ROOT


@pytest.fixture
def fault(sandbox) -> Iterator[Callable[..., None]]:
    """Switches a fault on until the test ends."""
    url = f"{sandbox.endpoints['admin']}/faults"

    def switch_on(name: str, **settings: Any) -> None:
        requests.post(url, json={"name": name, **settings}, timeout=10).raise_for_status()

    yield switch_on
    requests.delete(url, timeout=10).raise_for_status()


def test_bad_input_the_project_and_the_hub_are_told_together(sandbox, fault):
    fault("quota_limit", match={"metric": "NVIDIA_L4_GPUS"}, limit=0)
    fault("model_gated")
    sandbox.forget_requests()
    run = sandbox.play("deploy.yml", variables={"gpu_nodepool_min_node_count": 9})
    assert run.code != 0
    told = " ".join(run.output.split())
    for part in (
        "gpu_nodepool_min_node_count: 9 is not accepted; it takes at most gpu_nodepool_max_node_count (2)",
        "quota: NVIDIA_L4_GPUS: the first nodes of mistral-gpu-pool need 9, 0 of 0 are free in us-central1",
        "its terms were not accepted by the token's owner (403)",
        "preflight_skip: [quota, model]",
    ):
        assert part in told, run.output
    assert sandbox.writes() == []


def test_a_project_that_refuses_everything_stays_empty(sandbox, fault):
    fault("permission_denied")
    sandbox.forget_requests()
    run = sandbox.play("deploy.yml")
    assert run.code != 0
    told = " ".join(run.output.split())
    assert "llmops_project: there is no project sandbox-project, or the caller may see nothing of it" in told, (
        run.output
    )
    assert "could not be checked" not in told
    assert sandbox.writes() == []


def test_an_adapter_that_may_not_get_its_role_is_told_before_there_is_a_cluster(sandbox, fault):
    fault("permission_denied", match={"permission": "resourcemanager.projects.setIamPolicy"})
    sandbox.forget_requests()
    run = sandbox.play("deploy.yml", variables={"model_server_hpa_enabled": True})
    assert run.code != 0
    told = " ".join(run.output.split())
    assert "permissions: the caller lacks resourcemanager.projects.setIamPolicy in project sandbox-project; " in told
    assert "--role=roles/resourcemanager.projectIamAdmin" in told
    assert sandbox.writes() == []
    # Where somebody else sees to it, nobody has to be able to.
    without = {"model_server_hpa_enabled": True, "model_server_hpa_adapter_iam": False}
    run = sandbox.play("deploy.yml", "--tags", "preflight", variables=without)
    assert run.code == 0, run.output
    # Neither tags nor the missing rest keep the run from saying how it ended.
    assert "preflight found nothing in the way of" in run.output


@pytest.mark.parametrize("others", [(), ("gke_cluster",), ("dcgm_exporter", "tgi_mistral"), ("verify",)])
def test_it_looks_at_whichever_roles_are_in_the_play(sandbox, tmp_path, others):
    auth = "{{ llmops_google_auth }}"
    play = {
        "hosts": "all",
        "gather_facts": False,
        "module_defaults": {"group/llmops.gke.gcp": auth, "group/llmops.gke.k8s": auth},
        "tasks": [{"ansible.builtin.import_role": {"name": "llmops.gke.preflight"}}],
        # Known to preflight by their variables, and not run.
        "roles": [{"role": f"llmops.gke.{name}", "tags": "never"} for name in others],
    }
    (tmp_path / "play.yml").write_text(json.dumps([play]))
    run = sandbox.play(os.path.relpath(tmp_path / "play.yml", ROOT / "playbooks"))
    assert run.code == 0, run.output


def test_checks_are_turned_off_by_name(sandbox, fault):
    fault("quota_limit", match={"metric": "NVIDIA_L4_GPUS"}, limit=0)
    fault("model_gated")
    # A text, as -e preflight_skip=quota,model,price gives it.
    run = sandbox.play("deploy.yml", "--check", variables={"preflight_skip": "quota,model,price"})
    assert run.code == 0, run.output
    assert "USD" not in run.output


def test_a_quota_below_the_autoscalers_maximum_is_a_warning(sandbox, fault):
    fault("quota_limit", match={"metric": "NVIDIA_L4_GPUS"}, limit=1)
    run = sandbox.play("deploy.yml", "--check")
    assert run.code == 0, run.output
    assert "autoscaling stops there" in " ".join(run.output.split())
    assert "USD an hour" in " ".join(run.output.split())


def test_a_mistyped_variable_is_told_with_the_nearest_and_can_be_allowed(sandbox):
    variables = {"tgi_mistral_replica": 2, "gpu_nodepool_machine_typ": "g2-standard-8"}
    run = sandbox.play("deploy.yml", "--tags", "preflight", variables=variables)
    assert run.code != 0
    for told in (
        "tgi_mistral_replica is not a variable of this collection; did you mean llmops_replicas?",
        "gpu_nodepool_machine_typ is not a variable of this collection; did you mean gpu_nodepool_machine_type?",
    ):
        assert told in run.output, run.output
    allowed = {**variables, "preflight_skip": "variables"}
    run = sandbox.play("deploy.yml", "--tags", "preflight", variables=allowed)
    assert run.code == 0, run.output


def test_hosts_of_a_run_are_held_against_each_other_and_the_quota(sandbox, fault, tmp_path):
    hosts = {
        "twin": None,
        "other": {"llmops_name": "other", "model_server_hpa_enabled": True, "model_server_hpa_adapter": "prometheus",
                  "model_server_hpa_prometheus_url": "http://frontend.default.svc:9090"},
        "third": {"llmops_name": "third", "model_server_hpa_enabled": True},
        "fourth": {"llmops_cluster": "fourth"},
    }  # fmt: skip
    (tmp_path / "hosts.yml").write_text(json.dumps({"all": {"hosts": hosts}}))
    fault("quota_limit", match={"metric": "NVIDIA_L4_GPUS"}, limit=1)
    inventories = ("--inventory", "inventories/sandbox", "--inventory", str(tmp_path / "hosts.yml"))
    sandbox.forget_requests()
    run = sandbox.play("deploy.yml", "--tags", "preflight", *inventories)
    assert run.code != 0
    lines = [line.strip() for line in run.output.splitlines()]

    def told(*parts: str) -> bool:
        return any(all(part in line for part in parts) for line in lines)

    assert told("llmops_name: hosts mistral-7b and twin would both have the Deployment default/mistral-7b"), run.output
    assert told("model_server_hpa_adapter: host third wants stackdriver, host other wants prometheus"), run.output
    quota = (
        "quota: NVIDIA_L4_GPUS: the first nodes of mistral-gpu-pool of hosts fourth, mistral-7b, other, third and twin"
    )
    assert told(f"{quota} need 2, 1 of 1 are free in us-central1"), run.output
    assert sandbox.writes() == []


def test_no_secret_is_in_a_fact_or_an_output(sandbox):
    canary = "hf_canary-that-must-not-be-seen"
    variables = {"tgi_mistral_env": {"API_TOKEN": canary}, "llmops_hf_token": canary, "llmops_api_key": canary}
    given = json.dumps(variables)
    run = sandbox.play("deploy.yml", "--tags", "preflight", "-vvv", variables=variables)
    assert run.code == 0, run.output
    assert "llmops_accelerator_type" in run.output and "(hidden)" in run.output
    assert canary not in run.output.replace(given, "")
