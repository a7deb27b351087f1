# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looking at a deployment from beside: with kubectl, and by the sandbox's own account."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import requests

# A real autoscaler keeps wall time, and would scale down after minutes.
_SHORT = {"stabilizationWindowSeconds": 5}
WINDOWS: dict[str, Any] = (
    {"model_server_hpa_behavior": {"scaleUp": _SHORT, "scaleDown": _SHORT}}
    if os.environ.get("LLMOPS_GKE_SANDBOX_KUBECONFIG")
    else {}
)


class Watcher:
    """Looks at the cluster with kubectl, and at the pool's nodes by the sandbox's own account."""

    def __init__(self, sandbox: Any) -> None:
        self._sandbox = sandbox
        self._kubeconfig = str(sandbox.directory / "kubeconfig-us-central1-mistral-cluster-gke")

    def kubectl(self, *words: str, given: Any = None) -> str:
        done = subprocess.run(
            ["kubectl", "--kubeconfig", self._kubeconfig, *words],
            input=json.dumps(given) if given else None,
            capture_output=True,
            text=True,
            check=True,
            timeout=30,
        )
        return done.stdout

    def get(self, *words: str) -> dict[str, Any]:
        return json.loads(self.kubectl("get", *words, "-o", "json"))

    def pools(self) -> dict[str, list[str]]:
        """Node pool -> its nodes."""
        status = requests.get(f"{self._sandbox.endpoints['admin']}/status", timeout=10).json()
        return {name: pool["nodes"] for name, pool in status["clusters"][0]["node_pools"].items()}

    def gpu_nodes(self) -> list[str]:
        return self.pools()["mistral-gpu-pool"]

    def replicas(self) -> tuple[int, int]:
        found = self.get("deployment", "mistral-7b")
        return found["spec"]["replicas"], found["status"].get("readyReplicas", 0)

    def events(self, reason: str) -> list[str]:
        found = self.get("events", "--field-selector", f"reason={reason}")["items"]
        return [one["message"] for one in found]


@contextmanager
def asking(url: str, body: dict[str, Any], clients: int = 4) -> Iterator[dict[str, list[str]]]:
    """Ask a model without a pause while the block lasts; what came of each request is there afterwards: ``answered``,
    and ``failed`` with the reason of each."""
    over, told = threading.Event(), {"answered": [], "failed": []}

    def client() -> None:
        while not over.is_set():
            try:
                answer = requests.post(url, json=body, timeout=30)
                choice = answer.json()["choices"][0]
                good = answer.status_code == 200 and choice["finish_reason"] in ("stop", "length", "eos_token")
                told["answered" if good else "failed"].append(f"{answer.status_code} {choice['finish_reason']}")
            except Exception as error:
                told["failed"].append(repr(error))

    threads = [threading.Thread(target=client, daemon=True) for _number in range(clients)]
    for thread in threads:
        thread.start()
    try:
        yield told
    finally:
        over.set()
        for thread in threads:
            thread.join()


@contextmanager
def load(watcher: Watcher, clients: int = 16) -> Iterator[None]:
    """Keep the model busy while the block lasts."""
    service = watcher.get("service", "mistral-7b-service")
    address, port = service["status"]["loadBalancer"]["ingress"][0]["ip"], service["spec"]["ports"][0]["port"]
    body = {"inputs": "[INST] Tell a long story. [/INST]", "parameters": {"max_new_tokens": 500, "do_sample": False}}
    over = threading.Event()

    def client() -> None:
        with requests.Session() as session:
            while not over.is_set():
                session.post(f"http://{address}:{port}/generate", json=body, timeout=30)

    threads = [threading.Thread(target=client, daemon=True) for _number in range(clients)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join()
