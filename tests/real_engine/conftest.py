# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real vLLM on the processor, and a sandbox whose pods it answers for."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
import yaml

from tests.playbooks.playground import ROOT, Sandbox

KEY = "sk-canary-8d20"
MODEL = "mistralai/Mistral-7B-Instruct-v0.1"
PATIENCE = 600
# A second request of two waits: the autoscaler has something to see.
AT_ONCE = 2


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Without the server there is nothing to test."""
    if "LLMOPS_GKE_REAL_ENGINE" not in os.environ:
        for item in items:
            item.add_marker(pytest.mark.skip(reason="make real-engine sets up the server"))


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a real vLLM with the key and the middleware that the role gives it."""
    folder, given = tmp_path_factory.mktemp("vllm"), Path(os.environ["LLMOPS_GKE_REAL_ENGINE"]).absolute()
    role = yaml.safe_load((ROOT / "roles/vllm/vars/main.yml").read_text(encoding="utf-8"))
    (folder / "only_guarded.py").write_text(role["__vllm_only_guarded"], encoding="utf-8")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        str(given / "venv/bin/vllm"), "serve", str(given / "model"), f"--served-model-name={MODEL}",
        "--host=127.0.0.1", f"--port={port}", "--enforce-eager", "--max-model-len=2048", f"--max-num-seqs={AT_ONCE}",
        "--middleware=only_guarded.OnlyGuarded", "--shutdown-timeout=5",
    ]  # fmt: skip
    environment = os.environ | {
        "PYTHONPATH": str(folder), "VLLM_API_KEY": KEY, "VLLM_CPU_KVCACHE_SPACE": "1", "HF_HUB_OFFLINE": "1",
        "VLLM_NO_USAGE_STATS": "1", "DO_NOT_TRACK": "1",
    }  # fmt: skip
    log = folder / "log"
    with log.open("w") as output:
        process = subprocess.Popen(command, env=environment, stdout=output, stderr=subprocess.STDOUT, cwd=folder)
    url = f"http://127.0.0.1:{port}"
    try:
        _wait(url, process, log)
        yield url
    finally:
        process.terminate()
        process.wait(60)


def _wait(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    limit = time.monotonic() + PATIENCE
    while time.monotonic() < limit:
        assert process.poll() is None, log.read_text()[-4000:]
        try:
            if requests.get(f"{url}/health", timeout=5).status_code == 200:
                return
        except requests.ConnectionError:
            time.sleep(1)
    raise AssertionError(log.read_text()[-4000:])


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """A running sandbox, slow enough for a server in real time: scrapes have a deadline in the sandbox's time."""
    running = Sandbox(tmp_path_factory.mktemp("real_engine") / "sandbox", speed=20)
    yield running
    running.stop()
