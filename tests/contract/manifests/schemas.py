# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an API server refuses of an object, by published schemas: Kubernetes 1.36, and CustomResourceDefinitions.

Fields that no schema has are errors, as with ``kubectl apply --validate=strict``, and the rules of the definitions
(``x-kubernetes-validations``) are evaluated.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import celpy
import jsonschema
from celpy.adapter import json_to_cel
from celpy.evaluation import CELEvalError
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012
from working_copy import ROOT

VERSION = "1.36.0"
FILES = sorted(
    [
        *(ROOT / "sandbox" / "src" / "llmops_gke_sandbox" / "kubernetes" / "data").glob("*_definitions.json"),
        *Path(__file__).parent.glob("*_definitions.json"),
    ]
)
"""Definitions as their makers publish them, but for the descriptions."""

Json = dict[str, Any]


def errors(obj: Json) -> list[str]:
    """Return what is wrong with an object, nothing where an API server would take it."""
    group, _slash, version = str(obj.get("apiVersion")).rpartition("/")
    definition = definitions().get((group, version, str(obj.get("kind"))))
    if definition is None:
        return [_said(error) for error in _builtin(group, version, str(obj.get("kind"))).iter_errors(obj)]
    found = [_said(error) for error in _custom(group, version, str(obj["kind"])).iter_errors(obj)]
    filled = _with_defaults(copy.deepcopy(obj), definition)
    return found or [f"{path}: {message}" for path, message in _broken_rules(filled, definition, "")]


@cache
def definitions() -> dict[tuple[str, str, str], Json]:
    """Return the schema of each custom kind."""
    return {
        (definition["spec"]["group"], version["name"], definition["spec"]["names"]["kind"]): version["schema"][
            "openAPIV3Schema"
        ]
        for path in FILES
        for definition in json.loads(path.read_text(encoding="utf-8"))
        for version in definition["spec"]["versions"]
    }


@cache
def _published() -> tuple[Json, Registry]:
    folder = resources.files("kubernetes_validate") / "kubernetes-json-schema" / f"v{VERSION}-local-strict"
    published = json.loads((folder / "_definitions.json").read_text(encoding="utf-8"))
    resource = Resource.from_contents(published, default_specification=DRAFT202012)
    return published.get("$defs") or published["definitions"], Registry().with_resource("_definitions.json", resource)


@cache
def _builtin(group: str, version: str, kind: str) -> jsonschema.Draft202012Validator:
    schemas, registry = _published()
    wanted = {"group": group, "version": version, "kind": kind}
    names = [name for name, one in schemas.items() if wanted in (one.get("x-kubernetes-group-version-kind") or ())]
    if len(names) != 1:
        raise LookupError(f"Kubernetes {VERSION} has no {kind} of {group or 'core'}/{version}, nor has a definition")
    return jsonschema.Draft202012Validator({"$ref": f"_definitions.json#/$defs/{names[0]}"}, registry=registry)


@cache
def _custom(group: str, version: str, kind: str) -> jsonschema.Draft202012Validator:
    schema = _strict(definitions()[group, version, kind])
    schema["properties"] |= {"metadata": _metadata(), "apiVersion": {"type": "string"}, "kind": {"type": "string"}}
    return jsonschema.Draft202012Validator(schema, registry=_published()[1])


def _metadata() -> Json:
    return {"$ref": "_definitions.json#/$defs/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"}


def _strict(schema: Json) -> Json:
    """Return a definition's schema as JSON Schema, which refuses what it does not know."""
    made = {name: value for name, value in schema.items() if not name.startswith("x-kubernetes-")}
    if "properties" in schema:
        made["properties"] = {name: _strict(one) for name, one in schema["properties"].items()}
        made.setdefault("additionalProperties", bool(schema.get("x-kubernetes-preserve-unknown-fields")))
    if isinstance(schema.get("additionalProperties"), dict):
        made["additionalProperties"] = _strict(schema["additionalProperties"])
    if "items" in schema:
        made["items"] = _strict(schema["items"])
    if schema.get("x-kubernetes-int-or-string"):
        made["type"] = ["integer", "string"]
    return made


def _with_defaults(value: Any, schema: Json) -> Any:
    """Fill in what the API server fills in before it evaluates rules."""
    if isinstance(value, dict):
        for name, below in (schema.get("properties") or {}).items():
            if name not in value and "default" in below:
                value[name] = copy.deepcopy(below["default"])
            if name in value:
                value[name] = _with_defaults(value[name], below)
    if isinstance(value, list):
        return [_with_defaults(one, schema.get("items") or {}) for one in value]
    return value


def _broken_rules(value: Any, schema: Json, path: str) -> Iterator[tuple[str, str]]:
    for rule in schema.get("x-kubernetes-validations") or ():
        # Rules of transitions speak of updates alone. And an API server finds a text unequal to any number, which celpy
        # does not compare at all.
        skipped = "oldSelf" in rule["rule"] or (schema.get("x-kubernetes-int-or-string") and isinstance(value, str))
        if not skipped and not _holds(rule["rule"], value):
            yield path or "object", rule.get("message") or rule["rule"]
    if isinstance(value, dict):
        known = schema.get("properties") or {}
        extra = schema.get("additionalProperties")
        for name, below in value.items():
            yield from _broken_rules(
                below, known.get(name) or (extra if isinstance(extra, dict) else {}), f"{path}.{name}"
            )
    if isinstance(value, list):
        for index, one in enumerate(value):
            yield from _broken_rules(one, schema.get("items") or {}, f"{path}[{index}]")


def _holds(rule: str, value: Any) -> bool:
    try:
        return bool(_program(rule).evaluate({"self": json_to_cel(_escaped(value))}))
    except CELEvalError:
        # As for an API server: a rule that can't be evaluated, say for a field that is missing, does not hold.
        return False


def _escaped(value: Any) -> Any:
    """Write a field whose name is CEL's own between underscores, as rules do."""
    if isinstance(value, dict):
        return {f"__{name}__" if name == "namespace" else name: _escaped(one) for name, one in value.items()}
    return [_escaped(one) for one in value] if isinstance(value, list) else value


@cache
def _program(rule: str) -> celpy.Runner:
    environment = celpy.Environment()
    return environment.program(environment.compile(rule))


def _said(error: jsonschema.ValidationError) -> str:
    return f"{error.json_path}: {error.message}"
