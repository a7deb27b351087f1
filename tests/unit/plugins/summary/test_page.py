# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text that fits into a terminal and commands that can be copied from it."""

from __future__ import annotations

import shlex

from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.llmops.gke.plugins.module_utils.workflows.summary.page import Page, columns

WORDS = st.lists(st.text("abc-/=.", min_size=1, max_size=30), min_size=1, max_size=12)


@given(WORDS, st.integers(60, 120))
def test_no_line_is_too_long(words, width):
    page = Page(width)
    page.title(" ".join(words))
    page.row("LABEL", " ".join(words), "2ND")
    page.line(" ".join(words), 4)
    assert max(map(len, page.lines)) <= width
    said = " ".join(words)
    assert " ".join(" ".join(page.lines).split()) == f"{said} LABEL {said} 2ND {said}"


@given(WORDS, st.integers(60, 120))
def test_a_command_is_the_same_when_it_is_copied(words, width):
    page = Page(width)
    page.command("", words)
    assert shlex.split("\n".join(page.lines).replace("\\\n", "")) == words
    assert all(len(line) <= width for line in page.lines)


def test_a_body_goes_on_between_its_parts():
    page = Page(60)
    page.command("try it", ["curl", "http://192.0.2.1:8080/v1", ['-d \'{"a": "' + "x" * 30 + '",', '"b": 1}\'']])
    assert shlex.split("\n".join(page.lines).replace("\\\n", ""))[-1].split() == [
        '{"a":', '"' + "x" * 30 + '",', '"b":', "1}",
    ]  # fmt: skip


def test_paths_are_told_from_here_and_nothing_acts_on_the_terminal():
    page = Page(80, "/srv/clone")
    page.row("report", "/srv/clone/.cache/r.html", "\x1b[31mred\nforged")
    page.command("look", ["kubectl", "--kubeconfig", "/srv/clone/.sandbox/k"])
    assert page.lines == [
        "  report        .cache/r.html",
        "                \\x1b[31mred forged",
        "  look          kubectl --kubeconfig .sandbox/k",
    ]
    # The root of everything is no folder to shorten paths by.
    other = Page(80, "/")
    other.row("a", "/etc/b")
    assert other.lines == ["  a             /etc/b"]


def test_a_table_is_aligned():
    assert columns([("host", "USD"), ("a", "1.77"), ("longer", "10.00")], [1]) == [
        "host      USD",
        "a        1.77",
        "longer  10.00",
    ]
