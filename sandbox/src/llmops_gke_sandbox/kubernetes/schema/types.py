# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Types of fields, from Kubernetes' published schemas (kubernetes-validate) and from CustomResourceDefinitions.

A ``Type`` says what structured merge needs: the shape, what is atomic, by which keys list items are told apart.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from importlib import resources

from llmops_gke_sandbox.kubernetes.schema.kinds import Kind

SCHEMA_VERSION = "1.36.0"

OBJECT_META = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
_QUANTITY = "io.k8s.apimachinery.pkg.api.resource.Quantity"
# Key fields that may be left out. The schemas do not carry defaults (k8s.io/api: "+default" markers).
_KEY_DEFAULTS = {"protocol": "TCP"}

Resolve = Callable[[str], dict]


class Type:
    """The type of a value.

    ``shape`` is ``struct``, ``map``, ``list``, ``scalar`` or ``any`` (whatever the value is: maps are merged,
    lists are atomic). ``keys`` are the fields that identify items of a list of maps, ``is_set`` marks a list whose
    scalar items identify themselves; any other list is ``atomic``.
    """

    def __init__(self, schema: dict, resolve: Resolve, custom: bool = False) -> None:
        self.schema, self.ref = _dereferenced(schema, resolve)
        self._resolve = resolve
        self._custom = custom
        self._fields: dict[str, Type | None] = {}
        self._items: Type | None = None
        self.required: tuple[str, ...] = tuple(self.schema.get("required", ()))
        self.format = "quantity" if self.ref == _QUANTITY else self.schema.get("format", "")
        self.open = bool(self.schema.get("x-kubernetes-preserve-unknown-fields"))
        self.shape, self.scalar = self._shape_of()
        self.keys: tuple[str, ...] = ()
        self.is_set = False
        self.atomic = self.schema.get("x-kubernetes-map-type") == "atomic"
        self.merge_key: str | None = self.schema.get("x-kubernetes-patch-merge-key")
        self.merged = "merge" in str(self.schema.get("x-kubernetes-patch-strategy", "")).split(",")
        if self.shape == "list":
            self._read_list_kind()

    def _shape_of(self) -> tuple[str, str]:
        kind = self.schema.get("type")
        kind = next((one for one in kind if one != "null"), None) if isinstance(kind, list) else kind
        if kind in ("string", "boolean"):
            return "scalar", kind
        if kind in ("integer", "number"):
            return "scalar", "numeric"
        if kind == "array":
            return "list", ""
        if kind == "object" and ("properties" in self.schema or "x-kubernetes-embedded-resource" in self.schema):
            return "struct", ""
        if kind == "object" and self.schema.get("additionalProperties"):
            return "map", ""
        if self.schema.get("x-kubernetes-int-or-string") or "oneOf" in self.schema:
            return "scalar", "untyped"
        if kind == "object" and self._custom and not self.open:
            return "struct", ""
        return "any", ""

    def _read_list_kind(self) -> None:
        kind = self.schema.get("x-kubernetes-list-type")
        merge_key = self.merge_key if self.merged else None
        if kind == "map":
            self.keys = tuple(self.schema["x-kubernetes-list-map-keys"])
        elif kind == "set" or (kind is None and self.merged and merge_key is None):
            self.is_set = True
        elif kind is None and merge_key:
            self.keys = (merge_key,)
        else:
            self.atomic = True

    def declares(self, name: str) -> bool:
        """Whether a struct has a field of this name."""
        return name in self.schema.get("properties", {})

    def field(self, name: str) -> Type | None:
        """Return the type of a field of a struct or an entry of a map; None if it is not declared."""
        if name not in self._fields:
            self._fields[name] = self._find(name)
        return self._fields[name]

    def _find(self, name: str) -> Type | None:
        found = self.schema.get("properties", {}).get(name)
        if found is None:
            extra = self.schema.get("additionalProperties")
            found = extra if isinstance(extra, dict) else None
            if found is None and (self.open or extra is True or self.shape == "any"):
                return ANY
        return None if found is None else Type(found, self._resolve, self._custom)

    @property
    def items(self) -> Type:
        """The type of a list's items."""
        if self._items is None:
            items = self.schema.get("items")
            self._items = Type(items, self._resolve, self._custom) if isinstance(items, dict) else ANY
        return self._items

    def key_default(self, key: str) -> str | int | None:
        """Return what a key field of this list's items means when it is left out, None if it must be given."""
        if key in _KEY_DEFAULTS:
            return _KEY_DEFAULTS[key]
        found = self.items.field(key)
        # In a builtin kind Go reads it as empty; validation then refuses it in its own words.
        if self._custom or found is None:
            return None
        return 0 if found.scalar == "numeric" else ""


def _dereferenced(schema: dict, resolve: Resolve) -> tuple[dict, str]:
    reference = schema.get("$ref")
    if not isinstance(reference, str):
        return schema, ""
    name = reference.rsplit("/", 1)[-1]
    siblings = {key: value for key, value in schema.items() if key not in ("$ref", "description")}
    target = resolve(name)
    return ({**target, **siblings} if siblings else target), name


@cache
def definitions() -> dict[str, dict]:
    """Return the published definitions by name, read once a process."""
    folder = resources.files("kubernetes_validate") / "kubernetes-json-schema" / f"v{SCHEMA_VERSION}-local"
    return json.loads((folder / "_definitions.json").read_text(encoding="utf-8"))["$defs"]


@cache
def _names() -> dict[tuple[str, str, str], str]:
    return {
        (gvk["group"], gvk["version"], gvk["kind"]): name
        for name, schema in definitions().items()
        for gvk in schema.get("x-kubernetes-group-version-kind", ())
    }


def definition_name(group: str, version: str, kind: str) -> str | None:
    """Return the name of a builtin kind's definition, None for what is not builtin."""
    return _names().get((group, version, kind))


def _definition(name: str) -> dict:
    return definitions()[name]


ANY = Type({}, _definition)


@cache
def _builtin_type(group: str, version: str, kind: str) -> Type:
    return Type({"$ref": f"#/$defs/{_names()[group, version, kind]}"}, _definition)


@cache
def _custom_type(schema_text: str) -> Type:
    schema = json.loads(schema_text)
    properties = {
        "apiVersion": {"type": "string"},
        "kind": {"type": "string"},
        **schema.get("properties", {}),
    }
    root = Type({**schema, "type": "object", "properties": properties}, _definition, custom=True)
    root._fields["metadata"] = Type({"$ref": f"#/$defs/{OBJECT_META}"}, _definition)
    root.schema["properties"].setdefault("metadata", {})
    return root


def type_of(kind: Kind) -> Type:
    """Return the type of a kind's objects."""
    if kind.custom is None:
        return _builtin_type(kind.group, kind.version, kind.kind)
    schema = kind.custom.get("schema", {}).get("openAPIV3Schema", {})
    return _custom_type(json.dumps(schema, sort_keys=True))
