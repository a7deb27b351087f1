# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""TGI's Prometheus metrics. A series exists once something was counted, so a fresh server shows none."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field

DURATIONS = tuple(0.0001 * 1.5**step for step in range(35))


@dataclass
class _Histogram:
    bounds: tuple[float, ...]
    counts: list[int] = field(default_factory=list)
    total: float = 0.0

    def __post_init__(self) -> None:
        self.counts = [0] * (len(self.bounds) + 1)

    def add(self, value: float) -> None:
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value


class Metrics:
    """Counters, gauges and histograms by name.

    :param most_tokens: the longest request; histograms of tokens have a hundred steps up to it.
    """

    def __init__(self, most_tokens: int) -> None:
        self._counters: dict[str, dict[str, int]] = {}
        self._gauges: dict[str, float] = {}
        self._histograms: dict[str, _Histogram] = {}
        self._token_bounds = tuple(most_tokens * step / 100 for step in range(1, 101))

    def count(self, name: str, labels: str = "") -> None:
        """Add one to a counter. labels: as they stand between the braces."""
        series = self._counters.setdefault(name, {})
        series[labels] = series.get(labels, 0) + 1

    def gauge(self, name: str, value: float) -> None:
        """Set a gauge."""
        self._gauges[name] = value

    def seconds(self, name: str, value: float) -> None:
        """Add a duration to a histogram."""
        self._observe(name, value, DURATIONS)

    def tokens(self, name: str, value: int) -> None:
        """Add a number of tokens to a histogram."""
        self._observe(name, value, self._token_bounds)

    def render(self) -> str:
        """Return the text that ``/metrics`` answers."""
        lines: list[str] = []
        for name, series in sorted(self._counters.items()):
            lines.append(f"# TYPE {name} counter")
            lines += [
                f"{name}{{{labels}}} {value}" if labels else f"{name} {value}" for labels, value in series.items()
            ]
            lines.append("")
        for name, value in sorted(self._gauges.items()):
            lines += [f"# TYPE {name} gauge", f"{name} {value:g}", ""]
        for name, histogram in sorted(self._histograms.items()):
            lines += [f"# TYPE {name} histogram", *_buckets(name, histogram), ""]
        return "\n".join(lines)

    def _observe(self, name: str, value: float, bounds: tuple[float, ...]) -> None:
        if name not in self._histograms:
            self._histograms[name] = _Histogram(bounds)
        self._histograms[name].add(value)


def _buckets(name: str, histogram: _Histogram) -> list[str]:
    lines, seen = [], 0
    for bound, count in zip(histogram.bounds, histogram.counts, strict=False):
        seen += count
        lines.append(f'{name}_bucket{{le="{bound:g}"}} {seen}')
    seen += histogram.counts[-1]
    return [*lines, f'{name}_bucket{{le="+Inf"}} {seen}', f"{name}_sum {histogram.total}", f"{name}_count {seen}"]
