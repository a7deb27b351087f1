# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each example of a module or role does what it says, foretells it, and does it once; what comes back is documented.

Only what a user would replace is replaced: files, addresses, the name of a pod. The tests build on each other, in their
order.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.playbooks.documented import COLLECTION, MODULES, examples_of_module, play_of_role, untrue
from tests.playbooks.playground import ROOT, Run, Sandbox

Example = tuple[str, int]
OWN_FILES = Path(__file__).parent / "own_files"
FAKE_INFERENCE_PERF = ROOT / "tests" / "fake_inference_perf"
# In this order each example finds what it speaks of. The first ones need nothing, and leave nothing behind.
ALONE: list[Example] = [
    ("gcp_quota_info", 0), ("gcp_quota_info", 1), ("gcp_zone_info", 0), ("gcp_iam_member", 0), ("gcp_iam_member", 1),
    ("hf_model_info", 0), ("hf_model_info", 1), ("gke_inference_quickstart_info", 0), ("gke_cluster", 0),
    ("gke_cluster_info", 0), ("gke_cluster_info", 1), ("gke_operation_info", 0), ("gke_kubeconfig", 0),
    ("gke_kubeconfig", 1), ("gke_node_pool", 0), ("gke_node_pool", 3), ("gke_node_pool", 1),
    ("gke_node_pool", 2), ("gke_node_pools", 0), ("gke_node_pool", 3), ("gke_cluster", 1),
    ("sandbox", 0), ("sandbox", 1),
]  # fmt: skip
ROLES = [
    "preflight", "gke_cluster", "gpu_nodepool", "dcgm_exporter", "tgi_mistral", "model_server", "lb_labels", "verify",
    "benchmark",
]  # fmt: skip
DEPLOYED: list[Example] = [
    ("gke_inference_quickstart_info", 1), ("deployment_plan", 0), ("deployment_plan", 1),
    ("llm_preflight", 0), ("llm_preflight", 1), ("llm_preflight", 2), ("k8s_apply", 0),
    ("custom_metrics_adapter", 0), ("k8s_apply", 1), ("k8s_apply", 2), ("k8s_apply", 3), ("k8s_apply", 4),
    ("k8s_info", 0), ("k8s_info", 1), ("k8s_info", 2), ("k8s_label", 0), ("k8s_label", 1),
    ("k8s_logs", 0), ("k8s_logs", 1), ("llm_start_info", 0), ("llm_start_info", 1), ("gpu_metrics_info", 0),
    ("gpu_metrics_info", 1), ("llm_generate", 0), ("llm_generate", 1), ("llm_generate", 2), ("llm_generate", 3),
    ("tgi_generate", 0), ("tgi_generate", 1), ("tgi_generate", 2), ("tgi_generate", 3), ("llm_latency", 0),
    ("llm_latency", 1), ("llm_report", 0), ("llm_report", 1), ("llm_verify", 0),
    ("llm_scaling", 0), ("gpu_metrics_exporter", 0), ("gpu_metrics_exporter", 1), ("custom_metrics_adapter", 1),
    ("deployment_summary", 0), ("deployment_summary", 1),
]  # fmt: skip
OWN = {
    "http://203.0.113.10": "{{ url }}",
    "http://203.0.113.7": "{{ url }}",
    "mistral-7b-6c4f8d9b7-x2x5q": "{{ found_pods.resources[0].metadata.name }}",
}
BY_ROLE = {"inference_perf_info"}
"""Read what a role leaves and removes itself, and run there."""
AGAIN = " again"
REFUSED = {
    "Make sure that nobody is answered without an API key": "status 200, 401 expected",
    "Make sure that nobody is answered without a key": "status 200, 401 expected",
}
"""Examples that find fault with this deployment, which has no key: task -> what they say."""


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory):
    directory = tmp_path_factory.mktemp("examples")
    buckets = {"my-models": {"mistral-7b": "mistralai/Mistral-7B-Instruct-v0.1"}}
    running = Sandbox(directory / "sandbox", project="my-project", buckets=buckets)
    yield running
    running.stop()


@pytest.fixture(scope="module")
def folder(sandbox) -> Path:
    """Where the user works, and has his files."""
    made = sandbox.directory.parent / "work"
    shutil.copytree(OWN_FILES, made)
    shutil.copytree(ROOT / "roles" / "dcgm_exporter" / "templates", made / "templates", dirs_exist_ok=True)
    shutil.copy(ROOT / "roles/model_server/templates/stackdriver_adapter.yaml.j2", made / "templates")
    kustomize = made / "kubectl"
    kustomize.write_text("#!/bin/sh\ncat manifests/settings.yaml\n")
    kustomize.chmod(0o755)
    variables = sandbox.as_a_users_own() | {
        "llmops_cluster": "mistral-cluster-gke",
        "vault_hf_token": "hf_x",
        "verify_latency_samples": 1,
        "benchmark_env": {"SANDBOX_PYTHON": sys.executable, "PYTHONPATH": str(FAKE_INFERENCE_PERF)},
        # How exact a busy machine measures is no part of it.
        "benchmark_limits": {"calibration_ttft": 5, "calibration_tpot": 50},
    }
    (made / "hosts.yml").write_text(yaml.safe_dump({"all": {"hosts": {"mistral-7b": variables}}}))
    return made


