# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/benchmarks.md and its chart, made of the figures that are kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tests.playbooks.playground import ROOT

from ..measure import Row, rows_of
from .chart import Bar, Group, Panel, svg
from .report import between_markers, circumstances

PAGE = ROOT / "docs" / "benchmarks.md"
CHART = ROOT / "docs" / "benchmarks.svg"
_DESCRIPTION = "Seconds that unchanged runs take by llmops.gke and by others, and minutes until a model serves."

Results = Mapping[str, Mapping[str, Any]]
Tables = Mapping[str, Callable[[list[dict[str, Any]]], str]]
"""What makes a table of a part's rows, by the part's name."""


def write(results: Results, tables: Tables) -> None:
    """Write both."""
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8"), results, tables), encoding="utf-8")
    CHART.write_text(chart(results), encoding="utf-8")


def page(text: str, results: Results, tables: Tables) -> str:
    """The page with the figures between its markers."""
    for name, part in results.items():
        made = f"Measured {circumstances(part)}\n\n{tables[name](part['rows'])}"
        text = between_markers(text, name, made)
    return text


def chart(results: Results) -> str:
    """The figures that say most, as bars."""
    found = []
    for title, name in (
        ("The same resources, unchanged", "converge"),
        ("Objects on one API server, unchanged", "objects"),
    ):
        rows = [row for row in rows_of(results.get(name, {}).get("rows", [])) if row.run == "unchanged"]
        found += [Panel(title, "seconds", _groups(rows))] if rows else []
    if rows := rows_of(results.get("deploy", {}).get("rows", [])):
        bars = tuple(
            Bar(row.run if row.what == "deploy.yml" else row.what, row.cost.seconds, ours=row.what == "deploy.yml")
            for row in rows
            if "module" not in row.run
        )
        found.append(Panel("A whole deployment on the sandbox", "seconds", (Group("", bars),)))
    if rows := [row for row in rows_of(results.get("hosts", {}).get("rows", [])) if row.run == "unchanged"]:
        bars = tuple(Bar(row.what, row.cost.seconds, ours=True) for row in rows)
        found.append(Panel("Deployments in one inventory, unchanged", "seconds", (Group("", bars),)))
    if spans := results.get("makespan", {}).get("rows", []):
        found.append(Panel("From nothing to a model that serves", "minutes", _spans(spans)))
    return svg(found, _DESCRIPTION)


def _groups(rows: list[Row]) -> tuple[Group, ...]:
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(row.what, []).append(row)
    return tuple(Group(what, tuple(_bar(row, each[0]) for row in each)) for what, each in groups.items())


def _bar(row: Row, first: Row) -> Bar:
    """The bar of a row; behind those of the others is how many times the first's it is."""
    ratio = row.cost.seconds / first.cost.seconds if first.cost.seconds else 0.0
    return Bar(row.way, row.cost.seconds, "" if row is first else f"({ratio:.1f}x)", ours=row is first)


def _spans(spans: list[Mapping[str, Any]]) -> tuple[Group, ...]:
    streamed = min(span["bound"] for span in spans)
    bars = [Bar("least possible", streamed / 60)]
    bars += [
        Bar(span["way"], span["seconds"] / 60, f"({span['seconds'] / span['bound']:.2f}x)", span["way"] == "deploy.yml")
        for span in spans
        if span["bound"] == streamed
    ]
    return (Group("", tuple(bars)),)
