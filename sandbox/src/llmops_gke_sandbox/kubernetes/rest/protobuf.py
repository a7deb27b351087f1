# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kubernetes' protobuf, read only: in it ``kubectl create`` sends Secrets, ConfigMaps, Namespaces, ServiceAccounts.

Source: k8s.io/api and k8s.io/apimachinery, generated.proto. What the table does not name must be empty, or is refused.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import UTC, datetime

from llmops_gke_sandbox.kubernetes.errors import ApiError, bad_request, not_implemented

CONTENT_TYPE = "application/vnd.kubernetes.protobuf"
_MAGIC = b"k8s\x00"
_TEXT, _NUMBER, _BOOL, _BYTES, _TIME, _SKIP = "text", "number", "bool", "bytes", "time", "skip"

# Message -> field number -> (name, type). "[x]" is a list of x, "{x}" a map from text to x. Go's encoder
# writes 0 and "" for what is not set.
_MESSAGES: dict[str, dict[int, tuple[str, str]]] = {
    "ConfigMap": {
        1: ("metadata", "ObjectMeta"),
        2: ("data", "{text}"),
        3: ("binaryData", "{bytes}"),
        4: ("immutable", _BOOL),
    },
    "Namespace": {1: ("metadata", "ObjectMeta"), 2: ("spec", _SKIP), 3: ("status", _SKIP)},
    "ObjectMeta": {
        1: ("name", _TEXT),
        2: ("generateName", _TEXT),
        3: ("namespace", _TEXT),
        5: ("uid", _TEXT),
        6: ("resourceVersion", _TEXT),
        7: ("generation", _NUMBER),
        8: ("creationTimestamp", _TIME),
        11: ("labels", "{text}"),
        12: ("annotations", "{text}"),
        14: ("finalizers", "[text]"),
    },
    "Secret": {
        1: ("metadata", "ObjectMeta"),
        2: ("data", "{bytes}"),
        3: ("type", _TEXT),
        4: ("stringData", "{text}"),
        5: ("immutable", _BOOL),
    },
    "ServiceAccount": {1: ("metadata", "ObjectMeta"), 4: ("automountServiceAccountToken", _BOOL)},
    "Time": {1: ("seconds", _NUMBER), 2: ("nanos", _NUMBER)},
    "TypeMeta": {1: ("apiVersion", _TEXT), 2: ("kind", _TEXT)},
    "Unknown": {1: ("typeMeta", "TypeMeta"), 2: ("raw", _BYTES)},
}


def read(body: bytes) -> dict:
    """Return the object of a protobuf body.

    :raises ApiError: 400 for what is no such body, 501 for kinds and fields that the table does not name.
    """
    if not body.startswith(_MAGIC):
        raise bad_request("the body is not of Kubernetes' protobuf form")
    try:
        envelope = _message("Unknown", body[len(_MAGIC) :])
        kind = envelope["typeMeta"]["kind"]
        if kind not in _MESSAGES:
            raise not_implemented(f"{kind} in protobuf; send JSON")
        return {**envelope["typeMeta"], **_message(kind, base64.b64decode(envelope["raw"]))}
    except (IndexError, KeyError, UnicodeDecodeError) as error:
        raise bad_request(f"the protobuf body cannot be read: {error!r}") from None


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


def _fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        number, wire = tag >> 3, tag & 7
        if wire == 0:
            value, at = _varint(data, at)
            yield number, value
            continue
        if wire != 2:
            raise bad_request(f"the protobuf body has a field of wire type {wire}")
        size, at = _varint(data, at)
        if at + size > len(data):
            raise bad_request("the protobuf body ends too early")
        yield number, data[at : at + size]
        at += size


def _message(name: str, data: bytes) -> dict:
    found: dict = {}
    for number, value in _fields(data):
        if number not in _MESSAGES[name]:
            if _says_something(value):
                raise not_implemented(f"field {number} of {name} in protobuf; send JSON")
            continue
        field, kind = _MESSAGES[name][number]
        if kind.startswith("["):
            found.setdefault(field, []).append(_value(kind[1:-1], value))
        elif kind.startswith("{"):
            entry = dict(_fields(value))
            found.setdefault(field, {})[entry[1].decode()] = _value(kind[1:-1], entry.get(2, b""))
        elif kind != _SKIP and (decoded := _value(kind, value)):
            found[field] = decoded
    return found


def _value(kind: str, value: int | bytes) -> object:
    if kind == _TEXT:
        return value.decode()
    if kind == _BYTES:
        return base64.b64encode(value).decode()
    if kind == _BOOL:
        return bool(value)
    if kind == _NUMBER:
        return value - (1 << 64) if value >= 1 << 63 else value
    if kind == _TIME:
        seconds = _message("Time", value).get("seconds")
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if seconds else None
    return _message(kind, value)


def _says_something(value: int | bytes) -> bool:
    """Whether a field is more than the empty value that Go's encoder always writes."""
    if isinstance(value, int):
        return value != 0
    if not value:
        return False
    try:
        return any(_says_something(below) for _, below in _fields(value))
    except (ApiError, IndexError):
        return True
