# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The example inventory with three models, on one cluster of the sandbox, and a model of a sandbox's own settings."""

from __future__ import annotations

import json

import requests
import yaml

from tests.playbooks.watching import Watcher

INVENTORIES = ("-i", "inventories/models", "-i", "inventories/sandbox")
STATS = {"ANSIBLE_CALLBACK_RESULT_FORMAT": "json", "ANSIBLE_SHOW_CUSTOM_STATS": "True"}
GPUS = {"mistral-7b": 1, "gemma-9b": 1, "llama-70b": 2}


def test_three_models_share_a_cluster(sandbox):
    run = sandbox.play("deploy.yml", *INVENTORIES, variables={"verify_latency_samples": 1, "verify_report_path": ""})
    assert run.code == 0, run.output
    watcher = Watcher(sandbox)
    found = {one["metadata"]["name"]: one for one in watcher.get("deployment")["items"]}
    assert {name: one["status"]["readyReplicas"] for name, one in found.items()} == dict.fromkeys(GPUS, 1)
    for name, gpus in GPUS.items():
        (container,) = found[name]["spec"]["template"]["spec"]["containers"]
        assert container["resources"]["limits"] == {"nvidia.com/gpu": str(gpus)}
        assert f"--tensor-parallel-size={gpus}" in container["args"]
    assert {name: len(nodes) for name, nodes in watcher.pools().items() if name != "default-pool"} == {
        "l4-pool": 2,
        "a100-pool": 1,
    }
    # Gemma gets a chat, and its template from the server; nothing of Mistral's.
    assert "[INST]" not in json.dumps(found["gemma-9b"])
    told = " ".join(run.output.split())
    # More than two have a table.
    assert "hugging-quants/Meta-Llama-3.1-70B-Instruct-AWQ-INT4 by vllm" in told
    assert "3 serving, of 1 cluster" in told
    again = sandbox.play("deploy.yml", *INVENTORIES, "--tags", "model_server", "--check")
    assert (again.code, again.recap["changed"]) == (0, 0), again.output


def removed(sandbox, *arguments):
    """Of models of the inventory: what a teardown said, which must remove what its check mode foretold."""
    told, names = [], []
    for mode in (["--check", "--diff"], []):
        run = sandbox.play("teardown.yml", *INVENTORIES, *arguments, *mode, **STATS)
        assert run.code == 0, run.output
        line = next(line for line in run.output.splitlines() if "RUN:" in line)
        summary = json.loads(line[line.index("{") :])["llmops_summary"]
        told.append(" ".join(run.output.split()))
        names.append({name for one in summary.values() for name in one["changes"]["removed"]})
    assert names[0] == names[1]
    return told


def test_a_pool_goes_with_the_last_model_that_uses_it(sandbox):
    some = ("--limit", "gemma-9b,llama-70b")
    planned, told = removed(sandbox, *some)
    for text, would in ((planned, "would be removed"), (told, "removed")):
        assert f"node pool a100-pool: {would}" in text
        assert "l4-pool stays: mistral-7b of the inventory has it, and these have pods on its nodes:" in text
        assert "cluster mistral-cluster-gke stays, because others run on it: default/mistral-7b" in text
    watcher = Watcher(sandbox)
    assert set(watcher.pools()) == {"default-pool", "l4-pool"}
    assert watcher.get("deployment", "mistral-7b")["status"]["readyReplicas"] == 1
    again = sandbox.play("teardown.yml", *INVENTORIES, *some)
    assert (again.code, again.recap["changed"]) == (0, 0), again.output


def test_the_last_teardown_lists_every_pool(sandbox):
    planned, told = removed(sandbox)
    pools = "cluster mistral-cluster-gke with node pools default-pool, l4-pool"
    assert (f"would go: {pools}" in planned, f"gone: {pools}" in told) == (True, True), told


def test_a_sandbox_has_the_models_that_an_inventory_names(sandbox, tmp_path):
    """As llmops_sandbox_config of an inventory: the playbook hands it over when it starts the sandbox."""
    settings = tmp_path / "sandbox.yml"
    settings.write_text(yaml.safe_dump({"models": {"ours/tiny": {"parameters": 1000000, "config": {}}}}))
    variables = {"llmops_sandbox_directory": str(tmp_path / "other"), "llmops_sandbox_config": str(settings)}
    try:
        run = sandbox.play("sandbox.yml", variables=variables)
        assert run.code == 0, run.output
        hub = json.loads((tmp_path / "other" / "endpoints.json").read_text())["huggingface"]
        about = requests.get(f"{hub}/api/models/ours/tiny", timeout=10).json()
        assert about["safetensors"]["total"] == 1000000
    finally:
        sandbox.play("sandbox.yml", variables={**variables, "llmops_sandbox_state": "stopped"})
