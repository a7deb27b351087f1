# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every engine gives back, the same in check mode and out of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from . import harmless
from .errors import LlmopsError
from .option_names import plain

_NAMED = 3
"""Resources that the header of a diff names; how many more there are is told."""

Progress = Callable[[str], None]
"""Told one line whenever something worth a person's eye happens during a long wait."""


def silent(_line: str) -> None:
    """The progress of a runner that has nowhere to show it."""


def failed_with(error: LlmopsError) -> dict[str, Any]:
    """What a task's result says of what it failed with."""
    return {"failed": True, "changed": error.after_changes, "msg": error.message, "error": error.to_dict()}


@dataclass(frozen=True)
class Change:
    """One field's difference: its path in the option's terms, and both values (secrets already masked)."""

    field: str
    before: Any
    after: Any

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready, with texts that can be printed."""
        return {"field": self.field, "before": harmless.shown(self.before), "after": harmless.shown(self.after)}


@dataclass(frozen=True)
class Step:
    """One thing to do: what (``create``, ``update``, ``delete``, ``wait``), on which resource, by which API call.

    request: ``METHOD path`` of the call that does it, for the plan. payload: whatever the engine needs to act;
    it stays out of the result. remedy: given where the API cannot do it, then the step is impossible.
    """

    action: str
    resource: str
    request: str
    changes: tuple[Change, ...] = ()
    payload: Any = None
    remedy: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready, without the payload."""
        return {
            "action": self.action,
            "resource": harmless.one_line(self.resource),
            "request": harmless.one_line(self.request),
            "changes": [change.to_dict() for change in self.changes],
        }


@dataclass
class Result:
    """values: what the module's own RETURN documents. before and after: what ``--diff`` compares, secrets masked."""

    changed: bool = False
    before: Any = None
    after: Any = None
    plan: list[Step] = field(default_factory=list)
    values: dict[str, Any] = field(default_factory=dict)
    operations: list[dict[str, Any]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """Lines that the user should see though nothing is wrong."""
    duration: float = 0.0
    http_requests: int = 0
    failure: LlmopsError | None = None
    """What the task failed with after all, when the values above were there."""

    def to_dict(self) -> dict[str, Any]:
        """The task's result: ``changed``, ``plan``, ``operations``, ``duration`` (s), ``http_requests``, ``diff``
        where before and after differ, ``warnings`` and ``notes`` where there are some, the values, and a failure."""
        body: dict[str, Any] = {
            "changed": self.changed,
            "plan": [step.to_dict() for step in self.plan],
            "operations": self.operations,
            "duration": round(self.duration, 3),
            "http_requests": self.http_requests,
            **self.values,
        }
        if self.before != self.after:
            body["diff"] = {
                "before": {} if self.before is None else self.before,
                "after": {} if self.after is None else self.after,
                **self._headers(),
            }
        if self.warnings:
            told = [harmless.joined(harmless.one_line(line)) for line in self.warnings]
            body["warnings"] = plain(told)
            if body["warnings"] != told:
                # For who shows them to a person and takes this out, as with an error's marks.
                body["marked_warnings"] = told
        if self.notes:
            body["notes"] = [harmless.joined(harmless.one_line(line)) for line in self.notes]
        if self.failure:
            body |= failed_with(self.failure) | {"changed": self.changed or self.failure.after_changes}
        return body

    def _headers(self) -> dict[str, str]:
        """What the diff is about: Ansible prints it in the diff's first two lines."""
        names = list(dict.fromkeys(harmless.one_line(step.resource) for step in self.plan))
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        header = f"{', '.join(names[:_NAMED])}{more}"
        return {"before_header": header, "after_header": header} if header else {}

    def add(self, other: Result) -> None:
        """Let ``other``, which came after this, be a part of this; before and after are mappings by resource."""
        self.changed = self.changed or other.changed
        self.plan = [*self.plan, *other.plan]
        self.operations = [*self.operations, *other.operations]
        self.warnings = [*self.warnings, *other.warnings]
        self.before = {**(self.before or {}), **(other.before or {})}
        self.after = {**(self.after or {}), **(other.after or {})}


Run = Callable[[dict[str, Any], bool, Progress], Result]
"""An engine: options, whether only to check, whom to tell of progress; raises LlmopsError."""
