# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a cluster and a node pool have in common as targets of reconcile."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..core.deadline import backoff
from ..core.errors import HttpError, LlmopsError, ReplyLost
from ..core.option_names import turned_on
from ..core.reconcile import reconcile
from ..core.result import Change, Progress, Result, Step
from . import compare, operations
from .client import Call, Place
from .fields.field import Field, Immutable, Verb
from .session import Session

UNSETTLED = frozenset({"PROVISIONING", "RECONCILING", "STOPPING"})
"""The statuses of clusters and node pools in which GKE is at work on them."""

BROKEN = frozenset({"ERROR", "RUNNING_WITH_ERROR"})

REMEDIES = {
    "cluster": "a cluster in ERROR can only be deleted: run ansible-playbook -i INVENTORY llmops.gke.teardown "
    "-e llmops_confirm_teardown={cluster} (or gke_cluster with state: absent), then this again",
    "node pool": f"once the reason is gone, run again with {turned_on('repair')}, which deletes the pool and creates "
    "it anew",
}
"""What can be done about one that is broken, by kind."""


class GkeTarget:
    """A cluster or a node pool with its desired state; subclasses say how it is read and created.

    Implements ``reconcile.Target``. A write whose outcome is not known is settled by looking: the resource is read,
    which waits for whatever works on it, and the step is taken again only where it is still needed.
    """

    kind: str
    fields: Sequence[Field]
    left_broken = ""
    """What can be done about one whose creation failed, and that may be there all the same."""

    def __init__(self, options: dict[str, Any], session: Session, place: Place) -> None:
        self.options = options
        self.session = session
        self.client = session.client
        self.place = place
        self.check = session.check
        self.progress = session.progress
        self.fields = compare.rows_for(self.fields, options)
        self.resource = f"{self.kind} {options['name']}"
        self.adopted: list[dict[str, Any]] = []
        self.warnings: list[str] = []

    def fetch(self) -> dict[str, Any] | None:
        """The live resource as it is at this moment."""
        raise NotImplementedError

    def create_body(self) -> dict[str, Any]:
        """The resource as a create request names it. Raises InvalidOption where too little is given."""
        raise NotImplementedError

    def create_call(self) -> Call:
        """The call that creates it."""
        raise NotImplementedError

    def read(self) -> dict[str, Any] | None:
        """See ``Target.read``; in check mode what goes on is told and not waited for."""
        return self._waited_for(self.fetch())

    def _waited_for(self, current: dict[str, Any] | None) -> dict[str, Any] | None:
        if current is None or current.get("status") not in UNSETTLED:
            return current
        if self.check:
            self.warnings.append(f"{self.resource} is {current['status']}: compared as it is now, not waited for")
            return None if current["status"] == "STOPPING" else current
        if self._is_coming(current) and self.serves():
            return current
        return self._settled(current)

    def _is_coming(self, current: dict[str, Any]) -> bool:
        return current["status"] == "PROVISIONING" and self.options["state"] == "present"

    def serves(self) -> bool:
        """Whether what GKE is still creating can be used already, so that nobody need wait for the operation's end."""
        return False

    def plan(self, current: dict[str, Any] | None) -> list[Step]:
        """See ``Target.plan``. Raises OperationFailed where nothing differs but the resource is broken."""
        if self.options["state"] == "absent":
            return (
                []
                if current is None
                else [self._step("delete", Call("DELETE", self.place.name, self._doing("delete")))]
            )
        if current is None:
            return [self._step("create", self.create_call())]
        steps = self._updates(current)
        if not steps and current.get("status") in BROKEN:
            raise self._broken(self.resource, current)
        return steps

    def predict(self, current: dict[str, Any] | None, steps: list[Step]) -> dict[str, Any] | None:
        """See ``Target.predict``."""
        if self.options["state"] == "absent":
            return None
        return self.create_body() if current is None else compare.predicted(self.fields, self.options, current)

    def act(self, step: Step, progress: Progress) -> dict[str, Any] | None:
        """See ``Target.act``. Raises OperationFailed with the server's words."""
        pauses = backoff()
        pending: Step | None = step
        while pending is not None:
            call: Call = pending.payload
            try:
                operation = self.client.send(call)
            except HttpError as error:
                if isinstance(error, ReplyLost) and error.retry_after:
                    self.client.deadline.pause(error.retry_after, call.doing, error.message)
                pending = self._after(pending, error)
                if pending is not None:
                    self.client.deadline.pause(next(pauses), call.doing, error.message)
                continue
            serves = self.serves if pending.action == "create" else None
            operation = operations.follow(self.client, self.place, operation, call.doing, progress, serves)
            self._judge(operation, call.doing, created=pending.action == "create")
            return operation
        return None

    def render(self, current: dict[str, Any] | None) -> dict[str, Any] | None:
        """See ``Target.render``."""
        if current is None:
            return None
        return {"name": self.options["name"], **compare.shown(self.fields, self.options, current)}

    def not_applied(self, current: dict[str, Any]) -> list[str]:
        """What still differs after all steps were taken, a line each."""
        return [
            f"{self.resource}: GKE accepted {change.field} = {change.after!r} but has {change.before!r}"
            for _field, change in compare.differences(self.fields, self.options, current)
        ]

    def failure(self, current: dict[str, Any], *, created: bool) -> LlmopsError | None:
        """What is wrong with the resource after this run changed it (or created it); None where nothing is."""
        return self._broken(self.resource, current) if current.get("status") in BROKEN else None

    def notices(self, current: dict[str, Any]) -> list[str]:
        """What is wrong beside the resource itself, a warning each."""
        return []

    def _doing(self, verb: str) -> str:
        return f"{verb} {self.resource}"

    def _step(self, action: str, call: Call, changes: tuple[Change, ...] = ()) -> Step:
        return Step(action, self.resource, str(call), changes, payload=call)

    def _updates(self, current: dict[str, Any]) -> list[Step]:
        groups: dict[Verb, list[Change]] = {}
        impossible = []
        for field, change in compare.differences(self.fields, self.options, current):
            reason = field.refuses(change.before, change.after) if field.refuses else None
            if isinstance(field.change, Immutable):
                reason = field.change.remedy
            if reason is not None:
                impossible.append(Step("update", self.resource, "", (change,), remedy=reason))
            elif isinstance(field.change, Verb):
                groups.setdefault(field.change, []).append(change)
        return impossible + [self._update(verb, tuple(changes), current) for verb, changes in groups.items()]

    def _update(self, verb: Verb, changes: tuple[Change, ...], current: dict[str, Any]) -> Step:
        body = compare.change_body(verb, self.fields, self.options, current)
        doing = f"{self._doing('update')} ({', '.join(change.field for change in changes)})"
        return self._step("update", Call(verb.method, self.place.name + verb.suffix, doing, body, verb.body), changes)

    def _settled(self, current: dict[str, Any]) -> dict[str, Any] | None:
        pauses = backoff()
        seen: dict[str, Any] | None = current
        with self.client.deadline.polling() as pause:
            while seen is not None and seen.get("status") in UNSETTLED:
                operation = operations.running_operation(self.client, self.place)
                if operation is None:
                    waiting_for = f"wait until {self.resource} is no longer {seen['status']}"
                    pause(next(pauses), waiting_for, seen.get("statusMessage", ""))
                else:
                    self._adopt(operation)
                seen = self.fetch()
        return seen

    def _adopt(self, operation: dict[str, Any]) -> None:
        """Follow an operation that another run began; its failure is ours where we want the resource."""
        kind = operation.get("operationType", "an operation")
        doing = f"{self.resource}: {kind} under way"
        operation = operations.follow(self.client, self.place, operation, doing, self.progress)
        self.adopted.append(operation)
        if self.options["state"] == "present":
            self._judge(operation, doing, created=kind.startswith("CREATE_"))

    def _judge(self, operation: dict[str, Any], doing: str, *, created: bool) -> None:
        error = operations.operation_failure(doing, operation, self.left_broken if created else "")
        if error is not None:
            raise error

    def _broken(self, name: str, current: dict[str, Any], kind: str = "", elsewhere: str = "") -> LlmopsError:
        """The error of a broken resource. elsewhere: who can mend it, where that is not this task."""
        return operations.failure(
            f"{name} is {current['status']}",
            operations.failure_conditions(current.get("conditions")),
            current.get("statusMessage", ""),
            remedy=elsewhere or REMEDIES[kind or self.kind].replace("{cluster}", str(self.place.cluster)),
            advise=not elsewhere,
        )

    def _after(self, step: Step, error: HttpError) -> Step | None:
        """What is left to do of a step that was refused or whose reply was lost, found by looking.

        Raises the error where looking cannot help.
        """
        busy = operations.blocking_operation(error)
        done_already = {"create": 409, "delete": 404}.get(step.action) == error.status
        if busy is not None:
            doing = f"{step.payload.doing}: wait for {busy}"
            operations.follow(self.client, self.place, {"name": busy}, doing, self.progress)
        elif not (isinstance(error, ReplyLost) or done_already):
            raise error
        same = [
            again
            for again in self.plan(self.read())
            if (again.action, again.payload and again.payload.part) == (step.action, step.payload.part)
        ]
        if same and done_already:
            raise error
        return same[0] if same else None


def converge(
    target: GkeTarget, plan: tuple[dict[str, Any] | None, list[Step]] | None = None
) -> tuple[Result, dict[str, Any] | None]:
    """Reconcile the target; returns the result and the resource. plan: as ``reconcile`` takes it.

    Raises OperationFailed where the resource is broken after it was changed, and whatever ``reconcile`` raises.
    """
    result, resource = reconcile(target, check=target.check, progress=target.progress, plan=plan)
    if result.changed and not target.check and resource is not None:
        error = target.failure(resource, created=result.before is None)
        if error is not None:
            error.fields["steps_done"] = [step.to_dict() for step in result.plan]
            raise error
        target.warnings += target.not_applied(resource)
    if resource is not None:
        target.warnings += target.notices(resource)
    result.operations = [*target.adopted, *result.operations]
    result.warnings = target.warnings
    return result, resource
