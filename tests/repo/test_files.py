# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What holds for every file: nothing of one machine, no secret, nothing too long to be read."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from working_copy import ROOT, files

ALL = files()
PYTHON = [path for path in ALL if path.suffix == ".py"]
LONGEST = 300

# Home folders and workplaces of one person or machine; /home/kubernetes is where GKE keeps the driver on a node.
MACHINE_PATH = re.compile(r"(?<![\w.}/-])/(?:root|work|Users/\w+|home/(?!kubernetes\b)\w+)/[\w.]")
PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----\s*[A-Za-z0-9+/]{40}")


def text_of(path: Path) -> str:
    return (ROOT / path).read_text(errors="replace")


def test_no_file_that_git_keeps_is_ignored():
    # Whoever copies what is not ignored would leave it out, and the copy would lack it without a word.
    if not (ROOT / ".git").exists():
        pytest.skip("not a clone")
    command = ["git", "ls-files", "--cached", "--ignored", "--exclude-standard"]
    assert subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout == ""


def test_no_file_names_a_place_on_one_machine():
    assert [(str(path), found.group()) for path in ALL if (found := MACHINE_PATH.search(text_of(path)))] == []


def test_no_file_holds_a_private_key():
    assert [str(path) for path in ALL if PRIVATE_KEY.search(text_of(path))] == []


def test_every_python_file_is_short_enough_to_be_read():
    assert [str(path) for path in PYTHON if len(text_of(path).splitlines()) > LONGEST] == []


def test_every_make_target_that_is_written_about_exists():
    targets = set(re.findall(r"^([a-z-]+):", text_of(Path("Makefile")), flags=re.MULTILINE))
    written = {
        (str(path), name)
        for path in ALL
        if path.suffix == ".md"
        for name in re.findall(r"`make ([a-z-]+)", text_of(path))
    }
    assert {(path, name) for path, name in written if name not in targets} == set()


def test_every_relative_link_in_the_documents_leads_somewhere():
    broken = [
        (str(path), link)
        for path in ALL
        if path.suffix == ".md"
        for link in re.findall(r"\]\((?!https?://|#|mailto:)([^)#\s]+)", text_of(path))
        if not (ROOT / path).parent.joinpath(link).exists()
    ]
    assert broken == []
