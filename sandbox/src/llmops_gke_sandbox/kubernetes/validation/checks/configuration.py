# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of ConfigMaps and Secrets. Source: k8s.io/kubernetes, pkg/apis/core/validation."""

from __future__ import annotations

import base64
import json

from llmops_gke_sandbox.kubernetes.validation.messages import (
    IMMUTABLE,
    Causes,
    config_key,
    forbidden,
    formed,
    required,
    wrong,
)

_WHEN_IMMUTABLE = f"{IMMUTABLE} when `immutable` is set"
_ACCOUNT = "kubernetes.io/service-account.name"
# Keys that a type of Secret must have. Of basic-auth one is enough.
_SECRET_KEYS = {
    "kubernetes.io/tls": ("tls.crt", "tls.key"),
    "kubernetes.io/ssh-auth": ("ssh-privatekey",),
}
_LOGINS = {"kubernetes.io/dockerconfigjson": ".dockerconfigjson", "kubernetes.io/dockercfg": ".dockercfg"}
_BASIC_AUTH = ("username", "password")


def config_map(obj: dict) -> Causes:
    """Check a ConfigMap."""
    data, binary = obj.get("data") or {}, obj.get("binaryData") or {}
    for key in sorted(data):
        yield from formed(f"data[{key}]", key, config_key)
        if key in binary:
            yield wrong(f"data[{key}]", key, "duplicate of key present in binaryData")
    for key in sorted(binary):
        yield from formed(f"binaryData[{key}]", key, config_key)


def secret(obj: dict) -> Causes:
    """Check a Secret."""
    data, kind = obj.get("data") or {}, obj.get("type", "")
    for key in sorted(data):
        yield from formed(f"data[{key}]", key, config_key)
    if kind == "kubernetes.io/service-account-token" and not (obj["metadata"].get("annotations") or {}).get(_ACCOUNT):
        yield required(f"metadata.annotations[{_ACCOUNT}]")
    for key in _SECRET_KEYS.get(kind, ()):
        if key not in data:
            yield required(f"data[{key}]")
    if kind == "kubernetes.io/basic-auth" and not any(key in data for key in _BASIC_AUTH):
        yield from (required(f"data[{key}]") for key in _BASIC_AUTH)
    if kind in _LOGINS:
        yield from _login(data, _LOGINS[kind])


def _login(data: dict, key: str) -> Causes:
    if key not in data:
        yield required(f"data[{key}]")
        return
    text = base64.b64decode(data[key]).decode(errors="replace")
    try:
        json.loads(text)
    except ValueError:
        message = f"invalid character '{text[:1]}' looking for beginning of value"
        yield wrong(f"data[{key}]", "<secret contents redacted>", message)


def secret_kept(old: dict, new: dict) -> Causes:
    """Check that a Secret keeps its type, and what is immutable."""
    if old.get("type") != new.get("type"):
        yield wrong("type", new.get("type"), IMMUTABLE)
    yield from config_map_kept(old, new)


def config_map_kept(old: dict, new: dict) -> Causes:
    """Check that a ConfigMap keeps what is immutable."""
    if not old.get("immutable"):
        return
    if not new.get("immutable"):
        yield forbidden("immutable", _WHEN_IMMUTABLE)
    for name in ("data", "binaryData"):
        if old.get(name) != new.get(name):
            yield forbidden(name, _WHEN_IMMUTABLE)
