# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""module_utils keeps its shape: folders of a size that can be read, and arrows that go down only."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from working_copy import ROOT

UTILS = ROOT / "plugins" / "module_utils"
MOST_FILES = 14
BELOW = {
    "core": set(),
    "http": {"core"},
    "google": {"core", "http"},
    "models": {"core", "http"},
    "gke": {"core", "http", "google"},
    "kubernetes": {"core", "http"},
    "serving": {"core", "http", "models", "kubernetes"},
    "workflows": {"core", "http", "google", "gke", "kubernetes", "models", "serving"},
    "engines": {"core", "http", "google", "gke", "kubernetes", "models", "serving", "workflows"},
}
"""Folder -> the folders that its files may import."""

DATA = {("models/memory.py", "google/hardware")}
"""Imports of data alone: what a GPU is, for what fits one."""


def modules(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*.py") if path.name != "__init__.py")


def imported(path: Path) -> Iterator[str]:
    """What a file imports of module_utils, as a path below it."""
    package = path.relative_to(UTILS).parent.parts
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = package[: len(package) - node.level + 1]
            yield "/".join((*base, *(node.module or "").split("."))).rstrip("/")


def test_the_root_holds_folders_only():
    assert modules(UTILS) == []
    assert {path.name for path in UTILS.iterdir() if path.is_dir() and path.name != "__pycache__"} == set(BELOW)


@pytest.mark.parametrize("folder", [path for path in UTILS.rglob("*") if path.is_dir()], ids=lambda path: path.name)
def test_no_folder_has_too_many_files_side_by_side(folder):
    assert len(modules(folder)) <= MOST_FILES


@pytest.mark.parametrize("name", BELOW)
def test_arrows_go_down_only(name):
    against = [
        (path.relative_to(UTILS).as_posix(), target)
        for path in sorted((UTILS / name).rglob("*.py"))
        for target in imported(path)
        if target and target.split("/")[0] not in BELOW[name] | {name}
    ]
    assert [one for one in against if one not in DATA] == []


def test_imports_inside_are_relative():
    full = "ansible_collections.llmops.gke"
    assert [str(path) for path in (ROOT / "plugins").rglob("*.py") if f"from {full}" in path.read_text()] == []
