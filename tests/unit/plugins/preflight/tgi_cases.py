# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Variables of role tgi_mistral that break a rule of preflight, and those that hold."""

from __future__ import annotations

from typing import Any

BREAKS: list[tuple[dict[str, Any], str]] = [
    ({"tgi_mistral_port": 0}, "tgi_mistral_port: 0 is not accepted"),
    ({"tgi_mistral_num_shard": 0}, "tgi_mistral_num_shard: 0 is not accepted; it takes 1 or more"),
    ({"tgi_mistral_image": ""}, 'tgi_mistral_image: "" is not accepted; it takes an image, by tag or by digest'),
    (
        {"tgi_mistral_env": {"MAX_INPUT_TOKENS": 1000, "MAX_TOTAL_TOKENS": "lots"}},
        'tgi_mistral_env.MAX_TOTAL_TOKENS: "lots" is not accepted; it takes a whole number',
    ),
    (
        {"tgi_mistral_env": {"MAX_BATCH_SIZE": -1}},
        "tgi_mistral_env.MAX_BATCH_SIZE: -1 is not accepted; it takes a ",
    ),
    (
        {"tgi_mistral_env": {"MAX_INPUT_TOKENS": "2048", "MAX_TOTAL_TOKENS": 2048}},
        "tgi_mistral_env.MAX_INPUT_TOKENS: 2048 is not accepted; it takes less than MAX_TOTAL_TOKENS (2048), which ",
    ),
    (
        {"tgi_mistral_env": {"MAX_INPUT_LENGTH": 4096, "MAX_TOTAL_TOKENS": 2048}},
        "tgi_mistral_env.MAX_INPUT_TOKENS: 4096 is not accepted; it takes less than MAX_TOTAL_TOKENS (2048), which ",
    ),
]

HOLDS: list[dict[str, Any]] = [
    {"tgi_mistral_env": {"MAX_INPUT_TOKENS": 2047, "MAX_TOTAL_TOKENS": "2048"}},
    {"tgi_mistral_env": {"MAX_INPUT_TOKENS": 2048}},
    {"tgi_mistral_env": {"LOG_LEVEL": "debug", "MAX_TOTAL_TOKENS": 2048}},
    {"tgi_mistral_env": "LOG_LEVEL=debug"},
]
