# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The variables of role tgi_mistral: what each sets, and their rules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...core.rules import Rule, image, least
from .environment import NUMBERS

_ENV = "tgi_mistral_env"

VARIABLES = {
    "MODEL_ID": "llmops_model",
    "NUM_SHARD": "tgi_mistral_num_shard",
    "PORT": "tgi_mistral_port",
    "QUANTIZE": "tgi_mistral_quantize",
    "MAX_TOTAL_TOKENS": "tgi_mistral_env.MAX_TOTAL_TOKENS",
    "MAX_BATCH_PREFILL_TOKENS": "tgi_mistral_env.MAX_BATCH_PREFILL_TOKENS",
}


def _environment(values: Any) -> Mapping[str, Any]:
    found = values[_ENV]
    return found if isinstance(found, Mapping) else {}


def _no_number(values: Any) -> str:
    """The first variable that takes a number and has none; empty where there is none such."""
    given = _environment(values)
    return next((name for name in NUMBERS if name in given and not str(given[name]).isdecimal()), "")


def _limit(values: Any, *names: str) -> int:
    given = [str(_environment(values).get(name)) for name in names]
    return next((int(one) for one in given if one.isdecimal()), 0)


def _inputs_fit(values: Any) -> bool:
    inputs, total = _limit(values, "MAX_INPUT_TOKENS", "MAX_INPUT_LENGTH"), _limit(values, "MAX_TOTAL_TOKENS")
    return not (inputs and total) or inputs < total


RULES = (
    Rule(
        lambda values: f"{_ENV}.{_no_number(values)}",
        (_ENV,),
        lambda values: not _no_number(values),
        "a whole number",
        value=lambda values: _environment(values)[_no_number(values)],
    ),
    Rule(
        f"{_ENV}.MAX_INPUT_TOKENS",
        (_ENV,),
        _inputs_fit,
        lambda values: (
            f"less than MAX_TOTAL_TOKENS ({_limit(values, 'MAX_TOTAL_TOKENS')}), which counts the answer, too"
        ),
        value=lambda values: _limit(values, "MAX_INPUT_TOKENS", "MAX_INPUT_LENGTH"),
    ),
    least("tgi_mistral_num_shard", 1, "llmops_gpus_per_replica"),
    least("tgi_mistral_port", 1),
    image("tgi_mistral_image"),
    Rule(
        "llmops_served_name",
        ("llmops_served_name", "llmops_model"),
        lambda values: values["llmops_served_name"] == values["llmops_model"],
        "the value of llmops_model: this server always has the model's ID for its name",
    ),
)
