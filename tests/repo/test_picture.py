# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The picture of a terminal in the documents: what it shows, and that nothing of a machine is in it."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest
import terminal_svg
from working_copy import ROOT

PICTURE = (ROOT / "docs" / "first-deploy.svg").read_text()


def texts(*chunks, width=80):
    return [line.text() for line in terminal_svg.lines(list(enumerate(chunks)), width)]


@pytest.mark.parametrize(
    ("printed", "shown"),
    [
        ("one\r\ntwo\r\n", ["one", "two"]),
        ("abcdefgh\n", ["abcd", "efgh"]),
        ("abcd\nef\n", ["abcd", "ef"]),
        ("10 %\r20 %\n", ["20 %"]),
        ("ab\bc\n", ["ac"]),
        ("\x1b[0;32mok\x1b[0m \x1b[Kx\n", ["ok x"]),
        ("one\n\n\n", ["one"]),
        # Lines that are written over, below an empty one, and what takes their place.
        ("a\n\none\ntwo\x1b[2A\r\r\x1b[Jok\n\nnew\x1b[1A\r", ["a", "ok", "", "new"]),
    ],
)
def test_a_line_is_what_a_terminal_shows(printed, shown):
    assert texts(printed, width=4) == shown


def test_a_line_that_comes_in_pieces_is_one():
    assert texts("TASK [De", "ploy]\n", "ok\n") == ["TASK [Deploy]", "ok"]


def test_colours_are_kept_and_end():
    (line,) = terminal_svg.lines([(0.0, "\x1b[0;32mok\x1b[0m: \x1b[1;35mno\x1b[0m\n")], 80)
    colours = [colour for _character, colour in line.cells]
    assert len({*colours[:2]}) == len({*colours[2:4]}) == len({*colours[4:]}) == 1
    assert len(set(colours)) == 3


def test_long_pauses_are_cut_and_the_order_is_kept():
    shown = terminal_svg.lines([(0.0, "a\n"), (100.0, "b\n"), (100.2, "c\n")], 80)
    moments = terminal_svg.timeline(shown)
    assert moments == sorted(moments)
    assert moments[-1][1] == 3
    assert moments[-1][0] < 3


def test_what_a_program_prints_cannot_become_markup():
    shown = terminal_svg.lines([(0.0, "<script>&amp;\n")], 80)
    drawn = terminal_svg.svg(shown, width=80, height=4, title='a "title" & more')
    root = ElementTree.fromstring(drawn.partition("-->\n")[2].partition("-->\n")[2])
    assert "<script>&amp;" in "".join(root.itertext())
    assert "script" not in {element.tag.rpartition("}")[2] for element in root.iter()}


def test_the_picture_is_of_a_whole_deploy_and_of_no_machine():
    shown = "\n".join("".join(text.itertext()) for text in ElementTree.fromstring(PICTURE).iter() if "text" in text.tag)
    assert shown.startswith("$ make demo\n")
    assert "PLAY RECAP" in shown
    assert "failed=0" in shown
    assert re.findall(r"(?<!:)(?<!\w)/(?:tmp|home|root|work|Users|var)/\S*", shown) == []
