# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What OpenAI's bodies become, field by field: whole answers, and events at moments that are drawn up."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.http.server_sent_events import Event
from ansible_collections.llmops.gke.plugins.module_utils.serving.engine import STOP, Answer, StreamEvent
from ansible_collections.llmops.gke.plugins.module_utils.serving.openai.bodies import answer_of, streamed


@pytest.mark.parametrize("choice", [{"text": None}, {"message": {}}, {"message": {"content": None}}])
def test_a_whole_answer_may_have_no_text(choice: dict[str, Any]):
    got = answer_of({"choices": [choice]}, 1.5, {"x-request-id": "7"})
    assert got == Answer("", 1.5, headers={"x-request-id": "7"}, details={"usage": {}})


def told(text: str | None, count: int | None = None, reason: str | None = None) -> dict[str, Any]:
    """An event's data. text: None where it has no choice."""
    choices = [] if text is None else [{"text": text, "finish_reason": reason}]
    return {"choices": choices} | ({} if count is None else {"usage": {"completion_tokens": count}})


@pytest.mark.parametrize(
    ("parts", "bringing", "seconds"),
    [
        pytest.param(
            [told("a"), told("b"), told("c"), told(""), told(None)],
            [StreamEvent(11.0), StreamEvent(12.0), StreamEvent(13.0)],
            3.0,
            id="by text, which ends before the stream",
        ),
        pytest.param(
            [told(None), told("a", 1), told("bc", 3), told("", 3)],
            [StreamEvent(12.0, 1), StreamEvent(13.0, 2)],
            3.0,
            id="by counts, of which the first event has none",
        ),
        pytest.param([told(""), told("")], [], 2.0, id="no text at all"),
    ],
)
def test_a_stream_lasts_until_its_last_token(parts: list[dict[str, Any]], bringing: list[StreamEvent], seconds: float):
    events = [Event(11.0 + number, data) for number, data in enumerate(parts)]
    got, answer = streamed(10.0, events)
    assert (got, answer.seconds) == (bringing, seconds)


def test_the_answer_of_a_stream_has_no_headers_of_its_own():
    _events, answer = streamed(10.0, [Event(11.0, told("a", 1, "stop"))])
    details = {"finish_reason": "stop", "usage": {"completion_tokens": 1}}
    assert answer == Answer("a", 1.0, tokens=1, finish_reason=STOP, headers={}, details=details)
