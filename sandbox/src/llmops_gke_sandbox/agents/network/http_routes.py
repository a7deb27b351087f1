# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which backend of an HTTPRoute a request goes to. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

REFUSED = "fault filter abort"
"""What Google's load balancers say, with 404, to a request that no route takes."""


POOL = ("inference.networking.k8s.io", "InferencePool")
"""Group and kind of a backend whose pods a picker chooses among."""


class Backend(NamedTuple):
    """Where a request goes: a Service by its port, or an InferencePool (then port is 0)."""

    namespace: str
    name: str
    port: int = 0
    kind: str = "Service"


def backend(routes: Iterable[dict], host: str, path: str) -> Backend | None:
    """Return where a request goes; the longest matching prefix decides. None: no route takes it."""
    found = [
        (len(prefix), backend_of(route, one))
        for route in routes
        if not route["spec"].get("hostnames") or host.partition(":")[0] in route["spec"]["hostnames"]
        for rule in route["spec"].get("rules") or []
        for prefix in _prefixes(rule)
        if _is_below(path, prefix)
        for one in (rule.get("backendRefs") or [])[:1]
    ]
    return max(found, default=(0, None))[1]


def backend_of(route: dict, reference: dict) -> Backend:
    """Return what one of a route's backendRefs names."""
    kind = reference.get("kind", "Service")
    return Backend(route["metadata"]["namespace"], reference["name"], reference.get("port", 0), kind)


def pools_of(route: dict) -> list[str]:
    """Return the names of the InferencePools that a route leads to."""
    references = [one for rule in route["spec"].get("rules") or [] for one in rule.get("backendRefs") or []]
    return [one["name"] for one in references if one.get("kind") == POOL[1]]


def not_simulated(route: dict) -> str | None:
    """Return what a route asks for that nobody plays here, None where that is nothing."""
    for rule in route["spec"].get("rules") or []:
        if rule.get("filters"):
            return "filters"
        if len(rule.get("backendRefs") or []) > 1:
            return "several backends of a rule"
        if any(_is_strange(one) for one in rule.get("backendRefs") or []):
            return "backends that are neither Service nor InferencePool"
        for match in rule.get("matches") or []:
            if (match.get("path") or {}).get("type", "PathPrefix") != "PathPrefix" or match.keys() - {"path"}:
                return "matches by anything but a path's prefix"
    return None


def _is_strange(reference: dict) -> bool:
    return (reference.get("group", ""), reference.get("kind", "Service")) not in (("", "Service"), POOL)


def _prefixes(rule: dict) -> list[str]:
    return [(match.get("path") or {}).get("value", "/") for match in rule.get("matches") or [{}]]


def _is_below(path: str, prefix: str) -> bool:
    """By segments: /v1 is no prefix of /v10."""
    bare = prefix.rstrip("/")
    return path == bare or path.startswith(f"{bare}/")
