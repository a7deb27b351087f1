# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules of the variables of role tgi_mistral."""

from __future__ import annotations

from ...core.rules import Rule, image, least

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
