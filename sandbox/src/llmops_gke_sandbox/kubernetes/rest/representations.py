# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The forms in which a client may want objects: whole, as metadata only, or as a table for people."""

from __future__ import annotations

from dataclasses import dataclass

from llmops_gke_sandbox.kubernetes.schema.kinds import Kind
from llmops_gke_sandbox.kubernetes.tables.table import table

_META = {"apiVersion": "meta.k8s.io/v1"}


@dataclass(frozen=True)
class Form:
    """How an answer shows objects. ``as_`` is empty, ``Table`` or ``PartialObjectMetadata``."""

    as_: str = ""
    include_object: str = "Metadata"

    @classmethod
    def of(cls, accept: str, include_object: str | None) -> Form:
        """Read the form from an Accept header and the query's includeObject."""
        first = accept.split(",")[0].replace(" ", "")
        if "as=Table" in first and "v=v1;" in f"{first};":
            return cls("Table", include_object or "Metadata")
        if "as=PartialObjectMetadata" in first:
            return cls("PartialObjectMetadata")
        return cls()

    def one(self, kind: Kind, obj: dict) -> dict:
        """Return one object in this form."""
        if self.as_ == "Table":
            return table(kind, [obj], {"resourceVersion": obj["metadata"]["resourceVersion"]}, self._row_object)
        return partial(obj) if self.as_ else obj

    def many(self, kind: Kind, items: list[dict], metadata: dict) -> dict:
        """Return a list in this form."""
        if self.as_ == "Table":
            return table(kind, items, metadata, self._row_object)
        if self.as_:
            return {"kind": "PartialObjectMetadataList", **_META, "metadata": metadata, "items": [*map(partial, items)]}
        return plain_list(kind, items, metadata)

    def event(self, kind: Kind, event: str, obj: dict, headed: bool) -> dict:
        """Return a watch's event; only the first table of a stream has its column definitions."""
        shown = self.one(kind, obj)
        if self.as_ == "Table" and not headed:
            shown = {**shown, "columnDefinitions": None}
        return {"type": event, "object": shown}

    def _row_object(self, obj: dict) -> dict | None:
        if self.include_object == "None":
            return None
        return obj if self.include_object == "Object" else partial(obj)


def partial(obj: dict) -> dict:
    """Return an object's metadata alone."""
    return {"kind": "PartialObjectMetadata", **_META, "metadata": obj["metadata"]}


def plain_list(kind: Kind, items: list[dict], metadata: dict) -> dict:
    """Return a list of whole objects; those of builtin kinds do not repeat kind and version."""
    if kind.custom is None:
        items = [{key: value for key, value in obj.items() if key not in ("kind", "apiVersion")} for obj in items]
    return {"kind": kind.list_kind, "apiVersion": kind.api_version, "metadata": metadata, "items": items}
