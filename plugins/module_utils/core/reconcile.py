# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read, compare, plan, act, read again: written once for every resource that the collection manages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from .errors import ImmutableField, LlmopsError
from .result import Progress, Result, Step


class Target(Protocol):
    """A resource and its desired state. ``resource`` names it in plans and errors."""

    resource: str

    def read(self) -> dict[str, Any] | None:
        """The live resource as the API gives it, settled (no operation under way), or None where it is absent."""

    def plan(self, current: dict[str, Any] | None) -> list[Step]:
        """The steps from ``current`` to the desired state; empty where they agree. Pure: no request."""

    def predict(self, current: dict[str, Any] | None, steps: list[Step]) -> dict[str, Any] | None:
        """The resource after ``steps``, as far as it can be known without taking them. Pure."""

    def act(self, step: Step, progress: Progress) -> dict[str, Any] | None:
        """Take one step to its end; returns the operation it followed (JSON-ready), or None."""

    def render(self, current: dict[str, Any] | None) -> dict[str, Any] | None:
        """What the user named or the module owns of it, in the option's terms, secrets masked: for the diff."""


def planned(target: Target) -> tuple[dict[str, Any] | None, list[Step]]:
    """Read ``target`` and plan; returns the live resource and the steps. Raises ImmutableField."""
    current = target.read()
    return current, _possible(target, target.plan(current))


def reconcile(
    target: Target,
    *,
    check: bool,
    progress: Progress,
    plan: tuple[dict[str, Any] | None, list[Step]] | None = None,
) -> tuple[Result, dict[str, Any] | None]:
    """Bring ``target`` to its desired state, or say what that would take where ``check`` is set.

    plan: what ``planned`` returned, where that was called already. Returns the result and the resource as it is now
    (in check mode: as predicted). Raises ImmutableField before any request that writes where a step is impossible;
    whatever the target's own calls raise otherwise.
    """
    current, steps = plan or planned(target)
    result = Result(changed=bool(steps), before=target.render(current), plan=steps)
    if check or not steps:
        after = target.predict(current, steps) if steps else current
    else:
        ours = _take(target, steps, progress, result)
        after = target.read()
        if not ours and (further := _possible(target, target.plan(after))):
            result.plan = [*steps, *further]
            _take(target, further, progress, result)
            after = target.read()
    result.after = target.render(after)
    return result, after


def _possible(target: Target, steps: list[Step]) -> list[Step]:
    for step in steps:
        if step.remedy is not None:
            change = step.changes[0]
            refused = ImmutableField(target.resource, change.field, change.before, change.after, step.remedy)
            refused.fields["plan"] = [one.to_dict() for one in steps]
            raise refused
    return steps


def _take(target: Target, steps: list[Step], progress: Progress, result: Result) -> bool:
    """Take the steps one after the other. Gives False where somebody else created what a step was to create: then it is
    theirs as it is, and may differ from what is wanted."""
    ours = True
    for done, step in enumerate(steps):
        try:
            operation = target.act(step, progress)
        except LlmopsError as error:
            _say_how_far(error, steps, done)
            raise
        if operation is not None:
            result.operations.append(operation)
        elif step.action == "create":
            ours = False
    return ours


def add_next(result: Result, action: Callable[[], Result], *, check: bool) -> None:
    """Add what comes of ``action``, values included, to what was done before it; its error tells of that, too."""
    try:
        following = action()
    except LlmopsError as error:
        if result.plan and not check:
            done = [step.to_dict() for step in result.plan]
            error.fields["steps_done"] = [*done, *error.fields.get("steps_done", [])]
        raise
    result.add(following)
    result.values = {**result.values, **following.values}


def _say_how_far(error: LlmopsError, steps: list[Step], done: int) -> None:
    """Let the error also tell what was finished before it and what was not begun."""
    error.fields["steps_done"] = [step.to_dict() for step in steps[:done]]
    error.fields["step_failed"] = steps[done].to_dict()
    error.fields["steps_left"] = [step.to_dict() for step in steps[done + 1 :]]
