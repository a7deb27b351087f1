# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Roles share llmops_* alone: none reads a variable of another role."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import role_docs
import yaml
from working_copy import ROOT

ROLES = [path.name for path in role_docs.documented_roles()]
READ_BY_ANSIBLE = ("defaults", "vars", "tasks", "handlers", "templates", "meta")
SHARED = "llmops"


def texts(role: str) -> list[Path]:
    files = [path for folder in READ_BY_ANSIBLE for path in (ROOT / "roles" / role / folder).rglob("*")]
    return sorted(path for path in files if path.is_file())


def foreign_mentions(role: str, text: str) -> list[str]:
    """Variables of other roles in a role's text; a role's own name and the collection's modules are none."""
    others = "|".join(other for other in ROLES if other not in (role, SHARED))
    return re.findall(rf"(?<![\w.])(?:__)?(?:{others})_\w+", text)


@pytest.mark.parametrize("role", ROLES)
def test_the_role_mentions_no_variable_of_another_role(role):
    mentions = {
        str(path.relative_to(ROOT)): found
        for path in texts(role)
        if (found := foreign_mentions(role, path.read_text()))
    }
    assert mentions == {}


def test_a_mention_is_found():
    assert foreign_mentions(
        "verify", "{{ tgi_mistral_port }} {{ __gpu_nodepool_plan }} llmops.gke.gke_cluster_info"
    ) == [
        "tgi_mistral_port",
        "__gpu_nodepool_plan",
    ]


@pytest.mark.parametrize("role", [role for role in ROLES if role != SHARED])
def test_the_role_has_the_shared_variables(role):
    meta = yaml.safe_load((ROOT / "roles" / role / "meta" / "main.yml").read_text())
    assert meta["dependencies"] == [{"role": "llmops.gke.llmops_variables"}]


def test_the_shared_variables_are_those_of_the_role_that_describes_them():
    """Without its argument spec, which takes Ansible as long to read as all else of a role, for each role anew."""
    light = ROOT / "roles" / "llmops_variables"
    files = {str(path.relative_to(light)): path for path in light.rglob("*") if path.is_file()}
    links = {name: str(path.readlink()) for name, path in files.items() if path.is_symlink()}
    assert links == {f"{part}/main.yml": f"../../llmops/{part}/main.yml" for part in ("defaults", "vars")}
    assert files.keys() - links.keys() == {"README.md", "meta/main.yml"}


@pytest.mark.parametrize("role", ROLES)
def test_variables_that_are_no_options_begin_with_two_underscores(role):
    path = ROOT / "roles" / role / "vars" / "main.yml"
    names = yaml.safe_load(path.read_text()) if path.exists() else {}
    assert [name for name in names if not name.startswith(f"__{role}_")] == []