def play(sandbox: Sandbox, folder: Path, plays: list[dict[str, Any]], *arguments: str) -> tuple[Run, list[Any]]:
    """The run, and the result of each task."""
    (folder / "play.yml").write_text(yaml.safe_dump(plays, sort_keys=False, width=1000))
    told = folder / "told.jsonl"
    told.unlink(missing_ok=True)
    done = subprocess.run(
        [str(Path(sys.executable).parent / "ansible-playbook"), "-i", "hosts.yml", "play.yml", *arguments],
        cwd=folder,
        env=sandbox.environment() | {
            "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
            "ANSIBLE_CALLBACK_PLUGINS": str(Path(__file__).parent / "told"),
            "ANSIBLE_CALLBACKS_ENABLED": "told",
            "TOLD_FILE": str(told),
            "HOME": str(folder),
            "PATH": f"{folder}:{os.environ['PATH']}",
            "HF_TOKEN": "hf_x",
            "HF_ENDPOINT": sandbox.endpoints["huggingface"],
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=120,
    )  # fmt: skip
    return Run(done.returncode, done.stdout), [json.loads(line) for line in told.read_text().splitlines()]


def faults_of(told: list[dict[str, Any]]) -> list[str]:
    """What results have that is not documented, and the other way round."""
    found = []
    for one in told:
        module = one["action"].removeprefix(COLLECTION)
        if module in MODULES:
            faults = untrue(module, one["result"], failed=one["failed"])
            found += [f"{one['name']}, {module}: {fault}" for fault in faults]
    return sorted(set(found))


def tasks_of(examples: list[Example]) -> list[dict[str, Any]]:
    """Each as a preview, for real and, where it can change something, again."""
    return [
        replaced(turn) for module, index in examples for turn in turns_of(module, examples_of_module(module)[index])
    ]


def replaced(value: Any) -> Any:
    """With what a user would replace."""
    if isinstance(value, dict):
        return {name: 8080 if (name, item) == ("port", 80) else replaced(item) for name, item in value.items()}
    if isinstance(value, list):
        return [replaced(item) for item in value]
    return OWN.get(value, value) if isinstance(value, str) else value


def turns_of(module: str, task: dict[str, Any]) -> list[dict[str, Any]]:
    if f"{COLLECTION}{module}" not in task:
        return [task]
    task = {**task, "ignore_errors": True}
    return [{**task, "check_mode": True}, task, task]


def faults_of_turns(told: list[dict[str, Any]]) -> list[str]:
    """Where an example failed, foretold otherwise than it did, or changed something twice."""
    found = [
        f"{one['name']}: {one['result']['msg']}"
        for one in told
        if one["failed"] and REFUSED.get(one["name"], "nothing") not in one["result"]["msg"]
    ]
    ours = [one for one in told if one["action"].removeprefix(COLLECTION) in MODULES]
    for before, after, again in zip(ours, ours[1:], ours[2:], strict=False):
        if before["check"] and not after["check"] and before["name"] == after["name"] == again["name"]:
            changed = [bool(one["result"].get("changed")) for one in (before, after, again)]
            if changed[0] != changed[1] or changed[2]:
                found.append(f"{after['name']}: changed as a preview, for real and again: {changed}")
    return found


def of_user(tasks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    groups = {f"group/{COLLECTION}{group}": "{{ llmops_google_auth }}" for group in ("gcp", "k8s", "llm")}
    return [{"hosts": "all", "gather_facts": False, "module_defaults": groups, "tasks": tasks}]


def test_each_example_of_a_module_is_here():
    documented = {(module, index) for module in MODULES for index in range(len(examples_of_module(module)))}
    assert {*ALONE, *DEPLOYED} == {example for example in documented if example[0] not in BY_ROLE}


def test_each_role_with_an_example_is_here():
    assert set(ROLES) == {path.name for path in (ROOT / "roles").iterdir() if play_of_role(path.name)}


def test_the_examples_that_need_nothing(sandbox, folder):
    run, told = play(sandbox, folder, of_user(tasks_of(ALONE)))
    assert run.code == 0, run.output
    assert faults_of_turns(told) == []
    assert faults_of(told) == []


def test_the_examples_of_roles(sandbox, folder):
    shown = [{"name": role, **play} for role in ROLES for play in play_of_role(role)]
    foretold, told_before = play(sandbox, folder, shown, "--check")
    assert foretold.code == 0, foretold.output
    twice = [{**one, "name": f"{one['name']}{turn}"} for one in shown for turn in ("", AGAIN)]
    run, told = play(sandbox, folder, twice)
    assert run.code == 0, run.output
    assert [one["name"] for one in told if one["play"].endswith(AGAIN) and one["result"].get("changed")] == []
    assert faults_of([*told_before, *told]) == []


def test_the_examples_about_a_deployed_model(sandbox, folder):
    (folder / ".kube").mkdir(exist_ok=True)
    shutil.copy(sandbox.directory / "kubeconfig-us-central1-mistral-cluster-gke", folder / ".kube" / "config")
    run, told = play(sandbox, folder, of_user([*looked_up(), *tasks_of(DEPLOYED)]))
    assert run.code == 0, run.output
    assert faults_of_turns(told) == []
    assert faults_of(told) == []


def looked_up() -> list[dict[str, Any]]:
    """Tasks that find what the user knows: the model's address and a pod of it."""
    return yaml.safe_load((OWN_FILES / "known.yml").read_text())
