# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""CustomResourceDefinitions: the kinds that they add, and the conditions by which clients see that those are served."""

from __future__ import annotations

from llmops_gke_sandbox.kubernetes.schema.kinds import STATUS_VERBS, Kind, Subresource
from llmops_gke_sandbox.kubernetes.schema.registry import Registry
from llmops_gke_sandbox.kubernetes.store import Change, Store

# The order in which discovery of custom resources lists verbs.
_VERBS = ("delete", "deletecollection", "get", "list", "patch", "create", "update", "watch")


class CustomResources:
    """Keeps a registry in step with the CustomResourceDefinitions of a store.

    :param now: returns the wall time as objects carry it.
    """

    def __init__(self, registry: Registry, store: Store, now) -> None:
        self._registry = registry
        self._store = store
        self._now = now
        self._kind = registry.named("customresourcedefinitions.apiextensions.k8s.io")
        store.observe(self._kind, self._changed)

    def _changed(self, change: Change) -> None:
        definition = change.after
        if definition is None:
            self._registry.set_custom(change.before["metadata"]["name"], [])
            kind = custom_kinds(change.before)[0]
            for obj in self._store.items(kind):
                self._store.remove(kind, obj)
            return
        self._registry.set_custom(definition["metadata"]["name"], custom_kinds(definition))
        names = definition["spec"]["names"]
        if definition["status"].get("acceptedNames") != names:
            self._store.put(self._kind, {**definition, "status": self._accepted(definition)})

    def _accepted(self, definition: dict) -> dict:
        conditions = [
            ("NamesAccepted", "NoConflicts", "no conflicts found"),
            ("Established", "InitialNamesAccepted", "the initial names have been accepted"),
        ]
        return {
            **definition["status"],
            "acceptedNames": definition["spec"]["names"],
            "conditions": [
                {"type": kind, "status": "True", "lastTransitionTime": self._now(), "reason": why, "message": text}
                for kind, why, text in conditions
            ],
        }


def custom_kinds(definition: dict) -> list[Kind]:
    """Return the kinds that a CustomResourceDefinition serves, one a version, the storage version first."""
    spec = definition["spec"]
    names = spec["names"]
    versions = [version for version in spec["versions"] or () if version.get("served")]
    return [
        Kind(
            spec["group"],
            version["name"],
            names["kind"],
            names["plural"],
            namespaced=spec["scope"] == "Namespaced",
            short=tuple(names.get("shortNames", ())),
            categories=tuple(names.get("categories", ())),
            verbs=_VERBS,
            subresources=_subresources(version),
            singular=names["singular"],
            custom=version,
        )
        for version in sorted(versions, key=lambda one: not one.get("storage"))
    ]


def _subresources(version: dict) -> tuple[Subresource, ...]:
    declared = version.get("subresources") or {}
    found = []
    if "status" in declared:
        found.append(Subresource("status"))
    if "scale" in declared:
        found.append(Subresource("scale", "Scale", STATUS_VERBS, "autoscaling", "v1"))
    return tuple(found)
