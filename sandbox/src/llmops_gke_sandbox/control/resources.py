# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which resources a cluster has: the builtin ones, and those of its CustomResourceDefinitions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from llmops_gke_sandbox.control.informers import Store
from llmops_gke_sandbox.kubernetes.schema.builtin_kinds import builtin_kinds

DEFINITIONS = "customresourcedefinitions.apiextensions.k8s.io"


class Resource(NamedTuple):
    """A resource by its plural and group, and the kind of its objects."""

    name: str
    api_version: str
    kind: str
    namespaced: bool


BUILTIN = tuple(
    Resource(kind.resource, kind.api_version, kind.kind, kind.namespaced)
    for kind in builtin_kinds()
    if "list" in kind.verbs
)


def custom(definition: dict) -> Iterator[Resource]:
    """Yield the resource that a definition adds, in the version that is stored."""
    spec = definition["spec"]
    for version in spec["versions"]:
        if version.get("storage"):
            yield Resource(
                f"{spec['names']['plural']}.{spec['group']}",
                f"{spec['group']}/{version['name']}",
                spec["names"]["kind"],
                spec["scope"] == "Namespaced",
            )


class Resources:
    """All resources, as they are now.

    :param definitions: the local copy of the CustomResourceDefinitions.
    """

    def __init__(self, definitions: Store) -> None:
        self._definitions = definitions

    def __iter__(self) -> Iterator[Resource]:
        yield from BUILTIN
        for definition in self._definitions.all():
            yield from custom(definition)

    def of_kind(self, api_version: str, kind: str) -> Resource | None:
        """Return the resource of a kind, any version of its group; None for a kind that is not served."""
        group = api_version.rpartition("/")[0]
        return next((one for one in self if one.kind == kind and one.api_version.rpartition("/")[0] == group), None)

    def on_new(self, told: Callable[[Resource], None]) -> None:
        """Call ``told`` for each custom resource that is added from now on."""

        def changed(old: dict | None, new: dict | None) -> None:
            if old is None and new is not None:
                for one in custom(new):
                    told(one)

        self._definitions.subscribe(changed)
