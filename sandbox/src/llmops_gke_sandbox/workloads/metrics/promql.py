# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The part of PromQL that is played: one selector, and one aggregation over it. Everything else is refused by name."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from statistics import fmean

_NAME = r"[a-zA-Z_:][\w:]*"
_MATCHER = re.compile(r'\s*([a-zA-Z_]\w*)\s*(=~|!~|!=|=)\s*"((?:[^"\\]|\\.)*)"\s*')
_SELECTOR = re.compile(rf"\s*(?P<name>{_NAME})\s*(?:\{{(?P<matchers>.*)\}})?\s*")
_AGGREGATION = re.compile(
    r"\s*(?P<function>[a-z_]+)\s*(?:by\s*\((?P<first>[^()]*)\)\s*)?\((?P<of>.*?)\)\s*(?:by\s*\((?P<last>[^()]*)\))?\s*"
)
_FUNCTIONS: dict[str, Callable[[Iterable[float]], float]] = {"sum": sum, "avg": fmean, "min": min, "max": max}

Sample = tuple[dict[str, str], float]
"""Labels, the name of the metric among them as __name__, and the value."""


class NotPlayed(ValueError):
    """An expression beyond this part of the language."""


@dataclass(frozen=True)
class Selector:
    """A metric by its name, and what its labels must be: (label, operator, text)."""

    name: str
    matchers: tuple[tuple[str, str, str], ...]

    def takes(self, labels: dict[str, str]) -> bool:
        """Return whether a series is one of those selected."""
        return labels.get("__name__") == self.name and all(
            _holds(labels.get(label, ""), operator, text) for label, operator, text in self.matchers
        )


def selector(text: str) -> Selector:
    """Return the selector that a text is. :raises NotPlayed: if it is anything else."""
    found = _SELECTOR.fullmatch(text)
    if found is None:
        raise NotPlayed(f"the sandbox plays NAME{{LABEL=VALUE,...}} of PromQL, not {text!r}")
    left, matchers = found["matchers"] or "", []
    while left.strip():
        one = _MATCHER.match(left)
        if one is None:
            raise NotPlayed(f"the sandbox cannot read the matchers {left!r}")
        matchers.append((one[1], one[2], _text(one[2], one[3])))
        left = left[one.end() :]
        if left and not left.startswith(","):
            raise NotPlayed(f"the sandbox cannot read the matchers {left!r}")
        left = left[1:]
    return Selector(found["name"], tuple(matchers))


def evaluate(text: str, samples: Iterable[Sample]) -> list[Sample]:
    """Return the instant vector of an expression. :raises NotPlayed: if it is not one that is played."""
    found = _AGGREGATION.fullmatch(text)
    if found is None:
        wanted = selector(text)
        return [sample for sample in samples if wanted.takes(sample[0])]
    if found["function"] not in _FUNCTIONS:
        raise NotPlayed(f"the sandbox plays {', '.join(_FUNCTIONS)} of PromQL, not {found['function']}")
    wanted = selector(found["of"])
    by = [label.strip() for label in (found["first"] or found["last"] or "").split(",") if label.strip()]
    groups: dict[tuple[tuple[str, str], ...], list[float]] = {}
    for labels, value in samples:
        if wanted.takes(labels):
            groups.setdefault(tuple((label, labels[label]) for label in by if label in labels), []).append(value)
    return [(dict(group), _FUNCTIONS[found["function"]](values)) for group, values in groups.items()]


def _text(operator: str, quoted: str) -> str:
    text = re.sub(r"\\(.)", r"\1", quoted)
    if "~" in operator:
        try:
            re.compile(text)
        except re.error as error:
            raise NotPlayed(f"the sandbox cannot read the regular expression {text!r}: {error}") from None
    return text


def _holds(value: str, operator: str, text: str) -> bool:
    if operator in ("=", "!="):
        return (value == text) is (operator == "=")
    return bool(re.fullmatch(text, value)) is (operator == "=~")
