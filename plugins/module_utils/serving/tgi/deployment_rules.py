# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The variables of role tgi_mistral: what each sets, and their rules."""

from __future__ import annotations

from ...core.rules import Rule, image, least

VARIABLES = {
    "MODEL_ID": "llmops_model",
    "NUM_SHARD": "tgi_mistral_num_shard",
    "PORT": "tgi_mistral_port",
    "QUANTIZE": "tgi_mistral_quantize",
    "MAX_TOTAL_TOKENS": "tgi_mistral_env.MAX_TOTAL_TOKENS",
    "MAX_BATCH_PREFILL_TOKENS": "tgi_mistral_env.MAX_BATCH_PREFILL_TOKENS",
}

RULES = (
    least("tgi_mistral_num_shard", 1),
    least("tgi_mistral_port", 1),
    image("tgi_mistral_image"),
    Rule(
        "llmops_served_name",
        ("llmops_served_name", "llmops_model"),
        lambda values: values["llmops_served_name"] == values["llmops_model"],
        "the value of llmops_model: this server always has the model's ID for its name",
    ),
)
