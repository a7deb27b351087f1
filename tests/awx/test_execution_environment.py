# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ansible-builder makes of execution-environment.yml, installed as its Containerfile says.

No image is built: environments of Python stand for it, with what the image installs and nothing else.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import working_copy
import yaml
from working_copy import ROOT

from tests.playbooks.playground import Sandbox
from tests.playbooks.test_without_sandbox import inventory

BIN = Path(sys.executable).parent
OWN = f"{sys.version_info.major}.{sys.version_info.minor}"


def run(*command: str, cwd: Path = ROOT, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command, which must succeed."""
    ours = ("ANSIBLE_", "LLMOPS_", "PYTHONDONTWRITEBYTECODE")
    plain = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    settings = {"LC_ALL": "C.UTF-8", "ANSIBLE_NOCOLOR": "1", "ANSIBLE_HOME": str(cwd / "ansible-home"), **environment}
    done = subprocess.run(command, cwd=cwd, env=plain | settings, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done


@dataclass
class Context:
    """The folder that ansible-builder made."""

    folder: Path

    @property
    def containerfile(self) -> str:
        return (self.folder / "Containerfile").read_text()

    @property
    def argument(self) -> dict[str, str]:
        lines = [line.removeprefix("ARG ") for line in self.containerfile.splitlines() if line.startswith("ARG ")]
        return {name: value.strip('"') for name, _equals, value in (line.partition("=") for line in lines) if value}


@pytest.fixture(scope="module")
def context(tmp_path_factory) -> Context:
    clone = tmp_path_factory.mktemp("clone")
    working_copy.copy_to(clone)
    run(str(BIN / "ansible-galaxy"), "collection", "build", "--output-path", "dist", cwd=clone)
    folder = tmp_path_factory.mktemp("context")
    create = ("create", "--output-filename", "Containerfile", "--context", str(folder))
    run(str(BIN / "ansible-builder"), *create, cwd=clone)
    return Context(folder)


def pythons() -> list[str]:
    """The supported Pythons of this machine that start; the one that runs this comes first."""
    starts = []
    for version in ("3.11", "3.12", "3.13"):
        program = shutil.which(f"python{version}")
        if (
            program
            and version != OWN
            and subprocess.run([program, "-c", ""], capture_output=True, check=False).returncode == 0
        ):
            starts.append(version)
    return [OWN, *starts]


@pytest.fixture(scope="module", params=pythons())
def environment(request, context, tmp_path_factory) -> Path:
    """An environment with what the image has: the context's requirements, and the collection."""
    folder = tmp_path_factory.mktemp(f"python{request.param}")
    uv = ("bash", str(ROOT / "scripts" / "uv.sh"), str(BIN.parent))
    python = sys.executable if request.param == OWN else shutil.which(f"python{request.param}")
    run(*uv, "venv", "--quiet", "--python", str(python), str(folder))
    wanted = context.argument["ANSIBLE_INSTALL_REFS"].split()
    requirements = ("--requirement", str(context.folder / "_build" / "requirements.txt"))
    locked = ("--constraint", str(ROOT / "requirements.lock"), "--python", str(folder / "bin" / "python"))
    run(*uv, "pip", "install", "--quiet", *locked, *requirements, *wanted)
    (artifact,) = (context.folder / "_build" / "collection").glob("*.tar.gz")
    galaxy = ("collection", "install", "--offline", "--collections-path", str(folder / "collections"), str(artifact))
    run(str(folder / "bin" / "ansible-galaxy"), *galaxy, cwd=folder)
    return folder


def test_the_image_has_all_that_jobs_need_and_the_collection(context):
    assert context.argument["EE_BASE_IMAGE"] == "quay.io/centos/centos:stream9"
    assert "ansible-core>=2.19.1" in context.argument["ANSIBLE_INSTALL_REFS"]
    assert "ansible-runner" in context.argument["ANSIBLE_INSTALL_REFS"]
    assert (context.folder / "_build" / "requirements.txt").read_text() == (ROOT / "requirements.txt").read_text()
    (wanted,) = yaml.safe_load((context.folder / "_build" / "requirements.yml").read_text())["collections"]
    copied = f"COPY _build/collection/llmops-gke-*.tar.gz {wanted['name']}"
    steps = context.containerfile.splitlines()
    installed = next(step for step in steps if "ansible-galaxy collection install" in step)
    assert steps.index(copied) < steps.index(installed)
    assert wanted["type"] == "file"


def test_it_claims_the_core_that_the_collection_wants(context):
    wanted = yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text())["requires_ansible"]
    assert f"ansible-core{wanted}" in context.argument["ANSIBLE_INSTALL_REFS"]


def test_the_collection_tells_ansible_builder_what_it_needs(environment):
    done = run(str(BIN / "ansible-builder"), "introspect", str(environment / "collections"))
    told = yaml.safe_load(done.stdout)
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    # PyYAML comes with ansible-core, and ansible-builder knows it.
    named = [line for line in lines if not line.startswith(("#", "PyYAML"))]
    assert told == {"python": [f"{line}  # from collection llmops.gke" for line in named], "system": []}


def test_a_playbook_runs_with_nothing_else_installed(environment, tmp_path):
    sandbox = Sandbox(tmp_path / "sandbox")
    try:
        hosts = inventory(sandbox, tmp_path / "inventory", "in-the-image")
        play = (str(environment / "bin" / "ansible-playbook"), "-i", str(hosts))
        settings = {
            "ANSIBLE_COLLECTIONS_PATH": str(environment / "collections"),
            "HF_TOKEN": "hf_test",
            "HOME": str(tmp_path),
        }
        done = run(*play, "llmops.gke.deploy", cwd=tmp_path, **settings)
        assert "mistralai/Mistral-7B-Instruct-v0.1 is served" in done.stdout
    finally:
        sandbox.stop()
