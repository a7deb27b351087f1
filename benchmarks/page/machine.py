# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The machine that figures are of."""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import subprocess
from importlib import metadata
from pathlib import Path
from typing import Any


def describe(peers: dict[str, str] | None = None) -> dict[str, Any]:
    """Cores, processor, load, and the versions of what takes part. peers: versions of the other collections."""
    versions = {"Python": platform.python_version(), "ansible-core": metadata.version("ansible-core")}
    versions |= peers or {}
    if kubectl := _kubectl():
        versions["kubectl"] = kubectl
    return {
        "cores": len(os.sched_getaffinity(0)),
        "processor": _processor(Path("/proc/cpuinfo")),
        "load": round(os.getloadavg()[0], 1),
        "versions": versions,
    }


def _processor(file: Path) -> str:
    """The processor's name, as Linux tells it."""
    text = file.read_text(encoding="utf-8") if file.exists() else ""
    found = re.search(r"^model name\s*: (.+)$", text, re.MULTILINE)
    return " ".join(found[1].split()) if found else platform.machine()


def _kubectl() -> str:
    if shutil.which("kubectl") is None:
        return ""
    command = ["kubectl", "version", "--client", "--output", "json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return json.loads(done.stdout)["clientVersion"]["gitVersion"].removeprefix("v") if not done.returncode else ""
