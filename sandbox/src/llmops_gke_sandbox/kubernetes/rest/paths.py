# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""URLs of the API: which kind, namespace, name and subresource a path names."""

from __future__ import annotations

from dataclasses import dataclass

from llmops_gke_sandbox.kubernetes.schema.kinds import Kind, Subresource
from llmops_gke_sandbox.kubernetes.schema.registry import Registry

_ONE = ("get", "update", "patch", "delete")
"""Verbs on one object; the others are on collections."""


@dataclass(frozen=True)
class Target:
    """What a resource path names. ``name`` is empty for a collection."""

    kind: Kind
    namespace: str
    name: str
    subresource: str

    @property
    def part(self) -> Subresource | None:
        """The subresource's description; None if the path names none."""
        return self.kind.subresource(self.subresource) if self.subresource else None

    def allows(self, verb: str) -> bool:
        """Whether what the path names knows a verb."""
        if self.part:
            return verb in self.part.verbs
        return verb in self.kind.verbs and (verb == "watch" or bool(self.name) == (verb in _ONE))

    def verb(self, method: str, watch: bool) -> str:
        """Return the API's verb for an HTTP method."""
        if method in ("GET", "HEAD"):
            return "watch" if watch else "get" if self.name else "list"
        if method == "DELETE":
            return "delete" if self.name else "deletecollection"
        return {"POST": "create", "PUT": "update", "PATCH": "patch"}[method]


def group_version(path: str) -> tuple[str, str, list[str]] | None:
    """Split a path into group, version and the rest; None if it is not below /api/v1 or /apis/GROUP/VERSION."""
    parts = path.strip("/").split("/")
    if parts[0] == "api" and len(parts) >= 2:
        return "", parts[1], parts[2:]
    if parts[0] == "apis" and len(parts) >= 3:
        return parts[1], parts[2], parts[3:]
    return None


def resolve(registry: Registry, path: str) -> Target | None:
    """Return what a resource path names, None if the cluster serves no such path."""
    found = group_version(path)
    if found is None or not found[2]:
        return None
    group, version, rest = found
    if rest[0] == "namespaces" and len(rest) >= 3 and not (len(rest) == 3 and rest[2] in ("status", "finalize")):
        return _target(registry, group, version, rest[2:], rest[1])
    return _target(registry, group, version, rest, "")


def _target(registry: Registry, group: str, version: str, rest: list[str], namespace: str) -> Target | None:
    kind = registry.at(group, version, rest[0])
    if kind is None or len(rest) > 3 or (namespace and not kind.namespaced):
        return None
    name, subresource = (*rest[1:], "", "")[:2]
    if name and kind.namespaced and not namespace:
        return None
    if subresource and kind.subresource(subresource) is None:
        return None
    return Target(kind, namespace, name, subresource)
