# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which kinds a cluster has just now: the builtin ones and those of its CustomResourceDefinitions."""

from __future__ import annotations

from collections.abc import Iterator

from llmops_gke_sandbox.kubernetes.errors import ApiError
from llmops_gke_sandbox.kubernetes.schema.kinds import Kind


class Registry:
    """The kinds of one cluster.

    :param builtin: kinds that are always there, in the order in which discovery shows groups.
    """

    def __init__(self, builtin: list[Kind]) -> None:
        self._builtin = builtin
        self._custom: dict[str, list[Kind]] = {}
        self._by_path: dict[tuple[str, str, str], Kind] = {}
        self._by_resource: dict[str, Kind] = {}
        self._index()

    def __iter__(self) -> Iterator[Kind]:
        yield from self._builtin
        for kinds in self._custom.values():
            yield from kinds

    def at(self, group: str, version: str, plural: str) -> Kind | None:
        """Return the kind served under a path, or None."""
        return self._by_path.get((group, version, plural))

    def named(self, resource: str) -> Kind:
        """Return a kind by plural and group (``deployments.apps``).

        :raises ApiError: 404, if nothing is served by that name.
        """
        found = self._by_resource.get(resource)
        if found is None:
            raise ApiError(404, "NotFound", f"the server has no resource {resource}")
        return found

    def group_versions(self) -> list[tuple[str, str]]:
        """Return each (group, version) once, preferred versions first."""
        return list(dict.fromkeys((kind.group, kind.version) for kind in self))

    def set_custom(self, definition: str, kinds: list[Kind]) -> None:
        """Serve the kinds of a CustomResourceDefinition; an empty list serves it no more."""
        self._custom.pop(definition, None)
        if kinds:
            self._custom[definition] = kinds
        self._index()

    def _index(self) -> None:
        self._by_path = {(kind.group, kind.version, kind.plural): kind for kind in self}
        self._by_resource = {}
        for kind in self:
            self._by_resource.setdefault(kind.resource, kind)
