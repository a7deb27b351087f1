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
