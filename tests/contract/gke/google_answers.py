# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was sent as Google may answer it: by the types of GKE's discovery document, and by what else it is known to do.

Each way to write the same otherwise is a function of a value and its schema, so that a new field needs nothing here.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterable
from copy import deepcopy
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import googleapiclient

from ansible_collections.llmops.gke.plugins.module_utils.gke.fields.field import Field, dig, put

SCHEMAS: dict[str, dict[str, Any]] = json.loads(
    (Path(googleapiclient.__file__).parent / "discovery_cache" / "documents" / "container.v1.json").read_text()
)["schemas"]
_WRITE = "https://www.googleapis.com/auth/monitoring.write"
_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_COMPUTE = ("https://www.googleapis.com/compute/v1/", "https://www.googleapis.com/compute/beta/", "")

Way = Callable[[dict[str, Any], dict[str, Any], random.Random], None]
"""Rewrites a message in place; gets its value, its schema's properties and a source of chance."""


def _left_out(message: dict[str, Any], properties: dict[str, Any], _chance: random.Random) -> None:
    """Zero values, empty lists and maps, and an enum's first value are not there."""
    for name in [name for name, value in message.items() if value in _zeros(properties.get(name, {}))]:
        del message[name]


def _shown(message: dict[str, Any], properties: dict[str, Any], _chance: random.Random) -> None:
    """Zero values of what was never sent are there."""
    for name, schema in properties.items():
        if name not in message and _zeros(schema):
            message[name] = deepcopy(_zeros(schema)[0])


def _filled(message: dict[str, Any], properties: dict[str, Any], chance: random.Random) -> None:
    """What was not named has some value: a default, a deprecated mirror, something that others set."""
    for name, schema in properties.items():
        if name not in message:
            message[name] = _some(schema, chance, depth=2)


def _reordered(message: dict[str, Any], properties: dict[str, Any], chance: random.Random) -> None:
    for name, value in message.items():
        if properties.get(name, {}).get("type") == "array":
            chance.shuffle(value)
        elif isinstance(value, dict):
            message[name] = dict(chance.sample(sorted(value.items()), len(value)))


def _numbers(message: dict[str, Any], properties: dict[str, Any], _chance: random.Random) -> None:
    """64-bit numbers come as JSON numbers, and single-precision ones with their rounding."""
    for name, value in message.items():
        schema = properties.get(name, {})
        if schema.get("format") == "int64":
            message[name] = int(value)
        elif schema.get("type") == "number":
            message[name] = value * (1 + 1e-8)


def _times(message: dict[str, Any], properties: dict[str, Any], chance: random.Random) -> None:
    """Durations and times have three, six or nine digits of a fraction; times another offset."""
    for name, value in message.items():
        form = properties.get(name, {}).get("format")
        if form == "google-duration":
            message[name] = f"{float(value[:-1]):.{chance.choice((3, 6, 9))}f}s"
        elif form == "google-datetime":
            zone = timezone(timedelta(hours=chance.randint(-11, 12)))
            local = datetime.fromisoformat(value).astimezone(zone)
            message[name] = local.isoformat(timespec=chance.choice(("seconds", "milliseconds", "microseconds")))


def _nothing(message: dict[str, Any], properties: dict[str, Any], _chance: random.Random) -> None:
    """Messages and fields that are not set are null."""
    for name in properties:
        message.setdefault(name, None)


WAYS: dict[str, Way] = {
    "filled": _filled,
    "left out": _left_out,
    "shown": _shown,
    "reordered": _reordered,
    "numbers": _numbers,
    "times": _times,
    "null": _nothing,
}
"""By types. Those that depend on each other are applied in this order."""


