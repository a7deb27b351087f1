# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the cluster serves, in the forms in which clients ask: group by group, or all at once (aggregated)."""

from __future__ import annotations

from llmops_gke_sandbox.kubernetes.schema.kinds import Kind, Subresource
from llmops_gke_sandbox.kubernetes.schema.registry import Registry

VERSION = {
    "major": "1",
    "minor": "36",
    "emulationMajor": "1",
    "emulationMinor": "36",
    "minCompatibilityMajor": "1",
    "minCompatibilityMinor": "35",
    "gitVersion": "v1.36.1-gke.1234000",
    "gitCommit": "0000000000000000000000000000000000000000",
    "gitTreeState": "clean",
    "buildDate": "2026-06-01T00:00:00Z",
    "goVersion": "go1.26.0 X:boringcrypto",
    "compiler": "gc",
    "platform": "linux/amd64",
}
AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"


def api_versions(address: str) -> dict:
    """Return the answer of /api. ``address`` is the server's own, HOST:PORT."""
    where = [{"clientCIDR": "0.0.0.0/0", "serverAddress": address}]
    return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": where}


def group(registry: Registry, name: str) -> dict | None:
    """Return an APIGroup, None if the cluster has none of this name."""
    versions = [
        {"groupVersion": f"{name}/{version}", "version": version}
        for served, version in registry.group_versions()
        if served == name
    ]
    return {"name": name, "versions": versions, "preferredVersion": versions[0]} if versions else None


def groups(registry: Registry) -> dict:
    """Return the answer of /apis."""
    names = dict.fromkeys(name for name, _ in registry.group_versions() if name)
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": [group(registry, name) for name in names]}


def resources(registry: Registry, name: str, version: str) -> dict | None:
    """Return the answer of /api/v1 or /apis/GROUP/VERSION, None if it is not served."""
    kinds = _kinds(registry, name, version)
    if not kinds:
        return None
    api_version = kinds[0].api_version
    found: dict = {"kind": "APIResourceList", "groupVersion": api_version, "resources": []}
    if name:
        found["apiVersion"] = "v1"
    for kind in kinds:
        found["resources"].append(_resource(kind))
        found["resources"] += [_part(kind, part) for part in kind.subresources]
    return found


def _kinds(registry: Registry, name: str, version: str) -> list[Kind]:
    return sorted(
        (kind for kind in registry if (kind.group, kind.version) == (name, version)), key=lambda kind: kind.plural
    )


def _resource(kind: Kind) -> dict:
    found = {
        "name": kind.plural,
        "singularName": kind.singular,
        "namespaced": kind.namespaced,
        "kind": kind.kind,
        "verbs": list(kind.verbs),
    }
    if kind.short:
        found["shortNames"] = list(kind.short)
    if kind.categories:
        found["categories"] = list(kind.categories)
    if "list" in kind.verbs:
        found["storageVersionHash"] = kind.storage_hash
    return found


def _part(kind: Kind, part: Subresource) -> dict:
    found = {"name": f"{kind.plural}/{part.name}", "singularName": "", "namespaced": kind.namespaced}
    if part.group:
        found |= {"group": part.group, "version": part.version}
    return {**found, "kind": part.kind or kind.kind, "verbs": list(part.verbs)}


def aggregated(registry: Registry, core: bool) -> dict:
    """Return all that is served below /api (core) or /apis in one answer."""
    names = [name for name in dict.fromkeys(name for name, _ in registry.group_versions()) if (name == "") is core]
    return {
        "kind": "APIGroupDiscoveryList",
        "apiVersion": "apidiscovery.k8s.io/v2",
        "metadata": {},
        "items": [_aggregated_group(registry, name) for name in names],
    }


def _aggregated_group(registry: Registry, name: str) -> dict:
    versions = [version for served, version in registry.group_versions() if served == name]
    return {
        "metadata": {"name": name} if name else {},
        "versions": [
            {
                "version": version,
                "resources": [_aggregated_resource(kind) for kind in _kinds(registry, name, version)],
                "freshness": "Current",
            }
            for version in versions
        ],
    }


def _aggregated_resource(kind: Kind) -> dict:
    found = {
        "resource": kind.plural,
        "responseKind": {"group": kind.group, "version": kind.version, "kind": kind.kind},
        "scope": "Namespaced" if kind.namespaced else "Cluster",
        "singularResource": kind.singular,
        "verbs": list(kind.verbs),
    }
    if kind.short:
        found["shortNames"] = list(kind.short)
    if kind.categories:
        found["categories"] = list(kind.categories)
    if kind.subresources:
        found["subresources"] = [
            {
                "subresource": part.name,
                "responseKind": {
                    "group": part.group or kind.group,
                    "version": part.version or kind.version,
                    "kind": part.kind or kind.kind,
                },
                "verbs": list(part.verbs),
            }
            for part in kind.subresources
        ]
    return found
