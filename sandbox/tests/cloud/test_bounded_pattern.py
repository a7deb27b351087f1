# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Regular expressions of the admin API match in little time, or are refused."""

import time

import pytest

from llmops_gke_sandbox.bounded_pattern import LONGEST, compile_bounded


@pytest.mark.parametrize(
    "expression",
    [".*/clusters/c9", "POST|PUT", "us-central1-[ab]", "(?!token).*", "mistral-7b-.*", "(a|b)c?", "[0-9]{1,3}x+", ""],
)
def test_what_a_fault_needs_is_taken(expression):
    assert compile_bounded(expression).pattern == expression


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("(a+)+b", "a repeat within a repeat"),
        ("(?:a{1,5}){2,}b", "a repeat within a repeat"),
        ("(?=(a*)*)b", "a repeat within a repeat"),
        ("(?>(a*)*)b", "a repeat within a repeat"),
        ("(a|ab)*c", "alternatives within a repeat"),
        (r"(a)\1", "reference back"),
        (".*.*.*.*.*x", "repeats without limit 5 times"),
        ("a" * (LONGEST + 1), f"{LONGEST} are allowed"),
        ("[", "is not a regular expression"),
        (7, "as text"),
    ],
)
def test_what_can_take_for_ever_is_refused(expression, words):
    with pytest.raises(ValueError, match=words):
        compile_bounded(expression)


def test_the_worst_that_is_taken_is_done_soon():
    began = time.process_time()
    assert compile_bounded(".*a.*a.*a.*b").fullmatch("a" * 150) is None
    assert time.process_time() - began < 5
