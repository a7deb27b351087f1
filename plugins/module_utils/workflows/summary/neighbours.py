# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts of a run that share a cluster: what status tells of one is not told of the other again. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from .changes import sum_up
from .facts import HostFacts

_OF_THE_CLUSTER = ("Node",)


def told_once(facts: Sequence[HostFacts]) -> list[HostFacts]:
    """The hosts without each other's objects and events, and those after the first of a cluster without its nodes."""
    told = []
    for number, one in enumerate(facts):
        beside = [other for other in facts if other is not one and other.place == one.place]
        if not beside:
            told.append(one)
            continue
        before = any(other.place == one.place for other in facts[:number])
        objects = [
            thing
            for thing in one.variables.get("status_objects") or []
            if not _is_of(beside, one, thing) and not (before and thing.get("kind") in _OF_THE_CLUSTER)
        ]
        events = [thing for thing in one.variables.get("status_events") or [] if not _is_of(beside, one, thing)]
        variables = {**one.variables, "status_objects": objects, "status_events": events}
        told.append(replace(one, variables=variables, told_before=before))
    return told


def done_once(facts: Sequence[HostFacts]) -> list[HostFacts]:
    """The hosts, each with what is done for one before it on the same cluster, and so is not to be done again."""
    done: dict[tuple[str, str, str], set[str]] = {}
    told = []
    for one in facts:
        before = done.setdefault(one.place, set())
        told.append(replace(one, done_before=frozenset(before)))
        before.update(sum_up(one.made, check=one.check).actions)
    return told


def _is_of(others: Sequence[HostFacts], own: HostFacts, thing: Mapping[str, Any]) -> bool:
    namespace, name = _belongs_to(thing)
    models = [_model(one) for one in (own, *others)]
    # The longest, because one model's name may begin with another's.
    nearest = max(
        (one for one in models if one[0] == namespace and (name == one[1] or name.startswith(f"{one[1]}-"))),
        key=lambda one: len(one[1]),
        default=None,
    )
    return nearest is not None and nearest != _model(own)


def _model(one: HostFacts) -> tuple[str, str]:
    return one.text("llmops_namespace"), one.text("llmops_name")


def _belongs_to(thing: Mapping[str, Any]) -> tuple[str, str]:
    """Namespace and name of what a thing is about: the app that it labels, selects or has, else its own."""
    metadata, spec = thing.get("metadata") or {}, thing.get("spec") or {}
    if thing.get("kind") == "Event":
        about = thing.get("involvedObject") or {}
        return str(about.get("namespace") or metadata.get("namespace") or ""), str(about.get("name") or "")
    selected = (spec.get("selector") or {}) if thing.get("kind") == "Service" else {}
    app = (metadata.get("labels") or {}).get("app") or selected.get("app") or metadata.get("name")
    return str(metadata.get("namespace") or ""), str(app or "")
