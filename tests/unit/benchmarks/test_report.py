# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures become tables, and stand between their markers; the page and its chart are what the kept figures make."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET

import pytest

from benchmarks.__main__ import RESULTS, TABLES
from benchmarks.converge import as_manifest
from benchmarks.measure import Cost, Row
from benchmarks.page.chart import Bar, Group, Panel, number, svg
from benchmarks.page.document import CHART, PAGE, chart, page
from benchmarks.page.report import between_markers, circumstances, table

MACHINE = {"cores": 2, "processor": "a processor", "load": 0.3, "versions": {"Python": "3.11.7", "kubectl": "1.32"}}


def test_others_are_told_in_multiples_of_the_first_of_the_same_run():
    rows = [
        Row("pools", "first", "ours", Cost(2.0, 1.0, requests=3)),
        Row("pools", "unchanged", "ours", Cost(0.5, 0.4, requests=1)),
        Row("pools", "unchanged", "theirs", Cost(2.0, 1.0, requests=6)),
    ]
    assert table(rows).splitlines() == [
        "| what | run | by | seconds | processor s | HTTP requests |",
        "| --- | --- | --- | --- | --- | --- |",
        "| pools | first | ours | 2.00 | 1.00 | 3 |",
        "| pools | unchanged | ours | 0.50 | 0.40 | 1 |",
        "| pools | unchanged | theirs | 2.00 (4.0x) | 1.00 (2.5x) | 6 |",
    ]


def test_a_first_without_any_time_has_no_multiples():
    rows = [Row("w", "r", "ours", Cost(0.0, 0.0)), Row("w", "r", "theirs", Cost(1.0, 1.0, tasks=2.5))]
    assert table(rows).splitlines()[-2:] == [
        "| w | r | ours | 0.00 | 0.00 |  |",
        "| w | r | theirs | 1.00 | 1.00 | 2.5 |",
    ]


@pytest.mark.parametrize(("runs", "words"), [(1, "one run"), (5, "medians of 5 runs")])
def test_the_circumstances_name_machine_and_versions(runs: int, words: str):
    said = circumstances({"date": "2026-01-02", "runs": runs, "machine": MACHINE})
    assert said == (f"2026-01-02, {words}, 2 cores of a processor, load 0.3 at the start; Python 3.11.7, kubectl 1.32.")


def test_only_what_is_between_the_markers_is_replaced():
    other = "b\n<!-- y: made by make bench --><!-- y: end -->\n"
    text = f"a\n<!-- x: made by make bench -->\nold\n<!-- x: end -->\n{other}"
    made = between_markers(text, "x", r"new \1")
    assert made == f"a\n<!-- x: made by make bench -->\n\nnew \\1\n\n<!-- x: end -->\n{other}"
    assert between_markers(made, "x", r"new \1") == made
    with pytest.raises(ValueError, match="z: made by make bench"):
        between_markers(text, "z", "new")


@pytest.mark.parametrize(("value", "said"), [(0.034, "0.03"), (9.87, "9.87"), (12.34, "12.3"), (123.4, "123")])
def test_figures_have_as_many_digits_as_one_reads(value: float, said: str):
    assert number(value) == said


def test_bars_are_as_long_as_what_they_stand_for_and_words_are_escaped():
    bars = (Bar("ours & mine", 1.0, ours=True), Bar("theirs", 4.0, "(4.0x)"))
    drawn = ET.fromstring(svg([Panel("A <title>", "seconds", (Group("a group", bars),))], 'what "it" shows'))
    rectangles = [one for one in drawn.iter("{http://www.w3.org/2000/svg}rect") if one.get("rx")]
    lengths = [float(one.get("width", "0")) for one in rectangles]
    assert lengths[1] == pytest.approx(4 * lengths[0], rel=0.01)
    words = [one.text for one in drawn.iter("{http://www.w3.org/2000/svg}text")]
    assert {"A <title>", "ours & mine", "4.00  (4.0x)"} <= set(words)
    assert drawn.get("aria-label") == 'what "it" shows'
    assert max(float(one.get("y", "0")) + 15 for one in rectangles) < float(drawn.get("height", "0"))


def test_a_chart_of_nothing_is_still_one():
    assert ET.fromstring(svg([], "")).get("width")


def test_a_live_object_becomes_the_manifest_that_somebody_would_have_written():
    live = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "s", "labels": {"a": "b"}, "uid": "1", "resourceVersion": "7", "managedFields": []},
        "spec": {"type": "LoadBalancer", "clusterIP": "10.0.0.1", "ports": [{"port": 80, "nodePort": 30000}]},
        "status": {"loadBalancer": {}},
    }
    assert as_manifest(live) == {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "s", "labels": {"a": "b"}},
        "spec": {"type": "LoadBalancer", "ports": [{"port": 80}]},
    }
    assert "spec" not in as_manifest({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "data": {}})


def test_page_and_chart_are_what_the_kept_figures_make():
    results = json.loads(RESULTS.read_text(encoding="utf-8"))
    assert set(results) == set(TABLES)
    text = PAGE.read_text(encoding="utf-8")
    assert page(text, results, TABLES) == text, "run: make bench BENCH=--render"
    assert chart(results) == CHART.read_text(encoding="utf-8")
