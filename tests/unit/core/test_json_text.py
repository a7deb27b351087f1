# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documents that nobody wrote for us are read, or refused, and nothing else comes of it."""

from __future__ import annotations

import gc
import sys
from contextlib import suppress

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.http import json_text

ENDLESS = '{"a":' * 100_000 + "1" + "}" * 100_000


class Dropped:
    """What only a garbage collection frees, and needs ``calls`` within each other for that."""

    def __init__(self, calls: int) -> None:
        self.itself, self.calls = self, calls

    def __del__(self) -> None:
        self._finish(self.calls)

    def _finish(self, calls: int) -> None:
        if calls:
            self._finish(calls - 1)


def test_a_document_is_read():
    assert json_text.loads(b'{"a": [1, null]}') == {"a": [1, None]}


@pytest.mark.parametrize("text", ["", "{", "nothing", '{"a": 1} x', b"\xff"])
def test_what_is_no_document_is_a_value_error(text: str | bytes):
    with pytest.raises(ValueError) as raised:
        json_text.loads(text)
    assert not isinstance(raised.value, json_text.TooDeep)


def test_constants_that_are_no_json_can_be_refused():
    def refuse(name: str) -> None:
        raise ValueError(f"{name} is no number")

    assert json_text.loads("[NaN]")
    with pytest.raises(ValueError, match="NaN is no number"):
        json_text.loads("[NaN]", parse_constant=refuse)


@pytest.mark.parametrize("was_on", [True, False])
@pytest.mark.parametrize("text", ["{}", "{", ENDLESS])
def test_garbage_is_collected_afterwards_as_it_was_before(was_on: bool, text: str):
    try:
        if not was_on:
            gc.disable()
        with suppress(ValueError):
            json_text.loads(text)
        assert gc.isenabled() is was_on
    finally:
        gc.enable()


def test_nothing_of_the_process_is_finalized_in_the_depth_of_a_document(monkeypatch: pytest.MonkeyPatch):
    lost = []
    monkeypatch.setattr(sys, "unraisablehook", lambda told: lost.append(str(told.exc_value)))
    limits = gc.get_threshold()
    try:
        # One of these collections begins less than a hundred calls before the end of the stack, however deep this is.
        for objects in range(400, sys.getrecursionlimit(), 50):
            gc.collect()
            gc.set_threshold(objects)
            Dropped(calls=100)
            with pytest.raises(json_text.TooDeep):
                json_text.loads(ENDLESS)
    finally:
        gc.set_threshold(*limits)
    assert not lost
