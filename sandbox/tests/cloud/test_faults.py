# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults strike where they are meant to, as often as they are meant to."""

import pytest

from llmops_gke_sandbox.faults import Faults


def test_unknown_name_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match="unknown fault 'stockuot'; known: .*stockout"):
        Faults().add("stockuot")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"times": 0}, "times must be 1 or more"),
        ({"match": {"zone": "["}}, "match zone: '\\[' is not a regular expression"),
    ],
)
def test_bad_settings_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        Faults().add("stockout", **arguments)


def test_times_counts_down_and_peek_does_not():
    faults = Faults()
    faults.add("crash", times=2, exit_code=3)
    assert faults.peek("crash") == {"exit_code": 3}
    assert [faults.take("crash"), faults.take("crash"), faults.take("crash")] == [
        {"exit_code": 3},
        {"exit_code": 3},
        None,
    ]
    assert faults.list() == []


def test_match_is_of_the_whole_value_and_needs_the_key():
    faults = Faults()
    faults.add("stockout", match={"zone": "us-central1-[ab]"})
    assert faults.take("stockout", zone="us-central1-a") == {}
    assert faults.take("stockout", zone="us-central1-ab") is None
    assert faults.take("stockout") is None


def test_first_that_fits_strikes_and_removing_it_leaves_the_next():
    faults = Faults()
    first = faults.add("http", status=500)
    faults.add("http", status=503)
    assert faults.take("http")["status"] == 500
    assert faults.remove(first)
    assert faults.take("http")["status"] == 503
    assert not faults.remove(first)
