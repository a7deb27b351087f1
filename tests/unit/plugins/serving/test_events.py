# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Server-sent events and Prometheus' text, in every form that TGI and what stands before it write."""

from __future__ import annotations

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.http.prometheus import Sample, samples, totals
from ansible_collections.llmops.gke.plugins.module_utils.http.server_sent_events import Event, parse_events


def at(*lines: bytes) -> list[tuple[float, bytes]]:
    return pieces(*(line + b"\n" for line in lines))


def pieces(*sent: bytes) -> list[tuple[float, bytes]]:
    return [(float(moment), piece) for moment, piece in enumerate(sent, 1)]


@pytest.mark.parametrize("start", [b"data:", b"data: "])
def test_a_space_after_data_makes_no_difference(start):
    events = parse_events(at(start + b'{"index":1}', b"", start + b'{"index":2}', b"")).events
    assert [(event.at, event.data) for event in events] == [(1.0, {"index": 1}), (3.0, {"index": 2})]


def test_keep_alives_and_other_fields_are_no_events():
    events = parse_events(
        at(b":", b"", b": ping", b"", b"event: message", b"id: 4", b'data:{"a":1}', b"", b"retry: 1")
    ).events
    assert [event.data for event in events] == [{"a": 1}]


def test_data_over_several_lines_is_one_event_that_arrived_with_its_last():
    (event,) = parse_events(at(b'data: {"a":', b"data: 1}", b"")).events
    assert (event.at, event.data) == (2.0, {"a": 1})


@pytest.mark.parametrize("ended", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize("size", [1, 2, 3, 8, 500])
def test_events_are_the_same_wherever_the_reads_break(size, ended):
    body = b"\xef\xbb\xbf" + ended.join([b'data: {"a":', b"data: 1}", b"", b"id: 1", b'data: {"b":2}', b"", b""])
    sent = [body[start : start + size] for start in range(0, len(body), size)]
    assert [event.data for event in parse_events(pieces(*sent)).events] == [{"a": 1}, {"b": 2}]


def test_an_event_arrives_when_the_last_of_its_data_does():
    read = parse_events(pieces(b'data: {"a":1}\n\nda', b'ta: {"b"', b":2}\r", b"\n\r\n"))
    assert [(event.at, event.data) for event in read.events] == [(1.0, {"a": 1}), (3.0, {"b": 2})]


def test_several_events_of_one_read_arrived_together():
    read = parse_events(pieces(b'data: {"a":1}\n\ndata: {"b":2}\n\n'))
    assert [event.at for event in read.events] == [1.0, 1.0]


def test_the_closing_mark_of_openai_and_a_missing_blank_line_at_the_end():
    assert [event.data for event in parse_events(at(b'data: {"a":1}', b"", b"data: [DONE]", b"")).events] == [{"a": 1}]
    assert [event.data for event in parse_events(at(b'data: {"a":1}')).events] == [{"a": 1}]
    assert parse_events(at(b'data: {"a":1}')).events == [Event(1.0, {"a": 1})]
    assert parse_events(at(b"data: [DONE]", b"", b": bye")).closed
    assert parse_events(at(b"data: [DONE]")).closed and not parse_events(at(b'data: {"a":1}', b"")).closed


def test_what_is_cut_off_amid_its_data_is_no_event():
    assert parse_events(pieces(b'data: {"a":1}\n\ndata: {"b":')).events == [Event(1.0, {"a": 1})]


def test_a_byte_order_mark_stands_at_the_beginning_alone():
    mark = b"\xef\xbb\xbf"
    assert parse_events(pieces(mark + b'data: {"a":1}')).events == [Event(1.0, {"a": 1})]
    later = at(mark + b"id: 1", b"", mark + b'data: {"a":1}', b"")
    assert parse_events(later).events == []
    assert parse_events([*later[:2], (3.0, mark + b'data: {"a":1}')]).events == []


@pytest.mark.parametrize(
    ("data", "error"),
    [
        ([b"out of memory"], "out of memory"),
        ([b"out of", b"memory"], "out of\nmemory"),
        ([b"gr\xf6sse"], "gr\ufffdsse"),
        ([b"4"], "4"),
    ],
)
def test_an_error_that_is_told_as_text_is_an_error_object(data, error):
    (event,) = parse_events(at(b"event: error", *(b"data: " + line for line in data), b"")).events
    assert event.data == {"error": error}


def test_what_follows_an_error_is_none():
    with pytest.raises(ValueError, match="an event is no JSON"):
        parse_events(at(b"event: error", b"data: out of memory", b"", b"data: <html>", b""))


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


def test_samples_have_their_labels_and_lines_that_are_none_are_skipped():
    text = '# HELP a 1\n  a{x="1",y="b\\"c}"}  2.5 17\nb much\n#c 1\nd{} -4\ne 1e3 # more\nf 1e3\n'
    labels = {"x": "1", "y": 'b\\"c}'}
    assert [*samples(text)] == [Sample("a", labels, 2.5), Sample("d", {}, -4.0), Sample("f", {}, 1000.0)]


@pytest.mark.parametrize("value", ["NaN", "+Inf", "-Inf", "1e999"])
def test_what_is_no_number_is_no_sample(value):
    assert totals(f'a{{of="1"}} {value}\na{{of="2"}} 2\nb {value}\n') == {"a": 2.0}
