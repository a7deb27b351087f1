# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Server-sent events and Prometheus' text, in every form that TGI and what stands before it write."""

from __future__ import annotations

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.http.prometheus import totals
from ansible_collections.llmops.gke.plugins.module_utils.http.server_sent_events import parse_events


def at(*lines: bytes) -> list[tuple[float, bytes]]:
    return [(float(moment), line) for moment, line in enumerate(lines, 1)]


@pytest.mark.parametrize("start", [b"data:", b"data: "])
def test_a_space_after_data_makes_no_difference(start):
    events = parse_events(at(start + b'{"index":1}', b"", start + b'{"index":2}', b""))
    assert [(event.at, event.data) for event in events] == [(1.0, {"index": 1}), (3.0, {"index": 2})]


def test_keep_alives_and_other_fields_are_no_events():
    events = parse_events(at(b":", b"", b": ping", b"", b"event: message", b"id: 4", b'data:{"a":1}', b"", b"retry: 1"))
    assert [event.data for event in events] == [{"a": 1}]


def test_data_over_several_lines_is_one_event_that_arrived_with_its_first():
    (event,) = parse_events(at(b'data: {"a":', b"data: 1}", b""))
    assert (event.at, event.data) == (1.0, {"a": 1})


def test_the_closing_mark_of_openai_and_a_missing_blank_line_at_the_end():
    assert [event.data for event in parse_events(at(b'data: {"a":1}', b"", b"data: [DONE]", b""))] == [{"a": 1}]
    assert [event.data for event in parse_events(at(b'data: {"a":1}'))] == [{"a": 1}]


@pytest.mark.parametrize("payload", [b"data: <html>", b"data: 4"])
def test_data_that_is_no_object_is_refused(payload):
    with pytest.raises(ValueError, match="an event is no"):
        parse_events(at(payload, b""))


def test_metrics_are_added_up_over_their_labels():
    text = (
        "# TYPE tgi_request_count counter\n"
        "tgi_request_count 3\n"
        'tgi_request_failure{err="validation"} 2\n'
        'tgi_request_failure{err="overloaded"} 1 1700000000\n'
        'tgi_request_duration_bucket{le="0.5"} 4\n'
        "tgi_request_duration_sum 1.5\n"
        "nonsense\n"
    )
    assert totals(text) == {"tgi_request_count": 3, "tgi_request_failure": 3, "tgi_request_duration_sum": 1.5}
    assert totals("") == {}
