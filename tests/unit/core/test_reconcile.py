# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The reconcile contract on a resource that lives in memory."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.core.errors import ImmutableField, OperationFailed
from ansible_collections.llmops.gke.plugins.module_utils.core.reconcile import reconcile
from ansible_collections.llmops.gke.plugins.module_utils.core.result import Change, Step, silent


class Lamp:
    """A resource with fields that change one at a time; ``socket`` cannot, and colour ``mauve`` fails on the way."""

    resource = "lamp"

    def __init__(self, live: dict[str, Any] | None, want: dict[str, Any]) -> None:
        self.live, self.want, self.calls = live, want, []

    def read(self):
        self.calls.append("read")
        return None if self.live is None else dict(self.live)

    def plan(self, current):
        if current is None:
            return [Step("create", "lamp", "POST /lamps")]
        return [
            Step(
                "update",
                "lamp",
                f"PUT /lamps/{field}",
                (Change(field, current[field], value),),
                payload={field: value},
                remedy="buy another lamp" if field == "socket" else None,
            )
            for field, value in self.want.items()
            if current[field] != value
        ]

    def predict(self, current, steps):
        return {**(current or {}), **self.want}

    def act(self, step, progress):
        self.calls.append(step.request)
        if step.payload == {"colour": "mauve"}:
            raise OperationFailed("no mauve today")
        self.live = {**(self.live or {}), **(step.payload or self.want)}
        return {"name": step.request}

    def render(self, current):
        return current


def test_absent_is_created_and_read_again():
    lamp = Lamp(None, {"socket": "E27", "colour": "red"})
    result, after = reconcile(lamp, check=False, progress=silent)
    assert lamp.calls == ["read", "POST /lamps", "read"]
    assert (result.changed, result.before, after) == (True, None, {"socket": "E27", "colour": "red"})
    diff = result.to_dict()["diff"]
    assert (diff["before"], diff["after"]) == ({}, {"socket": "E27", "colour": "red"})
    # What it is about stands in the diff's own first lines.
    assert {diff["before_header"], diff["after_header"]} == {lamp.resource}


class LostRace(Lamp):
    """Somebody else makes it between the look and the request."""

    def __init__(self, made: dict[str, Any], want: dict[str, Any]) -> None:
        super().__init__(None, want)
        self._made = made

    def act(self, step, progress):
        if step.action != "create":
            return super().act(step, progress)
        self.calls.append(step.request)
        self.live = self._made
        return None


def test_what_somebody_else_created_meanwhile_is_brought_to_what_is_wanted():
    lamp = LostRace({"socket": "E27", "colour": "red"}, {"colour": "blue"})
    result, after = reconcile(lamp, check=False, progress=silent)
    assert lamp.calls == ["read", "POST /lamps", "read", "PUT /lamps/colour", "read"]
    assert after == {"socket": "E27", "colour": "blue"}
    assert [step.action for step in result.plan] == ["create", "update"]
    assert result.changed


def test_what_somebody_else_created_as_wanted_is_left():
    lamp = LostRace({"socket": "E27", "colour": "blue"}, {"colour": "blue"})
    result, _after = reconcile(lamp, check=False, progress=silent)
    assert lamp.calls == ["read", "POST /lamps", "read"]
    assert [step.action for step in result.plan] == ["create"]


def test_what_somebody_else_created_otherwise_and_cannot_be_changed_is_refused():
    lamp = LostRace({"socket": "E14"}, {"socket": "E27"})
    with pytest.raises(ImmutableField, match="buy another lamp"):
        reconcile(lamp, check=False, progress=silent)


def test_agreement_costs_one_read_and_changes_nothing():
    lamp = Lamp({"socket": "E27"}, {"socket": "E27"})
    result, _after = reconcile(lamp, check=False, progress=silent)
    assert lamp.calls == ["read"]
    assert not result.changed and "diff" not in result.to_dict()


def test_check_mode_predicts_what_then_happens():
    have, want = {"socket": "E27", "colour": "red"}, {"socket": "E27", "colour": "blue"}
    preview = Lamp(have, want)
    predicted, after_check = reconcile(preview, check=True, progress=silent)
    assert preview.calls == ["read"]
    done, after = reconcile(Lamp(have, want), check=False, progress=silent)
    assert after == after_check
    for key in ("changed", "plan", "diff"):
        assert predicted.to_dict()[key] == done.to_dict()[key]


def test_an_impossible_step_fails_before_anything_is_written():
    lamp = Lamp({"socket": "E27", "colour": "red"}, {"colour": "blue", "socket": "E14"})
    with pytest.raises(ImmutableField) as caught:
        reconcile(lamp, check=False, progress=silent)
    assert lamp.calls == ["read"]
    assert caught.value.message == (
        "lamp: socket cannot be changed in place: it is 'E27', you asked for 'E14'; buy another lamp"
    )


def test_a_failure_halfway_says_how_far_it_came():
    lamp = Lamp({"socket": "E27", "bright": 1, "colour": "red"}, {"bright": 2, "colour": "mauve"})
    with pytest.raises(OperationFailed) as caught:
        reconcile(lamp, check=False, progress=silent)
    fields = caught.value.to_dict()
    assert [step["request"] for step in fields["steps_done"]] == ["PUT /lamps/bright"]
    assert fields["step_failed"]["request"] == "PUT /lamps/colour"
    assert fields["steps_left"] == []
    assert caught.value.after_changes


def test_a_failure_of_the_first_step_changed_nothing():
    with pytest.raises(OperationFailed) as caught:
        reconcile(Lamp({"colour": "red"}, {"colour": "mauve"}), check=False, progress=silent)
    assert not caught.value.after_changes
