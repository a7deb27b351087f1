# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was, or would be, created, changed and removed: summed up from the plans that tasks give back. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ...gke.target import BROKEN
from ..differences import single
from .facts import HostFacts

_CREATE, _UPDATE, _DELETE = "create", "update", "delete"
_SIGNS = {_CREATE: "+", _UPDATE: "~", _DELETE: "-"}
_FIELDS = 3
"""Fields of a resource that are named; how many more there are is told."""


@dataclass
class Changes:
    """Each resource once, in the order of the tasks. actions: by resource. fields: what changed in it. broken: the
    status of those that are there and do not work."""

    actions: dict[str, str] = field(default_factory=dict)
    fields: dict[str, list[str]] = field(default_factory=dict)
    broken: dict[str, str] = field(default_factory=dict)

    def count(self, action: str) -> int:
        """Resources that this is done to."""
        return sum(one == action for one in self.actions.values())

    def sum(self, *, check: bool) -> str:
        """``6 to create, 1 to change, 0 to remove``, and afterwards ``6 created, 1 changed, 0 removed``."""
        words = ("to create", "to change", "to remove") if check else ("created", "changed", "removed")
        counts = map(self.count, (_CREATE, _UPDATE, _DELETE))
        return ", ".join(f"{count} {word}" for count, word in zip(counts, words, strict=True))

    def short(self) -> str:
        """The same in the least space: ``+6 ~1 -0``."""
        return " ".join(f"{sign}{self.count(action)}" for action, sign in _SIGNS.items())

    def lines(self) -> list[str]:
        """One for each resource."""
        return [f"{_SIGNS[action]} {name}{self._what_of(name, action)}" for name, action in self.actions.items()]

    def to_dict(self) -> dict[str, list[str]]:
        """The resources by what was done to them."""
        names = {"created": _CREATE, "changed": _UPDATE, "removed": _DELETE}
        return {word: [name for name, one in self.actions.items() if one == act] for word, act in names.items()}

    def add(self, step: Mapping[str, Any]) -> None:
        """Let a step follow on those before it. One that only waits or drains is none of its own."""
        action, name = step.get("action"), str(step.get("resource"))
        if action not in _SIGNS:
            return
        before = self.actions.get(name)
        if (before, action) == (_CREATE, _DELETE):
            del self.actions[name]
        elif (before, action) != (_CREATE, _UPDATE):
            # What is removed and made anew is another one under the same name.
            self.actions[name] = _UPDATE if (before, action) == (_DELETE, _CREATE) else str(action)
        if action == _UPDATE:
            paths = [str(change.get("field")) for change in step.get("changes") or []]
            self.fields[name] = list(dict.fromkeys([*self.fields.get(name, []), *paths]))

    def _what_of(self, name: str, action: str) -> str:
        status = f" ({self.broken[name]})" if name in self.broken else ""
        fields = self.fields.get(name, []) if action == _UPDATE else []
        more = f" and {len(fields) - _FIELDS} more" if len(fields) > _FIELDS else ""
        return (f": {', '.join(fields[:_FIELDS])}{more}" if fields else "") + status


def changes_of(facts: HostFacts) -> Changes:
    """What the tasks of one host did, without what the hosts of one cluster share and is told of another one."""
    changes = sum_up(facts.made, check=facts.check)
    for name in facts.done_before & changes.actions.keys():
        del changes.actions[name]
    return changes


def sum_up(results: Iterable[Any], *, check: bool) -> Changes:
    """What the tasks of a host did, or would do where check is set. results: as they are registered."""
    changes = Changes()
    for result in single(results):
        changes.broken |= _broken(result)
    for step in _steps(results, check=check):
        changes.add(step)
    return changes


def _steps(results: Iterable[Any], *, check: bool) -> Iterator[Mapping[str, Any]]:
    for result in single(results):
        error = result.get("error")
        if not (result.get("failed") or error):
            yield from result.get("plan") or []
        elif isinstance(error, Mapping):
            yield from error.get("plan" if check else "steps_done") or []
            failed = error.get("step_failed") or {}
            there = {*_broken(result), f"cluster {(error.get('cluster') or {}).get('name')}"}
            if not check and failed.get("action") == _CREATE and failed.get("resource") in there:
                yield failed
            applied = [] if check else error.get("applied") or []
            yield from ({"action": _UPDATE, "resource": name} for name in applied)


def _broken(result: Mapping[str, Any]) -> dict[str, str]:
    """The cluster and node pools that a failed task left broken, with their status."""
    error = result.get("error")
    if not isinstance(error, Mapping):
        return {}
    cluster = error.get("cluster") or {}
    left = [(f"node pool {pool.get('name')}", pool) for pool in error.get("node_pools") or ()]
    left.append((f"cluster {cluster.get('name')}", cluster))
    return {name: one["status"] for name, one in left if one.get("status") in BROKEN}
