# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests as tables, and what of their answers is compared: for the recorder and for the replay alike.

A table is a list of groups, sent in order:

- ``requests``: name -> method, path, query, type, body.
- ``path``, ``queries``: name -> the query of a GET.
- ``path``, ``query``, ``body``, ``cases``: name -> the fields that one apply changes in the body, by ``/``-separated
  path below ``at``; null takes a field out.

``answer`` says how much of an answer counts: ``object`` (the default: of a success, the object without what the
server made up), ``causes`` (of a success, the status), ``fields`` (of a failure, its causes without their messages)
and ``code`` (only the status).
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlencode

import yaml

from llmops_gke_sandbox.kubernetes.bootstrap import MONITORING

FOLDER = Path(__file__).parents[1] / "golden" / "kubernetes-1.36-refusals"
NAMESPACE = "refusals"
TYPES = {
    "apply": "application/apply-patch+yaml",
    "merge": "application/merge-patch+json",
    "strategic": "application/strategic-merge-patch+json",
    "json": "application/json-patch+json",
}
SETUP: tuple[tuple[str, dict], ...] = (
    ("/api/v1/namespaces", {"metadata": {"name": NAMESPACE}}),
    (f"/api/v1/namespaces/{NAMESPACE}/serviceaccounts", {"metadata": {"name": "sa"}}),
    *(("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", definition) for definition in MONITORING),
)
"""What is created, where it is not there yet, before the first table: path and body."""
_MADE_UP = ("status", "clusterIP", "clusterIPs", "nodePort", "healthCheckNodePort")
# What differs from server to server, and what is put in its place.
_IDENTITIES = (
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"), "UID"),
    (re.compile(r"(?<=in record \()\d+|(?<=current: )\d+"), "VERSION"),
    (re.compile(r"(?<=valid IPs is )[0-9./]+"), "RANGE"),
    (re.compile(r"Bad_[a-z0-9]{5}"), "Bad_XXXXX"),
    # A patched object that cannot be read is shown whole, with its versions and times.
    (re.compile(r'(?<=Invalid value: )"\{.*\}"(?=: )'), "OBJECT"),
)


class Request(NamedTuple):
    """One request, and how much of its answer counts."""

    name: str
    method: str
    path: str
    body: object
    content_type: str
    answer: str


def tables() -> list[str]:
    """Return the names of all tables."""
    return sorted(path.stem for path in (FOLDER / "requests").glob("*.yaml"))


def requests(table: str) -> list[Request]:
    """Return a table's requests.

    :raises ValueError: if two of them have one name.
    """
    found: list[Request] = []
    for group in yaml.safe_load((FOLDER / "requests" / f"{table}.yaml").read_text("utf-8")):
        found += _group(group)
    names = [request.name for request in found]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise ValueError(f"{table}: two requests are named {sorted(twice)}")
    return found


def _group(group: dict) -> Iterator[Request]:
    for name, given in group.get("requests", {}).items():
        content_type = given.get("type", "application/json")
        yield Request(
            name,
            given["method"],
            _path(given["path"], given.get("query")),
            given.get("body"),
            TYPES.get(content_type, content_type),
            given.get("answer", "object"),
        )
    for name, query in group.get("queries", {}).items():
        yield Request(name, "GET", _path(group["path"], query), None, "application/json", "causes")
    kind = group.get("body", {}).get("kind", "") if "cases" in group else ""
    for name, changes in group.get("cases", {}).items():
        body = copy.deepcopy(group["body"])
        for path, value in changes.items():
            _set(body, [*group.get("at", "").split("/"), *path.split("/")], value)
        path = _path(group["path"], group.get("query"))
        yield Request(f"{kind}: {name}", "PATCH", path, body, TYPES["apply"], group.get("answer", "object"))


def _path(path: str, query: dict | None) -> str:
    return f"{path}?{urlencode(query)}" if query else path


def _set(body: object, path: list[str], value: object) -> None:
    *parents, last = [int(part) if part.isdigit() else part for part in path if part]
    for part in parents:
        body = body[part] if isinstance(body, list) else body.setdefault(part, {})
    if value is None:
        body.pop(last)
    else:
        body[last] = copy.deepcopy(value)


def parsed(content_type: str, text: str) -> object:
    """Return an answer's body: JSON, lines of JSON as a list (a watch), or text."""
    if "json" not in content_type:
        return text
    lines = [json.loads(line) for line in text.splitlines() if line]
    return lines[0] if len(lines) == 1 else lines


def counted(request: Request, status: int, body: object) -> dict:
    """Return what counts of an answer."""
    if status < 300 and (request.answer != "object" or not isinstance(body, dict) or "metadata" not in body):
        return {"status": status}
    if request.answer == "code":
        return {"status": status}
    if not isinstance(body, dict):
        return {"status": status, "body": body}
    if status >= 300 and request.answer == "fields":
        causes = body.get("details", {}).get("causes", ())
        return {"status": status, "fields": [[cause["reason"], cause["field"]] for cause in causes]}
    if status >= 300:
        parts = {name: body[name] for name in ("reason", "message", "details") if name in body}
        return {"status": status, **_anonymous(parts)}
    if body.get("kind") == "Status":
        return {"status": status, "details": {key: value for key, value in body["details"].items() if key != "uid"}}
    return {"status": status, "object": _anonymous(_without_made_up(body))}


def _anonymous(value):
    if isinstance(value, dict):
        return {key: _anonymous(below) for key, below in value.items()}
    if isinstance(value, list):
        return [_anonymous(item) for item in value]
    if isinstance(value, str):
        for pattern, name in _IDENTITIES:
            value = pattern.sub(name, value)
    return value


def _written(key: str, value):
    """Return of an object's metadata what a writer says of it."""
    if key == "metadata" and isinstance(value, dict):
        return {name: value[name] for name in ("labels", "annotations") if name in value}
    return value


def _without_made_up(value):
    if isinstance(value, dict):
        return {key: _without_made_up(_written(key, below)) for key, below in value.items() if key not in _MADE_UP}
    if isinstance(value, list):
        return [_without_made_up(item) for item in value]
    return value
