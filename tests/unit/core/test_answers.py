# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an answer must be, and where redirects may lead: tables."""

from __future__ import annotations

import json

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.http import redirects
from ansible_collections.llmops.gke.plugins.module_utils.http.answers import (
    ANYTHING,
    BEGINNING,
    DEPTH,
    FILLED,
    NUMBER,
    OBJECT,
    TEXT,
    Unexpected,
    bounded,
    judged,
    leniently,
    misfit,
    wanted,
)

JSON, PLAIN, PAGE = "application/json", "text/plain", "text/html"
POOLS = {"name!": str, "pools": [{"name!": FILLED, "size": int}], "labels": {"*": str}, "note": (str, None)}


@pytest.mark.parametrize(
    ("value", "wrong"),
    [
        ({"name": "a"}, ""),
        ({"name": "a", "pools": [], "labels": {}, "note": None, "more": object}, ""),
        ({"name": "a", "pools": [{"name": "p", "size": 3}], "labels": {"a": "b"}, "note": "n"}, ""),
        ([], "a list"),
        (None, "null"),
        (True, "true"),
        ("x", "text 'x'"),
        (5, "the number 5"),
        ({}, "an object '{}' without name"),
        ({"name": None}, "null as name"),
        ({"name": "a", "pools": None}, "null as pools"),
        ({"name": "a", "pools": {}}, "an object as pools"),
        ({"name": "a", "pools": [{"name": "p"}, ""]}, "text '' as pools[1]"),
        ({"name": "a", "pools": [{}]}, "an object as pools[0] without name"),
        ({"name": "a", "pools": [{"name": ""}]}, "text '' as pools[0].name"),
        ({"name": "a", "pools": [{"name": "p", "size": True}]}, "true as pools[0].size"),
        ({"name": "a", "labels": {"x": 1}}, "the number 1 as labels['x']"),
        ({"name": "a", "note": []}, "a list as note"),
    ],
)
def test_a_value_is_held_against_a_shape(value, wrong):
    assert misfit(POOLS, value) == wrong


@pytest.mark.parametrize(("want", "value", "fits"), [(NUMBER, 1.5, True), (NUMBER, "1", False), (bool, False, True)])
def test_simple_shapes(want, value, fits):
    assert (misfit(want, value) == "") is fits


def test_a_shape_is_told_in_words():
    assert [wanted(one) for one in (POOLS, OBJECT, [str], (str, None), TEXT)] == [
        "an object with name",
        "an object",
        "a list",
        "text or null",
        "text",
    ]


@pytest.mark.parametrize(
    ("kind", "body", "want", "value"),
    [
        (JSON, b'\xef\xbb\xbf{"a": 1}', OBJECT, {"a": 1}),
        # The Hub serves a repository's files as text.
        (PLAIN, b'{"a": "caf\xc3\xa9"}', OBJECT, {"a": "café"}),
        (JSON, b'{"error": {"message": "stockout"}}', {"error": OBJECT}, {"error": {"message": "stockout"}}),
        (JSON, b'{"kind": "Status", "status": "Success"}', OBJECT, {"kind": "Status", "status": "Success"}),
        (PLAIN, b"a log \xff\n", TEXT, "a log \ufffd\n"),
        ("", b"", TEXT, ""),
        (PLAIN, b"", ANYTHING, ""),
        (PLAIN, b'{"model": "caf\xc3', BEGINNING, '{"model": "caf'),
    ],
)
def test_what_is_an_answer(kind, body, want, value):
    assert judged(200, kind, body, want) == value


@pytest.mark.parametrize(
    ("kind", "body", "want", "came"),
    [
        (PAGE, b"<title>\n Sign  in</title>", ANYTHING, "an HTML page 'Sign in'"),
        (PAGE, b"{}", OBJECT, "an HTML page"),
        (JSON, b" \n", OBJECT, "an empty answer"),
        (JSON, b'{"a": NaN}', OBJECT, "no JSON"),
        (JSON, b'{"a": "\\ud800"}', OBJECT, "text with halves of characters"),
        (JSON, b'{"error": "boom"}', OBJECT, "an error: boom"),
        (JSON, b'{"kind": "Status", "status": "Failure", "message": "boom"}', {"kind": str}, "an error: boom"),
        (JSON, b"[]", TEXT, "a list"),
        (PLAIN, b"[]", BEGINNING, "a list"),
        (PLAIN, b'{"error": "boom"}', BEGINNING, "an error: boom"),
        (PLAIN, b'{"a": "\xff', BEGINNING, "text that is not UTF-8"),
    ],
)
def test_what_is_none(kind, body, want, came):
    with pytest.raises(Unexpected) as caught:
        judged(200, kind, body, want)
    assert str(caught.value).startswith(came)


def test_a_document_may_be_as_deep_as_those_in_use_and_no_deeper():
    def nested(levels: int) -> bytes:
        return b'{"a":' * levels + b"1" + b"}" * levels

    assert judged(200, JSON, nested(DEPTH), OBJECT)
    for levels in (DEPTH + 2, 100_000):
        with pytest.raises(Unexpected, match="nested"):
            judged(200, JSON, nested(levels), OBJECT)


def test_pieces_are_counted():
    assert list(bounded([b"ab", b"c"], 3)) == [b"ab", b"c"]
    with pytest.raises(Unexpected, match="more than"):
        list(bounded([b"ab", b"cd"], 3))


def test_a_refusal_is_read_as_well_as_it_goes():
    assert leniently(JSON, json.dumps({"a": 1}).encode()) == {"a": 1}
    assert leniently(JSON, b"{") == "{"
    assert leniently(PAGE, b"<title>Bad gateway</title>") == "an HTML page 'Bad gateway'"


HERE = "https://a.example/x/y?z=1"


@pytest.mark.parametrize(
    ("location", "target"),
    [
        ("/other", "https://a.example/other"),
        ("other", "https://a.example/x/other"),
        ("//b.example/c", "https://b.example/c"),
        ("", None),
        ("http://[", None),
        ("file:///etc/passwd", None),
        ("http://b.example:99999/", None),
    ],
)
def test_where_a_location_leads(location, target):
    assert redirects.target_of(HERE, location) == target


@pytest.mark.parametrize(
    ("url", "target", "same", "safe"),
    [
        (HERE, "https://A.example:443/", True, True),
        (HERE, "https://a.example:444/", False, True),
        (HERE, "https://a.example.b.example/", False, True),
        (HERE, "http://a.example/", False, False),
        ("http://a.example/", HERE, True, True),
        ("http://a.example:8080/", HERE, False, True),
        ("http://a.example/", "http://b.example/", False, True),
    ],
)
def test_whose_server_a_target_is(url, target, same, safe):
    assert redirects.is_same_server(url, target) is same
    assert redirects.is_safe(url, target) is safe
