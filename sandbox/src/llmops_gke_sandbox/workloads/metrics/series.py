# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Series as managed Prometheus keeps them, and how the text of an exporter becomes them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_SAMPLE = re.compile(r"([a-zA-Z_:][\w:]*)(?:\{(.*)\})?\s+(\S+)")
_LABEL = re.compile(r'([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"')


@dataclass(frozen=True)
class Series:
    """One series and its value now.

    :param kind: gauge, counter, histogram or unknown, as the name of a metric of Cloud Monitoring ends.
    :param labels: the metric's own labels.
    :param resource: labels of the monitored resource, prometheus_target.
    """

    name: str
    kind: str
    labels: dict[str, str]
    resource: dict[str, str]
    value: float


def parse(text: str) -> Iterator[tuple[str, str, dict[str, str], float]]:
    """Yield (name, kind, labels, value) of every sample in Prometheus' text format."""
    kinds: dict[str, str] = {}
    for line in text.splitlines():
        if line.startswith("# TYPE "):
            _hash, _type, name, kind = line.split(maxsplit=3)
            kinds[name] = kind.strip()
        elif found := _SAMPLE.fullmatch(line.strip()):
            name = found[1]
            yield name, kinds.get(name, "unknown"), dict(_LABEL.findall(found[2] or "")), float(found[3])
