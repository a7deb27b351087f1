# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Generation parameters of OpenAI's routes, and the rules that hold before anything is sent.

A server's own further ones, and its words where they are recorded, are in its folder.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ...core.errors import InvalidOption
from ..engine import GenerationRequest

MOST_STOPS = 4
LEAST_SEED, MOST_SEED = -(2**63), 2**63 - 1
GENERAL_NAMES = ("max_tokens", "temperature", "top_p", "top_k", "stop", "seed")


@dataclass(frozen=True)
class Parameter:
    """A parameter: its type in Ansible's words, the range that holds, and what a server says of other values.

    message: ``{value}`` is filled in. only: "prompt" or "chat" where the other route does not take it. nested: more of
    its argument spec.
    """

    type: str
    holds: Callable[[Any], bool] = lambda _value: True
    message: str = ""
    only: str | None = None
    nested: Mapping[str, Any] | None = None


Table = Mapping[str, Parameter]


def _between(least: float, most: float) -> Callable[[Any], bool]:
    return lambda value: least <= value <= most


RULES: Table = {
    "max_tokens": Parameter("int", lambda value: value >= 1, "max_tokens must be at least 1, got {value}."),
    "temperature": Parameter("float", lambda value: value >= 0, "temperature must be non-negative, got {value}."),
    "top_p": Parameter("float", lambda value: 0 < value <= 1, "top_p must be in (0, 1], got {value}."),
    "top_k": Parameter("int", lambda value: value >= 0, "top_k must be 0 (disable), or at least 1, got {value}."),
    "stop": Parameter(
        "list",
        lambda value: len(value) <= MOST_STOPS,
        f"List should have at most {MOST_STOPS} items after validation, not {{count}}",
    ),
    "seed": Parameter("int", _between(LEAST_SEED, MOST_SEED), "Input should be a number of 64 bits"),
}
"""Of what every engine has, by its general name, which is OpenAI's as well."""

GENERAL: Table = {
    "n": Parameter("int", lambda value: value >= 1, "n must be at least 1, got {value}."),
    "presence_penalty": Parameter("float", _between(-2, 2), "presence_penalty must be in [-2, 2], got {value}."),
    "frequency_penalty": Parameter("float", _between(-2, 2), "frequency_penalty must be in [-2, 2], got {value}."),
    "logit_bias": Parameter("dict"),
    "response_format": Parameter("dict"),
    "user": Parameter("str"),
}
"""Parameters that OpenAI's own routes have."""


def argument_spec(table: Table) -> dict[str, dict[str, Any]]:
    """Ansible's argument spec of the parameters."""
    # Ansible takes every name with "token" in it for a secret unless told otherwise.
    return {
        name: {"type": one.type, **({"no_log": False} if "token" in name else {}), **(one.nested or {})}
        for name, one in table.items()
    }


def check_request(request: GenerationRequest, table: Table, server: str, *, streaming: bool) -> None:
    """Refuse what the server would refuse, before anything is sent: raises InvalidOption with the server's words."""
    for name in GENERAL_NAMES:
        value = getattr(request, name)
        if value is not None:
            _check(name, value, RULES[name], server)
    route = "prompt" if request.messages is None else "chat"
    for name, value in request.parameters.items():
        one = table[name]
        if one.only not in (None, route):
            other = "a prompt" if one.only == "prompt" else "messages"
            raise InvalidOption(f"parameters.{name}", value, f"only with {other}")
        _check(f"parameters.{name}", value, one, server)
    if streaming and request.parameters.get("n", 1) != 1:
        raise InvalidOption("parameters.n", request.parameters["n"], "1 with stream")
    if request.messages is not None and not request.messages:
        raise InvalidOption("messages", [], "at least one message")
    if request.messages is None and not request.prompt:
        raise InvalidOption("prompt", request.prompt, "a text that is not empty")


def _check(option: str, value: Any, rule: Parameter, server: str) -> None:
    finite = not isinstance(value, float) or math.isfinite(value)
    if finite and rule.holds(value):
        return
    count = len(value) if isinstance(value, list) else 0
    told = rule.message.format(value=value, count=count) if finite else f"{value} is no finite number"
    raise InvalidOption(option, value, f"what {server} takes: {told}")
