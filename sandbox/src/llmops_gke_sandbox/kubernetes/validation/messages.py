# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Causes in the server's words, and the forms that names and values must have.

A form takes a value and returns what is wrong with it, in the server's words; nothing if it is right.
Source: k8s.io/apimachinery, pkg/util/validation.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator

from llmops_gke_sandbox.kubernetes.apply.fieldsets import compact
from llmops_gke_sandbox.kubernetes.errors import Cause

Causes = Iterator[Cause]
Form = Callable[[str], list[str]]

NOT_NEGATIVE = "must be greater than or equal to 0"
POSITIVE = "must be greater than zero"
IMMUTABLE = "field is immutable"
MAX_INT32 = 2**31 - 1


class Struct(dict):
    """A structure whose fields the server shows in their own order; a map's it sorts."""


def _shown(value: object) -> str:
    if isinstance(value, Struct):
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    return compact(value)


def wrong(field: str, value: object, message: str) -> Cause:
    """A value that a field may not have."""
    return Cause("FieldValueInvalid", f"Invalid value: {_shown(value)}: {message}", field)


def unsupported(field: str, value: object, *allowed: str) -> Cause:
    """A value that is none of those allowed."""
    names = ", ".join(f'"{name}"' for name in allowed)
    return Cause("FieldValueNotSupported", f"Unsupported value: {_shown(value)}: supported values: {names}", field)


def required(field: str, message: str = "") -> Cause:
    """A field that must be given."""
    return Cause("FieldValueRequired", f"Required value: {message}" if message else "Required value", field)


def forbidden(field: str, message: str) -> Cause:
    """A field that may not be given, or not be changed."""
    return Cause("FieldValueForbidden", f"Forbidden: {message}", field)


def duplicate(field: str, value: object) -> Cause:
    """A value that another one has already."""
    return Cause("FieldValueDuplicate", f"Duplicate value: {_shown(value)}", field)


def not_found(field: str, value: object) -> Cause:
    """A value that refers to nothing."""
    return Cause("FieldValueNotFound", f"Not found: {_shown(value)}", field)


def formed(field: str, value: str, form: Form) -> Causes:
    """Yield what is wrong with a value's form."""
    for message in form(value):
        yield wrong(field, value, message)


def one_of(field: str, value: object, *allowed: str) -> Causes:
    """Yield what is wrong with a value that must be one of a few."""
    if value not in allowed:
        yield unsupported(field, value, *allowed)


def not_negative(obj: dict, path: str, *names: str) -> Causes:
    """Yield which of some numbers of an object are below zero."""
    for name in names:
        if (obj.get(name) or 0) < 0:
            yield wrong(f"{path}.{name}", obj[name], NOT_NEGATIVE)


def _matching(pattern: str, message: str) -> Form:
    compiled = re.compile(pattern)
    text = f"{message}, regex used for validation is '{pattern}')"
    return lambda value: [] if compiled.fullmatch(value) else [text]


def _limited(longest: int, unit: str, form: Form) -> Form:
    return lambda value: ([f"must be no more than {longest} {unit}"] if len(value) > longest else []) + form(value)


_LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
label_value: Form = _limited(
    63,
    "bytes",
    _matching(
        "(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?",
        "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start "
        "and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345'",
    ),
)
subdomain: Form = _limited(
    253,
    "bytes",
    _matching(
        rf"{_LABEL}(\.{_LABEL})*",
        "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start "
        "and end with an alphanumeric character (e.g. 'example.com'",
    ),
)
dns_label: Form = _limited(
    63,
    "characters",
    _matching(
        _LABEL,
        "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end "
        "with an alphanumeric character (e.g. 'my-name',  or '123-abc'",
    ),
)
dns_1035_label: Form = _limited(
    63,
    "characters",
    _matching(
        "[a-z]([-a-z0-9]*[a-z0-9])?",
        "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic "
        "character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123'",
    ),
)
_name_part: Form = _limited(
    63,
    "bytes",
    _matching(
        "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]",
        "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric "
        "character (e.g. 'MyName',  or 'my.name',  or '123-abc'",
    ),
)
_config_key: Form = _limited(
    253,
    "bytes",
    _matching(
        "[-._a-zA-Z0-9]+",
        "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or "
        "'KEY_NAME',  or 'key-name'",
    ),
)
percent: Form = _matching(
    "[0-9]+%",
    "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%'",
)
http_header: Form = _matching(
    "[-A-Za-z0-9]+",
    "a valid HTTP header must consist of alphanumeric characters or '-' (e.g. 'X-Header-Name'",
)


def qualified_name(value: str) -> list[str]:
    """The form of keys of labels and annotations: a name, with a domain before it if need be."""
    prefix, slash, name = value.rpartition("/")
    if "/" in prefix:
        return [
            "a qualified name must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an "
            "alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
            "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]') with an optional DNS subdomain prefix and '/' "
            "(e.g. 'example.com/MyName')"
        ]
    found = []
    if slash:
        found += [f"prefix part {text}" for text in (subdomain(prefix) if prefix else ["must be non-empty"])]
    if not name:
        found.append("name part must be non-empty")
    return found + [f"name part {text}" for text in _name_part(name)]


def config_key(value: str) -> list[str]:
    """The form of keys of ConfigMaps and Secrets."""
    found = _config_key(value)
    if value in (".", ".."):
        return [*found, f"must not be '{value}'"]
    return [*found, "must not start with '..'"] if value.startswith("..") else found


def port_name(value: str) -> list[str]:
    """The form of names of ports (RFC 6335). Unlike the others it is no pattern, so that each fault has its words."""
    found = []
    if len(value) > 15:
        found.append("must be no more than 15 characters")
    if not re.fullmatch("[-a-z0-9]+", value):
        found.append("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)")
    if not re.search("[a-z]", value):
        found.append("must contain at least one letter (a-z)")
    if "--" in value:
        found.append("must not contain consecutive hyphens")
    if value.startswith("-") or value.endswith("-"):
        found.append("must not begin or end with a hyphen")
    return found


def port_number(field: str, value: int) -> Causes:
    """Yield what is wrong with the number of a port."""
    if not 0 < value < 65536:
        yield wrong(field, value, "must be between 1 and 65535, inclusive")


def port(field: str, value: int | str) -> Causes:
    """Yield what is wrong with a port that is given by number or by name."""
    yield from port_number(field, value) if isinstance(value, int) else formed(field, value, port_name)
