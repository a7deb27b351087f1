# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When objects of the Gateway API are ready (https://gateway-api.sigs.k8s.io/guides/implementers/#status)."""

from __future__ import annotations

from typing import Any

from .states import READY, Failed, State, Waiting, condition, said

_PASSING = frozenset({"Pending", "BackendNotFound", "NoMatchingParent", "InvalidExtensionRef"})
"""Reasons of a Gateway's controller that pass when the rest of what is applied is there."""


def gateway(obj: dict[str, Any]) -> State:
    """Ready when it is set up and has an address."""
    if refused := _refused(obj, "Accepted"):
        return refused
    programmed = condition(obj, "Programmed")
    seen = programmed.get("observedGeneration", 0) >= obj["metadata"].get("generation", 0)
    if programmed.get("status") == "True" and seen and (obj.get("status") or {}).get("addresses"):
        return READY
    return Waiting(said(programmed) if seen and programmed else "its load balancer is not set up yet")


def http_route(obj: dict[str, Any]) -> State:
    """Ready when every Gateway that it names has taken it, and what it leads to is known."""
    parents = (obj.get("status") or {}).get("parents") or []
    wanted = len((obj.get("spec") or {}).get("parentRefs") or [])
    for parent in parents:
        taken = {**obj, "status": parent}
        for kind in ("Accepted", "ResolvedRefs"):
            if refused := _refused(taken, kind):
                return refused
            if condition(taken, kind).get("status") != "True":
                return Waiting(said(condition(taken, kind)) or "its Gateway has not taken it yet")
    return READY if len(parents) >= wanted else Waiting("its Gateway has not taken it yet")


def inference_pool(obj: dict[str, Any]) -> State:
    """Ready unless a Gateway's controller says otherwise: what leads to it, its route tells."""
    for parent in (obj.get("status") or {}).get("parents") or []:
        taken = {**obj, "status": parent}
        for kind in ("Accepted", "ResolvedRefs"):
            if refused := _refused(taken, kind):
                return refused
            if condition(taken, kind).get("status") == "False":
                return Waiting(said(condition(taken, kind)))
    return READY


def _refused(obj: dict[str, Any], kind: str) -> Failed | None:
    """What a Gateway's controller will not do, by the condition that says so of the present spec."""
    found = condition(obj, kind)
    current = found.get("observedGeneration", 0) >= obj["metadata"].get("generation", 0)
    if found.get("status") == "False" and current and found.get("reason") not in _PASSING:
        return Failed(said(found), "correct what it names")
    return None
