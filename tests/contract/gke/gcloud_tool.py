# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The real gcloud, aimed at a playground's cloud."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import requests

from llmops_gke_sandbox.environment import variables
from tests.contract.gke.playground import Playground


class Gcloud:
    """Runs ``gcloud container`` on a cloud, in a configuration of its own. home: a folder for it."""

    def __init__(self, cloud: Playground, home: Path) -> None:
        self._environment = os.environ | variables(home, cloud.endpoints) | {"HOME": str(home)}

    def __call__(self, *arguments: str) -> str:
        """What the command prints; it must succeed."""
        command = ["gcloud", "container", *arguments]
        done = subprocess.run(command, env=self._environment, capture_output=True, text=True, check=False, timeout=120)
        assert done.returncode == 0, f"{command}: {done.stderr}"
        return done.stdout

    def read(self, *arguments: str) -> Any:
        """What the command prints as JSON."""
        return json.loads(self(*arguments, "--format=json"))


def bodies(cloud: Playground) -> list[dict[str, Any]]:
    """What was sent to GKE by requests that write, oldest first: method, path, body."""
    answer = requests.get(f"{cloud.endpoints['admin']}/bodies", timeout=10)
    answer.raise_for_status()
    return answer.json()["bodies"]
