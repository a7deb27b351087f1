# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What differs between what is there and what tasks would make of it, from their results in check mode."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

_STATES = {"create": "missing", "delete": "left over"}


def differences(results: Iterable[Any]) -> list[dict[str, Any]]:
    """One entry for each resource that differs: ``resource``, ``state``, ``changes`` and ``message``.

    results: of tasks, those of a loop included; what is no result, or was skipped, tells nothing. state: ``missing``,
    ``drifted``, ``left over`` (the tasks would remove it), or ``unknown`` where a task failed before it had a plan:
    then ``message`` says why. changes: ``field``, ``before`` (as it is) and ``after`` (as it would be).
    """
    found: dict[str, dict[str, Any]] = {}
    unknown = []
    for result in single(results):
        error = result.get("error")
        error = error if isinstance(error, Mapping) else {}
        # A role that only compares reports no failure, but its error.
        if (result.get("failed") or error) and "plan" not in error:
            unknown.append(_entry("", "unknown", str(result.get("msg", ""))))
            continue
        for step in result.get("plan") or error.get("plan") or []:
            resource, state = str(step["resource"]), _STATES.get(step["action"], "drifted")
            entry = found.setdefault(resource, _entry(resource, state))
            if (entry["state"], state) == ("left over", "missing"):
                entry.update(state="drifted", message="the inventory would replace it")
            elif state == "drifted" == entry["state"]:
                entry["changes"] += step.get("changes") or []
                entry["message"] = entry["message"] or f"the inventory would {step['action']} it"
    return [*found.values(), *unknown]


def _entry(resource: str, state: str, message: str = "") -> dict[str, Any]:
    return {"resource": resource, "state": state, "changes": [], "message": message}


def single(results: Iterable[Any]) -> Iterator[Mapping[str, Any]]:
    """Results of tasks one by one, those of a loop included; without those of skipped ones."""
    for result in results:
        if not isinstance(result, Mapping) or result.get("skipped"):
            continue
        if "results" in result:
            yield from single(result["results"])
        else:
            yield result
