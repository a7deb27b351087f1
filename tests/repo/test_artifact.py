"""The artifact that Galaxy would get: all of the collection, and nothing that a clone or a tool left beside it."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from working_copy import ROOT, files

# What belongs to the repository alone: continuous integration, the link that makes a clone importable, and
# galaxy.yml, which becomes MANIFEST.json.
NOT_SHIPPED = (".ci/", "collections/", "galaxy.yml")


@pytest.fixture(scope="module")
def shipped(tmp_path_factory) -> set[str]:
    target = tmp_path_factory.mktemp("artifact")
    galaxy = Path(sys.executable).with_name("ansible-galaxy")
    command = [str(galaxy), "collection", "build", "--output-path", str(target)]
    # ansible refuses to start in the C locale.
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, env=os.environ | {"LC_ALL": "C.UTF-8"})
    with tarfile.open(next(target.glob("llmops-gke-*.tar.gz"))) as artifact:
        return {member.name for member in artifact.getmembers() if not member.isdir()}


def test_it_holds_every_file_of_the_collection_and_no_other(shipped):
    expected = {str(path) for path in files() if not str(path).startswith(NOT_SHIPPED)}
    assert shipped - {"MANIFEST.json", "FILES.json"} == expected


@pytest.mark.parametrize(
    "name",
    [
        "playbooks/deploy.yml",
        "plugins/modules/gke_cluster.py",
        "requirements.txt",
        # playbooks/sandbox.yml needs it.
        "sandbox/pyproject.toml",
        "meta/execution-environment.yml",
        "inventories/sandbox/group_vars/all.yml",
    ],
)
def test_it_holds_what_its_playbooks_need(shipped, name):
    assert name in shipped
