# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The value of a role's option: held against its argument spec, and without secrets."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.common.parameters import remove_values
from ansible.module_utils.errors import ArgumentTypeError

from ..module_utils.core.harmless import cut
from ..module_utils.core.secrets import without_credentials

HIDDEN = "(hidden)"

_SHOWN = 300
"""Characters of a value in a message."""

_KINDS = {
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "dict": "a mapping",
    "list": "a list",
    "str": "text",
}

# As environment variables, options and fields are named that hold one: HF_TOKEN, api_key, service_account_contents.
_SECRET_KEY = re.compile(
    r"(?:^|[_-])(?:token|password|passwd|secret|contents|credentials?)$|[_-]key$|^apikey$", re.IGNORECASE
)


def check(name: str, value: Any, spec: Mapping[str, Any]) -> tuple[Any, list[str]]:
    """The value as its type wants it, and what is wrong with it, a line each that names the option.

    A text for a list or a mapping stays a text: the role would take it as one.
    """
    validated = ArgumentSpecValidator({name: dict(spec)}).validate({name: value})
    hidden = set(validated._no_log_values) | ({str(value)} if spec.get("no_log") and value else set())
    told = [_told(name, value, spec, error) for error in validated.errors]
    errors = [" ".join(str(remove_values(error, hidden)).split()) for error in told]
    errors = [error if name in error else f"{name}: {error}" for error in errors]
    typed = validated.validated_parameters.get(name)
    untyped = bool(errors) or (isinstance(value, str) and isinstance(typed, (list, dict)))
    return (value if untyped else _given(value, typed)), errors


def check_header(name: str, value: Any) -> list[str]:
    """What is wrong with a secret that clients send in a header: a server that was given it would refuse them all."""
    if re.fullmatch("[!-~]*", str(value or "")):
        return []
    takes = "visible characters of ASCII, without spaces and line breaks, because clients send it in a header"
    return [f"{name}: {HIDDEN} is not accepted; it takes {takes}"]


def _told(name: str, value: Any, spec: Mapping[str, Any], error: Exception) -> str:
    """What is wrong, in the words of preflight's rules where the whole value is of another type."""
    if not isinstance(error, ArgumentTypeError) or " found in " in error.msg:
        return str(error.msg)
    shown = HIDDEN
    if not spec.get("no_log"):
        shown = cut(json.dumps(without_secrets(value), ensure_ascii=False, default=str), _SHOWN)
    return f"{name}: {shown} is not accepted; it takes {_KINDS.get(spec['type'], spec['type'])}"


def _given(value: Any, typed: Any) -> Any:
    """The typed value without suboptions that nobody gave, which validation adds as null."""
    if isinstance(value, Mapping) and isinstance(typed, Mapping):
        return {key: _given(value.get(key), item) for key, item in typed.items() if key in value or item is not None}
    if isinstance(value, list) and isinstance(typed, list):
        return [_given(*pair) for pair in zip(value, typed, strict=True)]
    return typed


def without_secrets(value: Any, spec: Mapping[str, Any] | None = None) -> Any:
    """A value with every secret hidden: by its argument spec, by the name of its key, and credentials in a URL."""
    suboptions = (spec or {}).get("options") or {}
    if isinstance(value, Mapping):
        return {
            key: HIDDEN if item and _is_secret(str(key), item, suboptions.get(key)) else without_secrets(
                item, suboptions.get(key)
            )
            for key, item in value.items()
        }  # fmt: skip
    if isinstance(value, (list, tuple)):
        return [without_secrets(item, spec) for item in value]
    return without_credentials(value) if isinstance(value, str) else value


def _is_secret(key: str, value: Any, spec: Mapping[str, Any] | None) -> bool:
    if spec is not None:
        return bool(spec.get("no_log"))
    return isinstance(value, (str, Mapping)) and bool(_SECRET_KEY.search(key))
