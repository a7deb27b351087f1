# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which backend of an HTTPRoute a request goes to. Pure."""

from __future__ import annotations

from collections.abc import Iterable

REFUSED = "fault filter abort"
"""What Google's load balancers say, with 404, to a request that no route takes."""


def backend(routes: Iterable[dict], host: str, path: str) -> tuple[str, str, int] | None:
    """Return (namespace, Service, port) for a request; the longest matching prefix decides. None: no route takes it."""
    found = [
        (len(prefix), (route["metadata"]["namespace"], one["name"], one["port"]))
        for route in routes
        if not route["spec"].get("hostnames") or host.partition(":")[0] in route["spec"]["hostnames"]
        for rule in route["spec"].get("rules") or []
        for prefix in _prefixes(rule)
        if _is_below(path, prefix)
        for one in (rule.get("backendRefs") or [])[:1]
    ]
    return max(found, default=(0, None))[1]


def not_simulated(route: dict) -> str | None:
    """Return what a route asks for that nobody plays here, None where that is nothing."""
    for rule in route["spec"].get("rules") or []:
        if rule.get("filters"):
            return "filters"
        if len(rule.get("backendRefs") or []) > 1:
            return "several backends of a rule"
        if any(one.get("kind", "Service") != "Service" for one in rule.get("backendRefs") or []):
            return "backends that are no Service"
        for match in rule.get("matches") or []:
            if (match.get("path") or {}).get("type", "PathPrefix") != "PathPrefix" or match.keys() - {"path"}:
                return "matches by anything but a path's prefix"
    return None


def _prefixes(rule: dict) -> list[str]:
    return [(match.get("path") or {}).get("value", "/") for match in rule.get("matches") or [{}]]


def _is_below(path: str, prefix: str) -> bool:
    """By segments: /v1 is no prefix of /v10."""
    bare = prefix.rstrip("/")
    return path == bare or path.startswith(f"{bare}/")
