# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a cluster has beside a host's own model: what status tells of one host is not told of another one again, and
deployments that are no host's are told in short. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from .changes import sum_up
from .facts import HostFacts
from .page import Page

Object = Mapping[str, Any]
Model = tuple[str, str]
"""Namespace and name of a model."""

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


def parted(facts: HostFacts) -> tuple[list[Object], list[Object]]:
    """The objects and events of a host, and those of other deployments; what is nobody's counts among the first."""
    things = [*(facts.variables.get("status_objects") or []), *(facts.variables.get("status_events") or [])]
    own = _model(facts)
    deployments = [_belongs_to(thing) for thing in things if thing.get("kind") == "Deployment"]
    others = [one for one in deployments if not _is_part(one, own)]
    theirs = [_nearest([own, *others], thing) in others or _serves_elsewhere(thing, own) for thing in things]
    return (
        [thing for thing, other in zip(things, theirs, strict=True) if not other],
        [thing for thing, other in zip(things, theirs, strict=True) if other],
    )


def add_others(page: Page, theirs: Sequence[Object]) -> None:
    """A line for each Deployment and each load balancer of others."""
    lines = [line for thing in theirs if (line := _line(thing))]
    if lines:
        page.blank()
        page.line("Of others on the cluster:")
        for line in lines:
            page.line(line, 4)


def _line(thing: Object) -> str:
    kind, metadata = thing.get("kind"), thing.get("metadata") or {}
    name = f"{metadata.get('namespace')}/{metadata.get('name')}"
    spec, status = thing.get("spec") or {}, thing.get("status") or {}
    if kind == "Deployment":
        return (
            f"Deployment {name}: {status.get('availableReplicas', 0)} of {spec.get('replicas', 1)} replicas available"
        )
    if kind == "Service" and spec.get("type") == "LoadBalancer":
        ingress = (status.get("loadBalancer") or {}).get("ingress") or []
        addresses = [str(one.get("ip") or one.get("hostname")) for one in ingress]
        return f"Load balancer {name}: {', '.join(addresses) or 'no address yet'}"
    return ""


def _is_of(others: Sequence[HostFacts], own: HostFacts, thing: Object) -> bool:
    nearest = _nearest([_model(one) for one in (own, *others)], thing)
    return nearest is not None and nearest != _model(own)


def _nearest(models: Sequence[Model], thing: Object) -> Model | None:
    """Whose it is; the longest, because one model's name may begin with another's."""
    about = _belongs_to(thing)
    return max((one for one in models if _is_part(about, one)), key=lambda one: len(one[1]), default=None)


def _is_part(about: Model, model: Model) -> bool:
    (namespace, name), (own_namespace, own) = about, model
    return namespace == own_namespace and (name == own or name.startswith(f"{own}-"))


def _serves_elsewhere(thing: Object, own: Model) -> bool:
    """Whether it is a Service in another namespace; only of those is the whole cluster read."""
    return thing.get("kind") == "Service" and _belongs_to(thing)[0] != own[0]


def _model(one: HostFacts) -> Model:
    return one.text("llmops_namespace"), one.text("llmops_name")


def _belongs_to(thing: Object) -> Model:
    """Namespace and name of what a thing is about: the app that it labels, selects or has, else its own."""
    metadata, spec = thing.get("metadata") or {}, thing.get("spec") or {}
    if thing.get("kind") == "Event":
        about = thing.get("involvedObject") or {}
        return str(about.get("namespace") or metadata.get("namespace") or ""), str(about.get("name") or "")
    selected = (spec.get("selector") or {}) if thing.get("kind") == "Service" else {}
    app = (metadata.get("labels") or {}).get("app") or selected.get("app") or metadata.get("name")
    return str(metadata.get("namespace") or ""), str(app or "")
