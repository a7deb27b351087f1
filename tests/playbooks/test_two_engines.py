# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two hosts of a play, on one cluster, of which each has another model server; one behind a Gateway that speaks TLS."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import requests
import trustme
import yaml

from tests.playbooks.watching import Watcher

NAMES = {"tgi": "by-tgi", "vllm": "by-vllm"}
GATEWAY = "gateways.gateway.networking.k8s.io"


@pytest.fixture(scope="module")
def inventory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What each host has of its own; all else is the sandbox's inventory."""
    hosts = {
        name: {
            "llmops_name": name,
            "llmops_engine": engine,
            "verify_report_path": str(tmp_path_factory.getbasetemp() / f"{name}.html"),
        }
        for engine, name in NAMES.items()
    }
    hosts["by-vllm"] |= {"llmops_exposure": "gateway"}
    # None of Mistral's models: the server is asked for a chat, for which it has other parameters than for a prompt.
    hosts["by-tgi"] |= {"llmops_model": "HuggingFaceH4/zephyr-7b-beta"}
    path = tmp_path_factory.mktemp("inventory") / "hosts.yml"
    path.write_text(yaml.safe_dump({"all": {"hosts": hosts}}))
    return path


@pytest.fixture(scope="module")
def watcher(sandbox) -> Watcher:
    return Watcher(sandbox)


def play(sandbox, inventory: Path, *arguments: str, playbook: str = "deploy.yml", **variables: Any):
    given = ("-i", str(inventory), "-i", "inventories/sandbox", "--limit", ",".join([*NAMES.values(), "localhost"]))
    # A report a host: the variable of the command line would be one for both.
    run = sandbox.play(
        playbook, *given, *arguments, variables={"verify_latency_samples": 1, **variables}, own_reports=True
    )
    assert run.code == 0, run.output
    return run


def address(watcher) -> str:
    return watcher.get(GATEWAY, "by-vllm")["status"]["addresses"][0]["value"]


def test_each_host_has_its_own_server(sandbox, inventory, watcher):
    play(sandbox, inventory)
    images = {
        one["metadata"]["name"]: one["spec"]["template"]["spec"]["containers"][0]["image"]
        for one in watcher.get("deployment")["items"]
    }
    assert "text-generation-inference" in images["by-tgi"] and "vllm" in images["by-vllm"]
    again = play(sandbox, inventory, "--tags", "model_server")
    assert again.recap["changed"] == 0, again.output


def test_each_report_is_of_its_own_server(inventory):
    hosts = yaml.safe_load(inventory.read_text())["all"]["hosts"]
    reports = {
        name: json.loads(Path(one["verify_report_path"]).with_suffix(".json").read_text())
        for name, one in hosts.items()
    }
    assert {name: one["latency"]["engine"] for name, one in reports.items()} == {"by-tgi": "tgi", "by-vllm": "vllm"}
    assert [one["beside"] for one in reports.values()] == [[], []]


def test_the_gateway_speaks_tls_with_the_secrets_certificate(sandbox, inventory, watcher, tmp_path, monkeypatch):
    authority, where = trustme.CA(), address(watcher)
    certificate = authority.issue_cert(where)
    files = {"cert": tmp_path / "tls.crt", "key": tmp_path / "tls.key", "ca": tmp_path / "ca.pem"}
    files["cert"].write_bytes(b"".join(pem.bytes() for pem in certificate.cert_chain_pems))
    files["key"].write_bytes(certificate.private_key_pem.bytes())
    authority.cert_pem.write_to_path(str(files["ca"]))
    watcher.kubectl("create", "secret", "tls", "own", f"--cert={files['cert']}", f"--key={files['key']}")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(files["ca"]))
    secured = {"model_server_gateway_tls_secret": "own"}
    play(sandbox, inventory, "--tags", "model_server,verify", **secured)
    report = yaml.safe_load(inventory.read_text())["all"]["hosts"]["by-vllm"]["verify_report_path"]
    assert json.loads(Path(report).with_suffix(".json").read_text())["latency"]["url"] == f"https://{where}"
    assert address(watcher) == where
    assert requests.get(f"https://{where}/v1/models", timeout=10).status_code == 200
    with pytest.raises(requests.ConnectionError):
        requests.get(f"http://{where}:8080/v1/models", timeout=10)
    again = play(sandbox, inventory, "--tags", "model_server", "--check", **secured)
    assert again.recap["changed"] == 0, again.output


def test_a_certificate_that_nobody_vouches_for_is_no_answer(sandbox, inventory, monkeypatch):
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    given = ("-i", str(inventory), "-i", "inventories/sandbox", "--limit", "by-vllm,localhost")
    run = sandbox.play("verify.yml", *given, variables={"model_server_gateway_tls_secret": "own"}, own_reports=True)
    assert run.code == 2
    assert "no TLS connection" in run.output and "certificate verify failed" in run.output, run.output
