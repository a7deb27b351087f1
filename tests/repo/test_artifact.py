# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The artifact that Galaxy would get: what an installed collection needs, and nothing else that lies in a clone."""

from __future__ import annotations

import os
import re

import pytest
import working_copy
import yaml
from working_copy import ROOT

from tests.repo.programs import tool

# What takes a clone to be of use: the sandbox with its tests, the collection's own tests, what builds and checks it.
# galaxy.yml becomes MANIFEST.json.
NOT_SHIPPED = (
    "sandbox/", "tests/", "benchmarks/", "extensions/molecule/", "scripts/", ".ci/", "collections/",
    ".devcontainer/", ".github/", "docs/site/", "awx/",
)  # fmt: skip
NOT_SHIPPED_FILES = {
    ".ansible-lint", ".gitignore", ".pre-commit-config.yaml", ".yamllint", "Makefile", "ansible.cfg", "galaxy.yml",
    "pyproject.toml", "requirements-dev.txt", "requirements.lock", "requirements-run.txt", "requirements-run.lock",
    "execution-environment.yml",
}  # fmt: skip
SHIPPED_ALL_THE_SAME = {"tests/config.yml"}
REPOSITORY = yaml.safe_load((ROOT / "galaxy.yml").read_text())["repository"]


def test_it_holds_every_file_of_use_to_who_installs_it_and_no_other(shipped):
    names = {str(path) for path in working_copy.files()}
    expected = {name for name in names if not name.startswith(NOT_SHIPPED)} - NOT_SHIPPED_FILES
    assert shipped - {"MANIFEST.json", "FILES.json"} == expected | SHIPPED_ALL_THE_SAME


def test_a_user_s_own_inventories_are_not_in_it(released, shipped):
    assert released == shipped


@pytest.mark.parametrize(
    "name",
    [
        "playbooks/deploy.yml",
        "plugins/modules/gke_cluster.py",
        "requirements.txt",
        "meta/execution-environment.yml",
        "inventories/awx/group_vars/all.yml",
        "inventories/example/group_vars/all.yml",
        "inventories/sandbox/group_vars/all/sandbox.yml",
    ],
)
def test_it_holds_what_its_playbooks_need(shipped, name):
    assert name in shipped


def test_its_documents_link_to_nothing_that_it_leaves_out(shipped):
    broken = []
    for name in sorted(shipped):
        if name.endswith(".md"):
            for link in re.findall(r"\]\((?!https?://|#|mailto:)([^)#\s]+)", (ROOT / name).read_text()):
                target = os.path.normpath(os.path.join(os.path.dirname(name), link))
                if target not in shipped:
                    broken.append((name, link))
    assert broken == []


def test_links_into_the_repository_lead_to_a_file_of_it():
    page = re.compile(rf"{re.escape(REPOSITORY)}/(?:blob|tree)/main/([\w./-]+)")
    texts = {path: (ROOT / path).read_text() for path in working_copy.files() if path.suffix == ".md"}
    linked = {(str(path), name) for path, text in texts.items() for name in page.findall(text)}
    assert linked
    assert [(path, name) for path, name in sorted(linked) if not (ROOT / name).exists()] == []


def test_all_its_playbooks_are_found_by_their_full_names(installed, tmp_path):
    inside = installed / "ansible_collections" / "llmops" / "gke"
    names = [f"llmops.gke.{path.stem}" for path in sorted((inside / "playbooks").glob("*.yml"))]
    words = ["--syntax-check", "-i", str(inside / "inventories" / "example"), *names]
    done = tool("ansible-playbook", *words, cwd=tmp_path, ANSIBLE_COLLECTIONS_PATH=str(installed))
    assert done.returncode == 0, done.stderr


def test_without_the_sandbox_it_says_where_that_is_to_be_had(installed, tmp_path):
    inventory = installed / "ansible_collections" / "llmops" / "gke" / "inventories" / "sandbox"
    # Says what Python says where it is not installed, as it is for these tests.
    (tmp_path / "llmops_gke_sandbox.py").write_text(
        'import sys\nsys.exit("python: No module named llmops_gke_sandbox")\n'
    )
    words = ["llmops.gke.sandbox", "-i", str(inventory)]
    settings = {"ANSIBLE_COLLECTIONS_PATH": str(installed), "LLMOPS_GKE_SANDBOX_DIR": str(tmp_path / "sandbox")}
    settings["PYTHONPATH"] = str(tmp_path)
    done = tool("ansible-playbook", *words, cwd=tmp_path, **settings)
    assert done.returncode == 2
    said = done.stdout.rpartition("TASK")[2]
    assert f"pip install 'llmops-gke-sandbox @ git+{REPOSITORY}#subdirectory=sandbox'" in said


def test_why_a_sandbox_does_not_start_is_said_in_its_own_words(installed, tmp_path):
    inventory = installed / "ansible_collections" / "llmops" / "gke" / "inventories" / "sandbox"
    (tmp_path / "file").touch()
    settings = {"ANSIBLE_COLLECTIONS_PATH": str(installed), "LLMOPS_GKE_SANDBOX_DIR": str(tmp_path / "file")}
    done = tool("ansible-playbook", "llmops.gke.sandbox", "-i", str(inventory), cwd=tmp_path, **settings)
    assert done.returncode == 2
    said = done.stdout.rpartition("TASK")[2]
    assert "llmops-gke-sandbox: " in said
    assert "pip install" not in said
