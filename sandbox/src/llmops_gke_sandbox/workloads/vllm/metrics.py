# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""vLLM's Prometheus metrics. Every family is there from the start, with 0; which ones, families.yml says."""

from __future__ import annotations

import time
from bisect import bisect_left
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

import yaml

_FAMILIES: list[dict[str, Any]] = yaml.safe_load((files(__package__) / "families.yml").read_text(encoding="utf-8"))
_INFO = "vllm:cache_config_info"


class _Histogram:
    def __init__(self, bounds: list[float]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0.0


class Metrics:
    """Counters, gauges and histograms by name without its prefix ``vllm:``.

    :param model: the label model_name. cache: what cache_config_info says otherwise than the defaults.
    """

    def __init__(self, model: str, cache: Mapping[str, str]) -> None:
        self._model = model
        self._cache = cache
        self._created = time.time()
        self._values: dict[tuple[str, str], float] = {}
        self._histograms = {
            family["name"]: _Histogram(family["buckets"]) for family in _FAMILIES if family["type"] == "histogram"
        }

    def count(self, name: str, value: float = 1, label: str = "") -> None:
        """Add to a counter. label: the value of its further label, where it has one."""
        key = (f"vllm:{name}", label)
        self._values[key] = self._values.get(key, 0.0) + value

    def gauge(self, name: str, value: float, label: str = "") -> None:
        """Set a gauge."""
        self._values[f"vllm:{name}", label] = value

    def observe(self, name: str, value: float, times: int = 1) -> None:
        """Add a value to a histogram."""
        histogram = self._histograms[f"vllm:{name}"]
        histogram.counts[bisect_left(histogram.bounds, value)] += times
        histogram.total += value * times

    def render(self) -> str:
        """Return the text that ``/metrics`` answers."""
        lines: list[str] = []
        for family in _FAMILIES:
            name, kind = family["name"], family["type"]
            series = [self._labels(family, extra) for extra in family.get("labels", [{}])]
            lines += [f"# HELP {name} {family['help']}", f"# TYPE {name} {kind}"]
            if kind == "histogram":
                lines += self._buckets(name, series[0])
            elif name == _INFO:
                lines.append(f"{name}{_braced(self._labels(family, family['config'] | dict(self._cache)))} 1.0")
            else:
                lines += [
                    f"{name}{_braced(labels)} {_number(self._values.get((name, ''.join(extra.values())), 0.0))}"
                    for labels, extra in zip(series, family.get("labels", [{}]), strict=True)
                ]
            if kind in ("counter", "histogram"):
                made = f"{name.removesuffix('_total') if kind == 'counter' else name}_created"
                lines += [f"# HELP {made} {family['help']}", f"# TYPE {made} gauge"]
                lines += [f"{made}{_braced(labels)} {_number(self._created)}" for labels in series]
        return "\n".join(lines) + "\n"

    def _labels(self, family: Mapping[str, Any], extra: Mapping[str, str]) -> dict[str, str]:
        own = {"engine": "0"} if family.get("per_engine", True) else {}
        if family["name"] != _INFO:
            own["model_name"] = self._model
        return own | dict(extra)

    def _buckets(self, name: str, labels: Mapping[str, str]) -> list[str]:
        histogram, lines, seen = self._histograms[name], [], 0
        for bound, count in zip([*histogram.bounds, None], histogram.counts, strict=True):
            seen += count
            le = "+Inf" if bound is None else _number(bound)
            lines.append(f"{name}_bucket{_braced({**labels, 'le': le})} {_number(seen)}")
        return [
            *lines,
            f"{name}_count{_braced(labels)} {_number(seen)}",
            f"{name}_sum{_braced(labels)} {_number(histogram.total)}",
        ]


def _braced(labels: Mapping[str, str]) -> str:
    return "{" + ",".join(f'{name}="{labels[name]}"' for name in sorted(labels)) + "}"


def _number(value: float) -> str:
    """As Prometheus' client for Python writes it: Go's form from a million on."""
    text = repr(float(value))
    dot = text.find(".")
    if value > 0 and dot > 6:
        mantissa = f"{text[0]}.{text[1:dot]}{text[dot + 1 :]}".rstrip("0.")
        return f"{mantissa}e+0{dot - 1}"
    return text
