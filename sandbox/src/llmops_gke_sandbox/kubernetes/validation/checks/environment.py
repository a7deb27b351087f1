# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of containers' environment variables. Source: k8s.io/kubernetes, pkg/apis/core/validation."""

from __future__ import annotations

from llmops_gke_sandbox.kubernetes.validation.messages import Causes, config_key, formed, required, subdomain, wrong

_SOURCES = ("fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef", "fileKeyRef")
_FIELDS = (
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.serviceAccountName",
    "status.hostIP",
    "status.hostIPs",
    "status.podIP",
    "status.podIPs",
)
_MAPS = ("metadata.annotations['", "metadata.labels['")


def _variable_name(value: str) -> list[str]:
    if value.isascii() and value.isprintable() and "=" not in value:
        return []
    return ["a valid environment variable name must consist only of printable ASCII characters other than '='"]


def variables(found: list[dict], path: str) -> Causes:
    """Check variables, given one by one."""
    for index, variable in enumerate(found):
        at = f"{path}[{index}]"
        if variable.get("name"):
            yield from formed(f"{at}.name", variable["name"], _variable_name)
        else:
            yield required(f"{at}.name")
        if "valueFrom" in variable:
            yield from _source(variable, f"{at}.valueFrom")


def _source(variable: dict, path: str) -> Causes:
    source = variable["valueFrom"]
    given = [name for name in _SOURCES if name in source]
    for name in given:
        if name == "fieldRef":
            field = source[name].get("fieldPath", "")
            if not field:
                yield required(f"{path}.fieldRef.fieldPath")
            elif field not in _FIELDS and not field.startswith(_MAPS):
                message = f"error converting fieldPath: field label not supported: {field}"
                yield wrong(f"{path}.fieldRef.fieldPath", field, message)
        elif name in ("configMapKeyRef", "secretKeyRef"):
            yield from _key(source[name], f"{path}.{name}")
    if not given:
        *names, last = (f"`{name}`" for name in _SOURCES)
        yield wrong(path, "", f"must specify one of: {', '.join(names)} or {last}")
    elif variable.get("value"):
        yield wrong(path, "", "may not be specified when `value` is not empty")
    elif len(given) > 1:
        yield wrong(path, "", "may not have more than one field specified at a time")


def _key(reference: dict, path: str) -> Causes:
    yield from formed(f"{path}.name", reference.get("name", ""), subdomain)
    if reference.get("key"):
        yield from formed(f"{path}.key", reference["key"], config_key)
    else:
        yield required(f"{path}.key")


def variables_from(found: list[dict], path: str) -> Causes:
    """Check variables that are taken over from a whole ConfigMap or Secret."""
    for index, source in enumerate(found):
        given = [name for name in ("configMapRef", "secretRef") if name in source]
        for name in given:
            field = f"{path}[{index}].{name}.name"
            if not source[name].get("name"):
                yield required(field)
            else:
                yield from formed(field, source[name]["name"], subdomain)
        if not given:
            yield wrong(path, "", "must specify one of: `configMapRef` or `secretRef`")
        elif len(given) > 1:
            yield wrong(path, "", "may not have more than one field specified at a time")