def _by_kind(field: Field, value: Any, chance: random.Random) -> Any:
    """A value of a field as GKE completes it, by the field's kind."""
    if field.kind == "name" and "/" not in value:
        return f"{chance.choice(_COMPUTE)}projects/p/global/things/{value}"
    if field.kind == "version" and "-gke." not in value:
        return f"{value}.4-gke.1220000" if value.count(".") == 1 else f"{value}-gke.1220000"
    if field.kind == "cidr" and value.startswith("/"):
        return f"10.20.0.0{value}"
    if field.kind == "clock":
        return value.removeprefix("0") if value.startswith("0") else value.zfill(5)
    if value == "FREQ=DAILY":
        return f"FREQ=WEEKLY;BYDAY={','.join(chance.sample(_DAYS, 7))}"
    if field.kind == "map" and field.partial:
        return {**value, "goog-gke-node-pool-provisioning-model": "on-demand", "others.example/key": ""}
    if field.path.endswith("oauthScopes"):
        return [*value, _WRITE]
    if field.path.endswith("imageType"):
        return chance.choice((value.lower(), value.upper()))
    if field.path == "config.taints":
        return [*value, {"key": "nvidia.com/gpu", "value": "present", "effect": "NO_SCHEDULE"}]
    if value == "ENCRYPTED":
        return "ALL_OBJECTS_ENCRYPTION_ENABLED"
    return value


def answered(
    schema: str, sent: dict[str, Any], fields: Iterable[Field], ways: Iterable[str], chance: random.Random
) -> dict[str, Any]:
    """The resource that was sent, rewritten in the given ways: names of ``WAYS``, and ``completed``."""
    answer = deepcopy(sent)
    if "completed" in ways:
        for field in fields:
            value = dig(answer, field.path)
            if value is not None:
                put(answer, field.path, _by_kind(field, value, chance))
    for name, way in WAYS.items():
        if name in ways:
            _rewrite({"$ref": schema}, answer, way, chance)
    return answer


def _rewrite(schema: dict[str, Any], value: Any, way: Way, chance: random.Random) -> None:
    """Apply a way to every message, the inner ones first."""
    if value is None:
        return
    if "$ref" in schema:
        properties = SCHEMAS[schema["$ref"]].get("properties", {})
        for name, inner in list(value.items()):
            _rewrite(properties.get(name, {}), inner, way, chance)
        way(value, properties, chance)
    elif schema.get("type") == "array":
        for inner in value:
            _rewrite(schema["items"], inner, way, chance)
    elif isinstance(schema.get("additionalProperties"), dict):
        for inner in value.values():
            _rewrite(schema["additionalProperties"], inner, way, chance)


def _zeros(schema: dict[str, Any]) -> list[Any]:
    """The values that JSON leaves out of a schema's type, which is none for a message."""
    if "$ref" in schema or schema.get("format") in ("google-duration", "google-datetime"):
        return []
    if "enum" in schema:
        return [schema["enum"][0]]
    kind = schema.get("type")
    if kind == "object":
        return [{}] if "additionalProperties" in schema else []
    if kind == "string" and schema.get("format") in ("int64", "uint64"):
        return ["0", 0]
    return {"boolean": [False], "integer": [0], "number": [0.0], "string": [""], "array": [[]]}.get(kind or "", [])


def _some(schema: dict[str, Any], chance: random.Random, depth: int) -> Any:
    """Some value of a schema."""
    if "$ref" in schema:
        properties = SCHEMAS[schema["$ref"]].get("properties", {})
        return {name: _some(inner, chance, depth - 1) for name, inner in properties.items()} if depth else {}
    if "enum" in schema:
        return chance.choice(schema["enum"])
    if schema.get("format") == "google-duration":
        return f"{chance.randint(1, 999)}s"
    if schema.get("format") == "google-datetime":
        return "2026-01-01T00:00:00Z"
    kind = schema.get("type")
    if kind == "array":
        return [_some(schema["items"], chance, depth - 1)] if depth else []
    if kind == "object":
        return {"filled": _some(schema["additionalProperties"], chance, depth - 1)} if depth else {}
    if kind == "string" and schema.get("format") in ("int64", "uint64"):
        return str(chance.randint(0, 99))
    made = {"boolean": chance.random() < 0.5, "integer": chance.randint(0, 99), "number": chance.random()}
    return made.get(kind or "", "filled in")
