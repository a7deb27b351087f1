# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What has become, or would become, of one object: for the plan, the diff and the result."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from ...core.errors import LlmopsError
from ...core.result import Change, Result, Step
from ..client.resources import ObjectRef
from ..objects import managed_fields, masking
from ..objects.managed_fields import Tree

UNCHANGED = ("unchanged", "absent")
_VERBS = {"created": "create", "updated": "update", "deleted": "delete"}


@dataclass(frozen=True)
class Outcome:
    """One object and what is done to it.

    action: ``created``, ``updated``, ``unchanged``, ``deleted`` or ``absent`` (it was not there to be deleted).
    before, after: the whole object, None where it is not there. tree: the fields that count in the diff (all of the
    object's substance where it is None). adopted_by: the manager that comes to own fields it had not applied before;
    where that is all that changes, it is what plan and diff show.
    released: fields that the manager leaves to others who own them too; where that is all that changes, the plan shows
    them. request: ``METHOD path`` of the call that does it.
    """

    ref: ObjectRef
    action: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    tree: Tree | None = None
    adopted_by: str | None = None
    request: str = ""
    released: Sequence[str] = ()

    @property
    def changed(self) -> bool:
        """Whether anything is written."""
        return self.action not in UNCHANGED

    def seen_as(self, obj: dict[str, Any]) -> Outcome:
        """The same with the object as it was seen later."""
        return replace(self, after=obj)

    def step(self) -> Step:
        """The step of the plan; what an update changes is listed field by field."""
        changes: list[Change] = []
        if self.action == "updated" and self.tree is not None:
            changes = managed_fields.changes(self.before, self.after, self.tree)
        listed = masking.shown_changes(self._identity(), changes)
        if self.adopted_by and not listed:
            listed = (Change("field manager", None, self.adopted_by),)
        elif self.released and not listed:
            listed = tuple(Change(f"field manager of {name}", "this one too", "others") for name in self.released)
        return Step(_VERBS[self.action], str(self.ref), self.request, listed)

    def diff(self) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
        """Its fields before and after, None where it is not there."""
        before, after = masking.shown_pair(self._identity(), self._fields(self.before), self._fields(self.after))
        if self.adopted_by and before == after and after is not None:
            after = {**after, "field manager": self.adopted_by}
        return before, after

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready; the object as it is now, or as it was where it is gone."""
        return {
            "api_version": self.ref.kind.api_version,
            "kind": self.ref.kind.kind,
            "namespace": self.ref.namespace,
            "name": self.ref.name,
            "action": self.action,
            "object": masking.shown(self.after or self.before),
        }

    def _identity(self) -> dict[str, Any]:
        return {"apiVersion": self.ref.kind.api_version, "kind": self.ref.kind.kind}

    def _fields(self, obj: dict[str, Any] | None) -> dict[str, Any] | None:
        if obj is None:
            return None
        if self.tree is not None:
            return managed_fields.project(obj, self.tree) if self.tree else {}
        return {key: value for key, value in managed_fields.substance(obj).items() if key != "status"}


@contextmanager
def telling_of(outcomes: Sequence[Outcome]) -> Iterator[None]:
    """Let a failure inside the block say what was applied before it. outcomes: as they are when it fails."""
    try:
        yield
    except LlmopsError as error:
        changed = [outcome for outcome in outcomes if outcome.changed]
        error.fields["applied"] = [str(outcome.ref) for outcome in changed]
        if changed:
            error.fields["steps_done"] = [outcome.step().to_dict() for outcome in changed]
        raise


def result_of(outcomes: Sequence[Outcome], warnings: Iterable[str] = ()) -> Result:
    """The task's result: ``objects`` with one entry each, ``totals`` by action, and the changed ones' plan and diff."""
    changed = [outcome for outcome in outcomes if outcome.changed]
    diffs = {str(outcome.ref): outcome.diff() for outcome in changed}
    totals = Counter(outcome.action for outcome in outcomes)
    return Result(
        changed=bool(changed),
        before={name: before for name, (before, _after) in diffs.items() if before is not None},
        after={name: after for name, (_before, after) in diffs.items() if after is not None},
        plan=[outcome.step() for outcome in changed],
        values={"objects": [outcome.to_dict() for outcome in outcomes], "totals": dict(sorted(totals.items()))},
        warnings=list(warnings),
    )
