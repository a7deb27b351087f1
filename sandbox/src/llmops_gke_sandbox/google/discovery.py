# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Google's published description of an API: which methods there are, and what a body may hold.

The documents are those of google-api-python-client, whose client code is not imported. Those that it lacks are in
data/, made from the messages of Google's client libraries.
"""

from __future__ import annotations

import importlib.util
import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from llmops_gke_sandbox.google import places
from llmops_gke_sandbox.google.errors import bad_request

_INTEGERS = {"int32": "TYPE_INT32", "uint32": "TYPE_UINT32", "int64": "TYPE_INT64", "uint64": "TYPE_UINT64"}


@dataclass(frozen=True)
class Method:
    """One method: its id (container.projects.locations.clusters.create), request schema, query parameters."""

    id: str
    http: str
    path: re.Pattern[str]
    request: str | None
    query: frozenset[str]


class Discovery:
    """One API's document."""

    def __init__(self, document: dict) -> None:
        self._api = document["id"].replace(":", ".")
        self._schemas: dict[str, dict] = document["schemas"]
        self._methods = list(_methods(document, frozenset(document["parameters"])))

    def find(self, http: str, path: str) -> tuple[Method, dict[str, str]] | None:
        """Return the method that a request names and its path's parts by name; None if the API has none."""
        for method in self._methods:
            if method.http == http and (match := method.path.fullmatch(path)):
                return method, match.groupdict()
        return None

    def read(self, schema: str, body: object) -> dict:
        """Return a body as the API reads it: names in camelCase, output-only fields and nulls left out.

        :raises GoogleError: INVALID_ARGUMENT naming every field that does not exist or has another type.
        """
        violations: list[tuple[str, str]] = []
        if not isinstance(body, dict):
            raise bad_request([("", "Invalid JSON payload received. Root element must be a message.")])
        value = self._message(schema, body, "", violations)
        if violations:
            raise bad_request(violations)
        return value

    def shown(self, schema: str, body: dict, explicit: frozenset[str] = frozenset()) -> dict:
        """Return a message as the API writes it: false, 0, "", [] and an enum's first value are left out.

        :param explicit: fields that are shown even so, because the API's definition gives them explicit presence; a
            field that only one message gives it is named with that message, as in ``IPEndpointsConfig.enabled``.
        """
        properties = self._schemas[schema].get("properties", {})
        value = {}
        for field, item in body.items():
            kind = properties.get(field, {})
            item = self._inner(kind, item, explicit)
            if not _is_left_out(kind, item) or field in explicit or f"{schema}.{field}" in explicit:
                value[field] = item
        return value

    def _inner(self, kind: dict, item: object, explicit: frozenset[str]) -> object:
        if "$ref" in kind and isinstance(item, dict):
            return self.shown(kind["$ref"], item, explicit)
        if isinstance(item, list):
            return [self._inner(kind.get("items", {}), one, explicit) for one in item]
        if isinstance(item, dict):
            inner = kind.get("additionalProperties", {})
            return {key: self._inner(inner, one, explicit) for key, one in item.items()}
        return item

    def _message(self, name: str, body: dict, path: str, violations: list) -> dict:
        properties = self._schemas[name].get("properties", {})
        value = {}
        for given, field in body.items():
            known = given if given in properties else _camel(given)
            if known not in properties:
                where = f" at '{path}'" if path else ""
                text = f'Invalid JSON payload received. Unknown name "{given}"{where}: Cannot find field.'
                violations.append((path, text))
            elif field is not None and not properties[known].get("readOnly"):
                inner = f"{path}.{_snake(known)}" if path else _snake(known)
                value[known] = self._value(properties[known], name, known, field, inner, violations)
        return value

    def _value(self, schema: dict, owner: str, field: str, value: object, path: str, violations: list) -> object:
        def wrong(kind: str) -> None:
            violations.append((path, f"Invalid value at '{path}' ({kind}), {json.dumps(value)}"))

        if "$ref" in schema:
            if isinstance(value, dict):
                return self._message(schema["$ref"], value, path, violations)
            return wrong(f"type.googleapis.com/google.{self._api}.{schema['$ref']}")
        kind = schema["type"]
        if kind == "array":
            if not isinstance(value, list):
                return wrong("repeated")
            return [
                self._value(schema["items"], owner, field, item, f"{path}[{index}]", violations)
                for index, item in enumerate(value)
            ]
        if kind == "object":
            if not isinstance(value, dict):
                return wrong("map")
            items = schema.get("additionalProperties", {"type": "any"})
            return {
                key: self._value(items, owner, field, item, f"{path}[{key}]", violations) for key, item in value.items()
            }
        if kind == "boolean":
            return value if isinstance(value, bool) else wrong("TYPE_BOOL")
        if schema.get("format") in _INTEGERS:
            if isinstance(value, bool) or not re.fullmatch(r"-?\d+", str(value)):
                return wrong(_INTEGERS[schema["format"]])
            return int(value) if kind == "integer" else str(value)
        if kind == "number":
            return value if isinstance(value, int | float) and not isinstance(value, bool) else wrong("TYPE_DOUBLE")
        if kind == "string":
            if not isinstance(value, str):
                return wrong("TYPE_STRING")
            if "enum" in schema and value not in schema["enum"]:
                return wrong(f"type.googleapis.com/google.{self._api}.{owner}.{field[0].upper()}{field[1:]}")
        return value


@cache
def container_v1() -> Discovery:
    """Return GKE's document, read once a process."""
    return Discovery(_installed("container.v1"))


@cache
def cloudquotas_v1() -> Discovery:
    """Return Cloud Quotas' document."""
    return Discovery(places.table("cloudquotas.v1"))


@cache
def gkerecommender_v1() -> Discovery:
    """Return GKE Inference Quickstart's document."""
    return Discovery(places.table("gkerecommender.v1"))


def _installed(name: str) -> dict:
    """Return a document of google-api-python-client."""
    package = importlib.util.find_spec("googleapiclient")
    if package is None or not package.submodule_search_locations:
        raise RuntimeError("google-api-python-client is not installed; its discovery documents are needed")
    folder = Path(package.submodule_search_locations[0]) / "discovery_cache" / "documents"
    return json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))


def _is_left_out(kind: dict, item: object) -> bool:
    """Return whether a field's value is the one that its type has by itself."""
    if "$ref" in kind:
        return False
    if "enum" in kind:
        return item == kind["enum"][0]
    if kind.get("format") in _INTEGERS:
        return int(item) == 0
    return item in (False, 0, "", [], {})


def _methods(resource: dict, common: frozenset[str]):
    for method in resource.get("methods", {}).values():
        query = frozenset(name for name, spec in method.get("parameters", {}).items() if spec["location"] == "query")
        pattern = re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/:]+)", re.escape(method["flatPath"]))
        yield Method(
            method["id"],
            method["httpMethod"],
            re.compile(pattern),
            method.get("request", {}).get("$ref"),
            common | query,
        )
    for inner in resource.get("resources", {}).values():
        yield from _methods(inner, common)


def _camel(name: str) -> str:
    return re.sub(r"_([a-z0-9])", lambda match: match[1].upper(), name)


def _snake(name: str) -> str:
    return re.sub(r"[A-Z]", lambda match: "_" + match[0].lower(), name)
