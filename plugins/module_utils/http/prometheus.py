# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prometheus' text format, as a /metrics route gives it (prometheus.io/docs/instrumenting/exposition_formats)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from math import isfinite

_SAMPLE = re.compile(r"(?P<name>[a-zA-Z_:][\w:]*)(?:\{(?P<labels>.*)\})?\s+(?P<value>\S+)(?:\s+-?\d+)?")
_LABEL = re.compile(r'\b([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"')


@dataclass(frozen=True)
class Sample:
    """One line: a series and its value."""

    name: str
    labels: dict[str, str]
    value: float


def samples(text: str) -> Iterator[Sample]:
    """Every sample of a text that is a number; lines that are none, such as comments, are skipped."""
    for line in text.splitlines():
        found = _SAMPLE.fullmatch(line.strip())
        if found is None:
            continue
        try:
            value = float(found["value"])
        except ValueError:
            continue
        if isfinite(value):
            yield Sample(found["name"], dict(_LABEL.findall(found["labels"] or "")), value)


def totals(text: str) -> dict[str, float]:
    """Each metric's value by name; series of one name that differ in labels are added up.

    Buckets are left out: they are cumulative, so their sum means nothing.
    """
    found: dict[str, float] = {}
    for sample in samples(text):
        if not sample.name.endswith("_bucket"):
            found[sample.name] = found.get(sample.name, 0.0) + sample.value
    return found
