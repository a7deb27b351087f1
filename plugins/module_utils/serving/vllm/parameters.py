# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""vLLM's generation parameters beyond OpenAI's (vLLM 0.32: its OpenAPI document, recorded refusals)."""

from __future__ import annotations

from ..openai.parameters import GENERAL, Parameter, Table

MOST_LOGPROBS = 20
"""By default; --max-logprobs changes it."""

PARAMETERS: Table = {
    **GENERAL,
    "min_p": Parameter("float", lambda value: 0 <= value <= 1, "min_p must be in [0, 1], got {value}."),
    "repetition_penalty": Parameter(
        "float", lambda value: value > 0, "repetition_penalty must be greater than zero, got {value}."
    ),
    "min_tokens": Parameter(
        "int", lambda value: value >= 0, "min_tokens must be greater than or equal to 0, got {value}."
    ),
    "ignore_eos": Parameter("bool"),
    "stop_token_ids": Parameter("list", nested={"elements": "int"}),
    "include_stop_str_in_output": Parameter("bool"),
    "skip_special_tokens": Parameter("bool"),
    "logprobs": Parameter(
        "int",
        lambda value: 0 <= value <= MOST_LOGPROBS,
        f"Requested sample logprobs of {{value}}, which is greater than max allowed: {MOST_LOGPROBS}",
        only="prompt",
    ),
    "echo": Parameter("bool", only="prompt"),
    "chat_template_kwargs": Parameter("dict", only="chat"),
    "structured_outputs": Parameter("dict"),
    "priority": Parameter("int"),
}
