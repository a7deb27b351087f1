# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""OpenAPI v3 as far as clients read it: the schemas of the kinds, and which writes take which parameters."""

from __future__ import annotations

import hashlib
import json
from functools import cache

from llmops_gke_sandbox.kubernetes.schema.kinds import Kind
from llmops_gke_sandbox.kubernetes.schema.registry import Registry
from llmops_gke_sandbox.kubernetes.schema.types import OBJECT_META, definition_name, definitions

_WRITE_PARAMETERS = [
    {"name": name, "in": "query", "schema": {"type": "string"}}
    for name in ("dryRun", "fieldManager", "fieldValidation")
]
_PATCH_TYPES = ("json-patch+json", "merge-patch+json", "strategic-merge-patch+json", "apply-patch+yaml")


def index(registry: Registry) -> dict:
    """Return the list of documents, one a group and version."""
    paths = {}
    for group, version in registry.group_versions():
        path = f"apis/{group}/{version}" if group else f"api/{version}"
        served = sorted(kind.plural for kind in registry if (kind.group, kind.version) == (group, version))
        digest = hashlib.sha256(json.dumps(served).encode()).hexdigest()[:32].upper()
        paths[path] = {"serverRelativeURL": f"/openapi/v3/{path}?hash={digest}"}
    return {"paths": paths}


def group_document(registry: Registry, group: str, version: str) -> dict | None:
    """Return the document of one group and version, None if it is not served."""
    kinds = [kind for kind in registry if (kind.group, kind.version) == (group, version)]
    if not kinds:
        return None
    schemas: dict[str, dict] = {}
    paths: dict[str, dict] = {}
    for kind in kinds:
        name = _add_schema(kind, schemas)
        if name:
            paths |= _paths(kind, name)
    return {
        "openapi": "3.0.0",
        "info": {"title": "Kubernetes", "version": "v1.36"},
        "paths": paths,
        "components": {"schemas": schemas},
    }


def _add_schema(kind: Kind, schemas: dict[str, dict]) -> str | None:
    if kind.custom is not None:
        name = ".".join((*reversed(kind.group.split(".")), kind.version, kind.kind))
        schema = dict(kind.custom.get("schema", {}).get("openAPIV3Schema", {"type": "object"}))
        metadata = {"allOf": [{"$ref": f"#/components/schemas/{OBJECT_META}"}]}
        _add_definition(OBJECT_META, schemas)
        basic = {"apiVersion": {"type": "string"}, "kind": {"type": "string"}, "metadata": metadata}
        gvk = {"group": kind.group, "version": kind.version, "kind": kind.kind}
        schema["properties"] = {**basic, **schema.get("properties", {})}
        schemas[name] = {**schema, "x-kubernetes-group-version-kind": [gvk]}
        return name
    name = definition_name(kind.group, kind.version, kind.kind)
    if name:
        _add_definition(name, schemas)
    return name


def _add_definition(name: str, schemas: dict[str, dict]) -> None:
    pending = [name]
    while pending:
        one = pending.pop()
        if one not in schemas:
            schemas[one], references = _openapi(one)
            pending += references


@cache
def _openapi(name: str) -> tuple[dict, tuple[str, ...]]:
    references: list[str] = []
    return _rewritten(definitions()[name], references), tuple(references)


def _rewritten(value: object, references: list[str]) -> object:
    """JSON Schema's ``["string", "null"]`` and ``#/$defs/`` in OpenAPI's words; kubectl expects allOf around a ref."""
    if isinstance(value, list):
        return [_rewritten(item, references) for item in value]
    if not isinstance(value, dict):
        return value
    found = {}
    for key, below in value.items():
        if key == "$ref" and isinstance(below, str):
            references.append(below.rsplit("/", 1)[-1])
            found["allOf"] = [{"$ref": f"#/components/schemas/{references[-1]}"}]
        elif key == "type" and isinstance(below, list):
            found[key] = next(one for one in below if one != "null")
        else:
            found[key] = _rewritten(below, references)
    return found


def _paths(kind: Kind, schema: str) -> dict[str, dict]:
    base = f"/apis/{kind.group}/{kind.version}" if kind.group else f"/api/{kind.version}"
    collection = f"{base}/namespaces/{{namespace}}/{kind.plural}" if kind.namespaced else f"{base}/{kind.plural}"
    gvk = {"group": kind.group, "version": kind.version, "kind": kind.kind}
    body = {"schema": {"$ref": f"#/components/schemas/{schema}"}}

    def operation(action: str, **content: object) -> dict:
        answer = {"200": {"description": "OK", "content": {"application/json": body}}}
        head = {"x-kubernetes-action": action, "x-kubernetes-group-version-kind": gvk, "responses": answer}
        return {**head, "parameters": _WRITE_PARAMETERS, "requestBody": {"content": content}}

    patches = {f"application/{one}": {"schema": {"type": "object"}} for one in _PATCH_TYPES}
    return {
        collection: {"post": operation("post", **{"*/*": body})},
        f"{collection}/{{name}}": {
            "put": operation("put", **{"*/*": body}),
            "patch": operation("patch", **patches),
        },
    }
