# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""TGI's generation parameters: one table that the modules' options and the checks before sending both read.

Rules and messages are those of TGI 3.3.7's router (router/src/validation.rs, router/src/lib.rs), with its default
limits. What depends on the server's own launch arguments (the longest input, all tokens together) is left to it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ...core.errors import InvalidOption
from ..engine import GenerationRequest

MAX_BEST_OF = 2
MAX_STOP_SEQUENCES = 4
MAX_TOP_N_TOKENS = 5


def _anything(_value: Any) -> bool:
    return True


def _positive(value: Any) -> bool:
    return value > 0


def _inside_0_and_1(value: Any) -> bool:
    return 0 < value < 1


@dataclass(frozen=True)
class Parameter:
    """A parameter: its type in Ansible's words, the range that holds, and the router's message where it does not.

    message: ``{value}`` and ``{count}`` are filled in. unsigned: the Rust type whose range is refused below 0, by the
    router's web framework rather than by its rules.
    """

    type: str
    holds: Callable[[Any], bool] = _anything
    message: str = ""
    unsigned: str | None = None

    def objection(self, value: Any) -> str | None:
        """The router's message for a value outside the range, or None."""
        if self.type == "float" and not math.isfinite(value):
            return f"invalid value: floating point `{value}`, expected f32"
        if self.unsigned and value < 0:
            return f"invalid value: integer `{value}`, expected {self.unsigned}"
        if self.holds(value):
            return None
        return self.message.format(value=value, count=len(value) if isinstance(value, list) else 0)


PARAMETERS: dict[str, Parameter] = {
    "best_of": Parameter(
        "int",
        lambda value: value <= MAX_BEST_OF,
        f"`best_of` must be > 0 and <= {MAX_BEST_OF}. Given: {{value}}",
        unsigned="usize",
    ),
    "temperature": Parameter("float", _positive, "`temperature` must be strictly positive"),
    "repetition_penalty": Parameter("float", _positive, "`repetition_penalty` must be strictly positive"),
    "frequency_penalty": Parameter(
        "float", lambda value: -2 <= value <= 2, "`frequency_penalty` must be >= -2.0 and <= 2.0"
    ),
    "top_p": Parameter("float", _inside_0_and_1, "`top_p` must be > 0.0 and < 1.0"),
    "typical_p": Parameter("float", _inside_0_and_1, "`typical_p` must be > 0.0 and < 1.0"),
    "top_k": Parameter("int", _positive, "`top_k` must be strictly positive"),
    "do_sample": Parameter("bool"),
    "max_new_tokens": Parameter("int", _positive, "`max_new_tokens` must be strictly positive", unsigned="u32"),
    "return_full_text": Parameter("bool"),
    "stop": Parameter(
        "list",
        lambda value: len(value) <= MAX_STOP_SEQUENCES,
        f"`stop` supports up to {MAX_STOP_SEQUENCES} stop sequences. Given: {{count}}",
    ),
    "seed": Parameter("int", unsigned="u64"),
    "top_n_tokens": Parameter(
        "int",
        lambda value: value <= MAX_TOP_N_TOKENS,
        f"`top_n_tokens` must be >= 0 and <= {MAX_TOP_N_TOKENS}. Given: {{value}}",
        unsigned="u32",
    ),
    "truncate": Parameter(
        "int",
        _positive,
        "`truncate` must be strictly positive and less than the server's longest input. Given: {value}",
        unsigned="usize",
    ),
    "watermark": Parameter("bool"),
    "details": Parameter("bool"),
    "decoder_input_details": Parameter("bool"),
    "grammar": Parameter("dict"),
    "adapter_id": Parameter("str"),
}
"""In the order in which the router checks them."""

_SAMPLING = ("temperature", "top_k", "top_p", "typical_p")


_NESTED: dict[str, dict[str, Any]] = {
    "stop": {"elements": "str"},
    "grammar": {
        "options": {
            "type": {"type": "str", "required": True, "choices": ["json", "regex", "json_schema"]},
            "value": {"type": "raw", "required": True},
        }
    },
}

ARGUMENT_SPEC: dict[str, dict[str, Any]] = {
    # Ansible takes every name with "token" in it for a secret unless told otherwise.
    name: {"type": parameter.type, **({"no_log": False} if "token" in name else {}), **_NESTED.get(name, {})}
    for name, parameter in PARAMETERS.items()
}

NAMES = {
    "max_tokens": "max_new_tokens",
    "temperature": "temperature",
    "top_p": "top_p",
    "top_k": "top_k",
    "stop": "stop",
    "seed": "seed",
}
"""What every engine has, by its general name, under TGI's."""

_OFF = {"top_p": 1, "top_k": 0}
"""Values by which a general parameter is switched off; TGI's router refuses them, and does so where it is left out."""


def own_parameters(request: GenerationRequest) -> dict[str, Any] | None:
    """All parameters of a request under TGI's names, or None where there is none.

    The difference matters: without parameters TGI samples, with any it is greedy unless told to sample.
    """
    named = {name: value for name, value in request.parameters.items() if value is not None}
    for name, own in NAMES.items():
        value = getattr(request, name)
        if name == "temperature" and value == 0:
            named["do_sample"] = False
        elif value is not None and value != _OFF.get(name):
            named[own] = value
    return named or None


def check_request(inputs: str | None, parameters: Mapping[str, Any] | None, *, streaming: bool) -> None:
    """Refuse what TGI would refuse, before anything is sent: raises InvalidOption with the router's own message."""
    given = dict(parameters or {})
    if streaming:
        _refuse(given, "best_of", _streams_several, "`best_of` != 1 is not supported when streaming tokens")
        _refuse(
            given,
            "decoder_input_details",
            bool,
            "`decoder_input_details` == true is not supported when streaming tokens",
        )
    for name, parameter in PARAMETERS.items():
        if name in given:
            message = parameter.objection(given[name])
            if message is not None:
                raise _refusal(name, given[name], message)
    if given.get("best_of", 1) > 1:
        if not (given.get("do_sample") or any(name in given for name in _SAMPLING)):
            raise _refusal("best_of", given["best_of"], "you must use sampling when `best_of` is > 1")
        if "seed" in given:
            raise _refusal("seed", given["seed"], "`seed` must not be set when `best_of` > 1")
    if not inputs:
        raise InvalidOption("inputs", inputs, "a prompt; the router says: `inputs` cannot be empty")


def _streams_several(best_of: int) -> bool:
    return best_of != 1


def _refuse(given: Mapping[str, Any], name: str, broken: Callable[[Any], bool], message: str) -> None:
    if name in given and broken(given[name]):
        raise _refusal(name, given[name], message)


def _refusal(name: str, value: Any, message: str) -> InvalidOption:
    return InvalidOption(f"parameters.{name}", value, f"what TGI's router takes: {message}")
