# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Label and field selectors, with the server's own words for what does not parse."""

from __future__ import annotations

import re
from collections.abc import Callable

from llmops_gke_sandbox.kubernetes.errors import bad_request
from llmops_gke_sandbox.kubernetes.schema.kinds import Kind
from llmops_gke_sandbox.kubernetes.validation.messages import Form, label_value, qualified_name

Matches = Callable[[dict], bool]

_TOKEN = re.compile(r"\s*(==|!=|=|!|\(|\)|,|<|>|[^\s=!(),<>]+)")

# Fields that can be selected by, beyond metadata.name and metadata.namespace. Source: pkg/apis/*/v1/conversion.go.
_SELECTABLE: dict[str, tuple[str, ...]] = {
    "Event": (
        "involvedObject.apiVersion",
        "involvedObject.fieldPath",
        "involvedObject.kind",
        "involvedObject.name",
        "involvedObject.namespace",
        "involvedObject.resourceVersion",
        "involvedObject.uid",
        "reason",
        "reportingComponent",
        "source",
        "type",
    ),
    "Job": ("status.successful",),
    "Namespace": ("status.phase",),
    "Node": ("spec.unschedulable",),
    "Pod": (
        "spec.nodeName",
        "spec.restartPolicy",
        "spec.schedulerName",
        "spec.serviceAccountName",
        "spec.hostNetwork",
        "status.nominatedNodeName",
        "status.phase",
        "status.podIP",
    ),
    "ReplicaSet": ("status.replicas",),
    "Secret": ("type",),
    "Service": ("spec.clusterIP", "spec.type"),
}


def label_matcher(text: str | None) -> Matches:
    """Return a predicate on objects for a label selector (``a=b,c in (d,e),!f``).

    :raises ApiError: 400 if it does not parse.
    """
    if not text:
        return lambda obj: True
    requirements = _parse(text)

    def matches(obj: dict) -> bool:
        labels = obj["metadata"].get("labels") or {}
        return all(requirement(labels) for requirement in requirements)

    return matches


def selector_matches(selector: dict | None, labels: dict) -> bool:
    """Whether labels satisfy a LabelSelector object (matchLabels, matchExpressions); an empty one takes all."""
    selector = selector or {}
    wanted = selector.get("matchLabels") or {}
    if any(labels.get(key) != value for key, value in wanted.items()):
        return False
    return all(
        one["operator"] in _OPERATORS
        and _requirement(one["key"], _OPERATORS[one["operator"]], one.get("values") or [])(labels)
        for one in selector.get("matchExpressions") or ()
    )


_OPERATORS = {"In": "in", "NotIn": "notin", "Exists": "exists", "DoesNotExist": "!"}


def _requirement(key: str, operator: str, values: list[str]) -> Callable[[dict], bool]:
    if operator in ("in", "=", "=="):
        return lambda labels: key in labels and labels[key] in values
    if operator in ("notin", "!="):
        return lambda labels: labels.get(key) not in values
    if operator == "exists":
        return lambda labels: key in labels
    if operator == "!":
        return lambda labels: key not in labels
    bound = int(values[0])
    return lambda labels: (
        labels.get(key, "").lstrip("-").isdigit()
        and (int(labels[key]) > bound if operator == ">" else int(labels[key]) < bound)
    )


class _Parser:
    def __init__(self, text: str) -> None:
        self.tokens = _TOKEN.findall(text)

    def next(self) -> str:
        return self.tokens.pop(0) if self.tokens else ""

    def peek(self) -> str:
        return self.tokens[0] if self.tokens else ""


def _refuse(found: str, expected: str) -> Exception:
    return bad_request(f"unable to parse requirement: found '{found}', expected: {expected}")


def _parse(text: str) -> list[Callable[[dict], bool]]:
    parser = _Parser(text)
    found = [_parse_one(parser)]
    while (separator := parser.next()) == ",":
        found.append(_parse_one(parser))
    if separator:
        raise bad_request(f"found '{separator}', expected: ',' or 'end of string'")
    return found


def _parse_one(parser: _Parser) -> Callable[[dict], bool]:
    key = parser.next()
    if key == "!":
        return _requirement(parser.next(), "!", [])
    if not key or key in "=!(),<>":
        raise _refuse(key, "!, identifier, or 'end of string'")
    _refuse_malformed("key", key, qualified_name)
    operator = parser.peek()
    if operator in ("", ","):
        return _requirement(key, "exists", [])
    parser.next()
    if operator in ("in", "notin"):
        values = _parse_values(parser)
        for index, value in enumerate(values):
            _refuse_malformed(f"values[{index}][{key}]", value, label_value)
        return _requirement(key, operator, values)
    if operator not in ("=", "==", "!=", "<", ">"):
        raise _refuse(operator, "in, notin, =, ==, !=, gt, lt")
    value = "" if parser.peek() in ("", ",") else parser.next()
    _refuse_malformed(f"values[0][{key}]", value, label_value)
    return _requirement(key, operator, [value])


def _refuse_malformed(field: str, value: str, form: Form) -> None:
    for message in form(value):
        raise bad_request(f'unable to parse requirement: {field}: Invalid value: "{value}": {message}')


def _parse_values(parser: _Parser) -> list[str]:
    if (opened := parser.next()) != "(":
        raise _refuse(opened, "'('")
    values: list[str] = []
    while True:
        token = parser.next()
        if token == ")":
            return values
        if token == ",":
            continue
        if not token:
            raise _refuse("", "',' or ')'" if values else "',', ')' or identifier")
        values.append(token)


def field_matcher(kind: Kind, text: str | None) -> Matches:
    """Return a predicate on objects for a field selector (``metadata.name=x,status.phase!=Running``).

    :raises ApiError: 400 if it does not parse, or for a field that a kind cannot be selected by.
    """
    if not text:
        return lambda obj: True
    allowed = _SELECTABLE.get(kind.kind, ())
    requirements: list[tuple[str, bool, str]] = []
    for term in text.split(","):
        found = re.fullmatch(r"\s*([^=!]+?)\s*(==|!=|=)\s*(.*?)\s*", term)
        if not found:
            raise bad_request(f"invalid selector: '{text}'; can't understand '{term}'")
        path, operator, value = found.groups()
        if path not in ("metadata.name", "metadata.namespace", *allowed):
            raise bad_request(_unknown_field(kind, path))
        requirements.append((path, operator != "!=", value))
    return lambda obj: all((_field(obj, path) == value) is equal for path, equal, value in requirements)


def _unknown_field(kind: Kind, path: str) -> str:
    if kind.kind in _SELECTABLE:
        return f"field label not supported: {path}"
    return f'"{path}" is not a known field selector: only "metadata.name", "metadata.namespace"'


def _field(obj: dict, path: str) -> str:
    if path == "source":
        return obj.get("source", {}).get("component", "")
    value: object = obj
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    if isinstance(value, bool):
        return str(value).lower()
    default = "false" if path in ("spec.unschedulable", "spec.hostNetwork") else ""
    return default if value is None else str(value)
