# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values as Go prints them, where the server's messages show them so."""

from __future__ import annotations

import json


def go(value: object) -> str:
    """Return a value as Go's ``%v`` prints it."""
    if isinstance(value, dict):
        return f"map[{' '.join(f'{key}:{go(below)}' for key, below in sorted(value.items()))}]"
    if isinstance(value, list):
        return f"[{' '.join(go(item) for item in value)}]"
    return "<nil>" if value is None else _scalar(value)


def go_syntax(value: object) -> str:
    """Return a value as Go's ``%#v`` prints it."""
    if isinstance(value, dict):
        fields = ", ".join(f"{json.dumps(key)}:{go_syntax(below)}" for key, below in sorted(value.items()))
        return f"map[string]interface {{}}{{{fields}}}"
    if isinstance(value, list):
        return f"[]interface {{}}{{{', '.join(go_syntax(item) for item in value)}}}"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    return "interface {}(nil)" if value is None else _scalar(value)


def _scalar(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


_JSON_PROBLEMS = {
    "Expecting property name enclosed in double quotes": "looking for beginning of object key string",
    "Expecting value": "looking for beginning of value",
    "Expecting ':' delimiter": "after object key",
    "Expecting ',' delimiter": "after object key:value pair",
    "Extra data": "after top-level value",
    "Illegal trailing comma before end of object": "looking for beginning of object key string",
}


def go_json_problem(error: json.JSONDecodeError) -> str:
    """Return what Go's decoder says where Python's cannot read a text."""
    where = _JSON_PROBLEMS.get(error.msg)
    rest = error.doc[error.pos :].lstrip()
    if where is None or not rest:
        return "unexpected end of JSON input"
    return f"invalid character '{rest[0]}' {where}"
