# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The collections that are compared with, in an environment of their own: PyPI's ``ansible`` brings them along.

Its ansible runs this collection as well wherever both are compared, so that neither has the better one.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests.playbooks.playground import ROOT, Sandbox

from .measure import Cost, counted, timed

VENV = ROOT / ".cache" / "peers"
_STAMP = VENV / ".complete"
_GOOGLE = "https://container.googleapis.com/v1"


def set_up() -> None:
    """Make the environment, once; what a run that was interrupted left is made anew."""
    if _STAMP.exists():
        return
    print("Setting up the peers in .cache/peers: PyPI's ansible and kubernetes", flush=True)
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(VENV)], check=True)
    packages = ["ansible", "kubernetes", "google-auth", "requests"]
    subprocess.run([str(VENV / "bin" / "pip"), "install", "--quiet", "--compile", *packages], check=True)
    _STAMP.touch()


def versions() -> dict[str, str]:
    """Of the ansible-core that runs the comparison, and of the collections that take part."""
    command = [str(VENV / "bin" / "python"), "-c", "import importlib.metadata as m; print(m.version('ansible-core'))"]
    found = {"ansible-core": subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()}
    for name in ("google.cloud", "kubernetes.core"):
        manifest = json.loads((_collections() / name.replace(".", "/") / "MANIFEST.json").read_text(encoding="utf-8"))
        found[name] = manifest["collection_info"]["version"]
    return found


def _collections() -> Path:
    return next((VENV / "lib").glob("python*/site-packages/ansible_collections"))


def google_at(address: str, directory: Path) -> Path:
    """A copy of google.cloud's modules for GKE that speak to this address, which is built into them; returns the folder
    of collections that it is in."""
    there, here = _collections() / "google" / "cloud", directory / "ansible_collections" / "google" / "cloud"
    for name in ("plugins/module_utils", "plugins/doc_fragments", "meta"):
        shutil.copytree(there / name, here / name)
    shutil.copy(there / "MANIFEST.json", here)
    (here / "plugins" / "modules").mkdir()
    for file in (there / "plugins" / "modules").glob("gcp_container_*.py"):
        text = file.read_text(encoding="utf-8")
        (here / "plugins" / "modules" / file.name).write_text(text.replace(_GOOGLE, address), encoding="utf-8")
    return directory


class Plays:
    """Runs small playbooks by the peers' ansible, on the inventory of a sandbox.

    directory: for the playbooks, and for what ansible keeps. collections: folders of collections before the peers' own.
    """

    def __init__(self, sandbox: Sandbox, directory: Path, collections: Iterable[Path] = ()) -> None:
        self._sandbox, self._directory = sandbox, directory
        directory.mkdir(parents=True, exist_ok=True)
        # An empty one: the repository's own is not to count.
        (directory / "ansible.cfg").touch()
        paths = [ROOT / "collections", *collections, _collections().parent]
        # Where it is set, each start of ansible would compile what it imports again.
        clean = {name: value for name, value in sandbox.environment().items() if name != "PYTHONDONTWRITEBYTECODE"}
        self._environment = clean | {
            "ANSIBLE_COLLECTIONS_PATH": os.pathsep.join(str(path) for path in paths),
            "ANSIBLE_CONFIG": str(directory / "ansible.cfg"),
            "ANSIBLE_HOME": str(directory / "home"),
            "ANSIBLE_LOCALHOST_WARNING": "false",
        }

    def run(self, play: dict[str, Any], variables: dict[str, Any] | None = None, *, unchanged: bool = False) -> Cost:
        """Run one play; raises RuntimeError where it fails, and where it changes something that ought to be there."""
        path = self._directory / "play.yml"
        path.write_text(json.dumps([{"hosts": "all", "gather_facts": False, **play}]), encoding="utf-8")
        command = [str(VENV / "bin" / "python"), str(VENV / "bin" / "ansible-playbook"), str(path)]
        command += ["--inventory", str(ROOT / "inventories" / "sandbox")]
        self._sandbox.forget_requests()
        cost, output = timed([*command, "--extra-vars", json.dumps(variables or {})], self._environment, ROOT)
        if unchanged and re.search(r" changed=[1-9]", output):
            raise RuntimeError(f"this was to change nothing:\n{output}")
        tasks = len(re.findall(r"^(?:TASK|RUNNING HANDLER) ", output, re.MULTILINE))
        return counted(cost, self._sandbox.requests(), tasks)
