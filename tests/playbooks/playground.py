# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A sandbox, and the playbooks run on it as a user runs them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

ROOT = Path(__file__).resolve().parents[2]
WRITES = {"POST", "PUT", "PATCH", "DELETE"}
PATIENCE = 60


def until(holds: Callable[[], Any], what: str) -> Any:
    """What ``holds()`` returns, as soon as that is true."""
    limit = time.monotonic() + PATIENCE
    while not (found := holds()):
        assert time.monotonic() < limit, f"never came true: {what}"
        time.sleep(0.1)
    return found


@dataclass
class Run:
    """A finished run of a playbook. recap: the counts of the recap's first host (ok, changed, failed...)."""

    code: int
    output: str

    @property
    def recap(self) -> dict[str, int]:
        line = self.output.rpartition("PLAY RECAP")[2]
        return {name: int(count) for name, count in re.findall(r"(\w+)=(\d+)", line.splitlines()[1])}


class Sandbox:
    """A sandbox in a directory of its own, and what one does with it."""

    def __init__(self, directory: Path, speed: int = 200, **settings: Any) -> None:
        """settings: of its configuration file, such as granted_permissions."""
        self.directory = directory
        self.report = directory.parent / "report.html"
        self.speed = speed
        configuration = directory.parent / f"{directory.name}.yml"
        configuration.write_text(json.dumps(settings))
        self._command("start", "--speed", str(speed), "--config", str(configuration))
        self.endpoints = json.loads((directory / "endpoints.json").read_text())

    def _command(self, *arguments: str) -> str:
        command = [sys.executable, "-m", "llmops_gke_sandbox", arguments[0], "--directory", str(self.directory)]
        return subprocess.run([*command, *arguments[1:]], check=True, capture_output=True, text=True).stdout

    def stop(self) -> None:
        """End it with everything on it."""
        self._command("stop")

    def environment(self) -> dict[str, str]:
        """The environment of ``ansible-playbook``; HF_TOKEN and the like are added by the test."""
        return os.environ | {
            "LLMOPS_GKE_SANDBOX_DIR": str(self.directory),
            "ANSIBLE_HOME": str(self.directory.parent / "ansible-home"),
            "XDG_CACHE_HOME": str(self.directory.parent / "cache"),
            "ANSIBLE_NOCOLOR": "1",
            "LC_ALL": "C.UTF-8",
        }

    def client_environment(self) -> dict[str, str]:
        """The environment in which gcloud and kubectl use the sandbox."""
        script = 'eval "$("$0" -m llmops_gke_sandbox env --directory "$1")" && env -0'
        done = subprocess.run(
            ["bash", "-c", script, sys.executable, str(self.directory)], check=True, capture_output=True, text=True
        )
        return dict(entry.split("=", 1) for entry in done.stdout.split("\0") if entry)

    def play(
        self,
        playbook: str,
        *arguments: str,
        variables: dict[str, Any] | None = None,
        own_reports: bool = False,
        **environment: str,
    ) -> Run:
        """Run one of playbooks/ on the sandbox's inventory, with few samples of latency, which take real time.

        own_reports: where each host says where its report goes.
        """
        command = [str(Path(sys.executable).parent / "ansible-playbook"), f"playbooks/{playbook}", *arguments]
        ours = {"llmops_sandbox_speed": self.speed, "verify_latency_samples": 1}
        ours |= {} if own_reports else {"verify_report_path": str(self.report)}
        command += ["--extra-vars", json.dumps(ours | (variables or {}))]
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=self.environment() | environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return Run(done.returncode, done.stdout)

    def as_a_users_own(self) -> dict[str, Any]:
        """Variables of an inventory as a user writes it, which leads here: the endpoints are options, nothing else
        tells of a sandbox."""
        endpoints = self.endpoints
        return {
            "ansible_connection": "local",
            "ansible_python_interpreter": "{{ ansible_playbook_python }}",
            "llmops_project": endpoints["project"],
            "llmops_zones": ["us-central1-a"],
            # A port below 1024 would need root.
            "llmops_service_port": 8080,
            "llmops_hf_endpoint": endpoints["huggingface"],
            "llmops_google_auth": endpoints["google_auth"],
        }

    def forget_requests(self) -> None:
        """Empty the log of requests."""
        requests.delete(f"{self.endpoints['admin']}/requests", timeout=10).raise_for_status()

    def requests(self) -> list[dict[str, Any]]:
        """The requests that the sandbox got since it was last told to forget them."""
        answer = requests.get(f"{self.endpoints['admin']}/requests", timeout=10)
        answer.raise_for_status()
        return answer.json()["requests"]

    def writes(self) -> list[str]:
        """Those that may have changed something in the cloud or in a cluster."""
        return [
            f"{request['method']} {request['path']}"
            for request in self.requests()
            if request["method"] in WRITES and request["service"] in ("container", "kubernetes")
        ]

    def writes_beside_dry_runs(self) -> list[str]:
        """Those that were meant."""
        return [write for write in self.writes() if "dryRun=All" not in write]
