# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Argument specs that the modules about a model server share, and the request that they make.

Documented in doc_fragments/llm.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible.module_utils.basic import env_fallback
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ..core.errors import InvalidOption
from . import registry
from .engine import Engine, GenerationRequest

ENGINE: dict[str, dict[str, Any]] = {
    "engine": {"type": "str", "choices": list(registry.ENGINES), "default": registry.DEFAULT},
}

SERVER: dict[str, dict[str, Any]] = {
    "url": {"type": "str"},
    "api_key": {"type": "str", "no_log": True, "fallback": (env_fallback, ["LLM_API_KEY"])},
}

SERVER_RULES: dict[str, Any] = {
    "mutually_exclusive": [("url", "port_forward")],
    "required_one_of": [("url", "port_forward")],
}

# Ansible takes every name with "token" in it for a secret unless told otherwise.
MAX_TOKENS: dict[str, dict[str, Any]] = {"max_tokens": {"type": "int", "no_log": False}}

SAMPLING: dict[str, dict[str, Any]] = {
    **MAX_TOKENS,
    "temperature": {"type": "float"},
    "top_p": {"type": "float"},
    "top_k": {"type": "int"},
    "stop": {"type": "list", "elements": "str"},
    "seed": {"type": "int"},
    "parameters": {"type": "dict"},
}

MESSAGES: dict[str, dict[str, Any]] = {
    "messages": {
        "type": "list",
        "elements": "dict",
        "options": {
            "role": {"type": "str", "choices": ["user", "assistant", "system"], "required": True},
            "content": {"type": "str", "required": True},
        },
    },
}


def read_request(options: Mapping[str, Any], engine: Engine, *, streaming: bool) -> GenerationRequest:
    """The request that SAMPLING, ``prompt`` and ``messages`` describe, checked by the engine's rules.

    Raises InvalidOption with the option's name, ``parameters.NAME`` for the engine's own.
    """
    request = GenerationRequest(
        prompt=options["prompt"],
        messages=options.get("messages"),
        **{name: options[name] for name in SAMPLING if name != "parameters"},
        parameters=_own_parameters(options["parameters"] or {}, engine),
    )
    engine.check(request, streaming=streaming)
    return request


def _own_parameters(given: Mapping[str, Any], engine: Engine) -> dict[str, Any]:
    """The engine's own parameters as it types them, without those that are not set."""
    for name, value in given.items():
        if name not in engine.parameters:
            known = ", ".join(engine.parameters)
            raise InvalidOption(f"parameters.{name}", value, f"of {engine.title} only these names: {known}")
    named = {name: value for name, value in given.items() if value is not None}
    validated = ArgumentSpecValidator({name: dict(engine.parameters[name]) for name in named}).validate(named)
    if validated.error_messages:
        raise InvalidOption("parameters", dict(given), f"other values: {'; '.join(validated.error_messages)}")
    return {name: validated.validated_parameters[name] for name in named}
