# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of where pods may run: tolerations, affinity, spread. Source: k8s.io/kubernetes, pkg/apis/core/validation."""

from __future__ import annotations

from llmops_gke_sandbox.kubernetes.validation.checks.metadata import NODE_OPERATORS, expression, label_selector
from llmops_gke_sandbox.kubernetes.validation.messages import (
    POSITIVE,
    Causes,
    formed,
    label_value,
    one_of,
    qualified_name,
    required,
    unsupported,
    wrong,
)

_EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")
_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
_PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"


def tolerations(found: list[dict], path: str) -> Causes:
    """Check a pod's tolerations."""
    for index, one in enumerate(found):
        at = f"{path}[{index}]"
        key, operator, value = one.get("key", ""), one.get("operator", ""), one.get("value", "")
        effect = one.get("effect", "")
        if key:
            yield from formed(f"{at}.key", key, qualified_name)
        elif operator != "Exists":
            message = 'operator must be Exists when `key` is empty, which means "match all values and all keys"'
            yield wrong(f"{at}.operator", operator, message)
        if one.get("tolerationSeconds") is not None and effect != "NoExecute":
            yield wrong(f"{at}.effect", effect, "effect must be 'NoExecute' when `tolerationSeconds` is set")
        if operator in ("", "Equal"):
            yield from formed(f"{at}.operator", value, label_value)
        elif operator == "Exists":
            if value:
                yield wrong(f"{at}.operator", value, "value must be empty when `operator` is 'Exists'")
        else:
            yield unsupported(f"{at}.operator", operator, "Equal", "Exists")
        if effect:
            yield from one_of(f"{at}.effect", effect, *_EFFECTS)


def affinity(found: dict, path: str) -> Causes:
    """Check a pod's affinity."""
    node = found.get("nodeAffinity") or {}
    if _REQUIRED in node:
        yield from _node_selector(node[_REQUIRED], f"{path}.nodeAffinity.{_REQUIRED}")
    for index, one in enumerate(node.get(_PREFERRED) or ()):
        at = f"{path}.nodeAffinity.{_PREFERRED}[{index}]"
        yield from _weight(one, at)
        yield from _node_term(one.get("preference") or {}, f"{at}.preference")
    for kind in ("podAffinity", "podAntiAffinity"):
        pods = found.get(kind) or {}
        for index, term in enumerate(pods.get(_REQUIRED) or ()):
            yield from _pod_term(term, f"{path}.{kind}.{_REQUIRED}[{index}]")
        for index, one in enumerate(pods.get(_PREFERRED) or ()):
            at = f"{path}.{kind}.{_PREFERRED}[{index}]"
            yield from _weight(one, at)
            yield from _pod_term(one.get("podAffinityTerm") or {}, f"{at}.podAffinityTerm")


def _weight(one: dict, path: str) -> Causes:
    if not 1 <= one.get("weight", 0) <= 100:
        yield wrong(f"{path}.weight", one.get("weight", 0), "must be in the range 1-100")


def _node_selector(selector: dict, path: str) -> Causes:
    terms = selector.get("nodeSelectorTerms") or ()
    if not terms:
        yield required(f"{path}.nodeSelectorTerms", "must have at least one node selector term")
    for index, term in enumerate(terms):
        yield from _node_term(term, f"{path}.nodeSelectorTerms[{index}]")


def _node_term(term: dict, path: str) -> Causes:
    for index, one in enumerate(term.get("matchExpressions") or ()):
        yield from expression(one, f"{path}.matchExpressions[{index}]", NODE_OPERATORS)
    for index, one in enumerate(term.get("matchFields") or ()):
        if one.get("key") != "metadata.name":
            yield wrong(f"{path}.matchFields[{index}].key", one.get("key", ""), "not a valid field selector key")


def _pod_term(term: dict, path: str) -> Causes:
    yield from label_selector(term.get("labelSelector"), f"{path}.labelSelector")
    yield from _topology_key(term, path)


def _topology_key(term: dict, path: str) -> Causes:
    key = term.get("topologyKey", "")
    if not key:
        yield required(f"{path}.topologyKey", "can not be empty")
    yield from formed(f"{path}.topologyKey", key, qualified_name)


def spread(found: list[dict], path: str) -> Causes:
    """Check how a pod is to be spread."""
    for index, one in enumerate(found):
        at = f"{path}[{index}]"
        if one.get("maxSkew", 0) <= 0:
            yield wrong(f"{at}.maxSkew", one.get("maxSkew", 0), POSITIVE)
        if not one.get("topologyKey"):
            yield required(f"{at}.topologyKey", "can not be empty")
        else:
            yield from formed(f"{at}.topologyKey", one["topologyKey"], qualified_name)
        yield from one_of(f"{at}.whenUnsatisfiable", one.get("whenUnsatisfiable"), "DoNotSchedule", "ScheduleAnyway")
        yield from label_selector(one.get("labelSelector"), f"{at}.labelSelector")
