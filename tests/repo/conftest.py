# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The artifact that Galaxy would get, built and installed once."""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest
import working_copy

from tests.repo.programs import tool

# What may lie in a clone and is nobody else's business.
STRAYS = (
    "inventories/mine/group_vars/all.yml", ".sandbox/service-account.json", ".cache/reports/mistral-7b.html",
    ".venv313/bin/python", "context/Containerfile", "dist/llmops-gke-0.0.9.tar.gz",
    "sandbox/build/lib/llmops_gke_sandbox/cli.py",
)  # fmt: skip


@pytest.fixture(scope="session")
def artifact(tmp_path_factory) -> Path:
    """The artifact of a clone in which a user has worked."""
    clone = tmp_path_factory.mktemp("clone")
    working_copy.copy_to(clone)
    for name in STRAYS:
        (clone / name).parent.mkdir(parents=True, exist_ok=True)
        (clone / name).touch()
    target = tmp_path_factory.mktemp("artifact")
    done = tool("ansible-galaxy", "collection", "build", "--output-path", str(target), cwd=clone)
    assert done.returncode == 0, done.stderr
    return next(target.glob("llmops-gke-*.tar.gz"))


@pytest.fixture(scope="session")
def shipped(artifact) -> set[str]:
    with tarfile.open(artifact) as opened:
        return {member.name for member in opened.getmembers() if not member.isdir()}


@pytest.fixture(scope="session")
def released(tmp_path_factory) -> set[str]:
    """Names of the files in the artifact that ``make build`` makes where a user has an inventory of any name."""
    clone = tmp_path_factory.mktemp("clone")
    working_copy.copy_to(clone)
    for name in ("inventories/mybox/group_vars/all.yml", "inventories/prod.yml"):
        (clone / name).parent.mkdir(parents=True, exist_ok=True)
        (clone / name).touch()
    target = tmp_path_factory.mktemp("dist")
    done = tool("python", str(clone / "scripts" / "artifact.py"), str(target), cwd=clone)
    assert done.returncode == 0, done.stderr
    with tarfile.open(next(target.glob("llmops-gke-*.tar.gz"))) as opened:
        return {member.name for member in opened.getmembers() if not member.isdir()}


@pytest.fixture(scope="session")
def installed(artifact, tmp_path_factory) -> Path:
    """The folder that a collection path names, with the artifact installed below it."""
    target = tmp_path_factory.mktemp("collections")
    done = tool("ansible-galaxy", "collection", "install", "--offline", "-p", str(target), str(artifact), cwd=target)
    assert done.returncode == 0, done.stderr
    return target
