# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The longest text that a model was made for, as its config.json tells it."""

from __future__ import annotations

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.models.positions import Positions, read_positions

YARN = {"type": "yarn", "factor": 4.0, "original_max_position_embeddings": 32768}


@pytest.mark.parametrize(
    ("config", "tokens", "source"),
    [
        ({"max_position_embeddings": 32768}, 32768, "max_position_embeddings"),
        ({"n_positions": 1024}, 1024, "n_positions"),
        ({"max_position_embeddings": 4096, "seq_length": 2048}, 2048, "seq_length"),
        ({"max_position_embeddings": 8192, "model_max_length": 131072}, 131072, "model_max_length"),
        ({"text_config": {"max_position_embeddings": 8192}, "seq_len": 7}, 8192, "max_position_embeddings"),
        (
            {"max_position_embeddings": 4096, "rope_scaling": {"type": "linear", "factor": 2}},
            8192,
            "max_position_embeddings and the RoPE scaling",
        ),
        (
            {"max_position_embeddings": 4096, "rope_scaling": {"rope_type": "dynamic", "factor": 1.5}},
            6144,
            "max_position_embeddings and the RoPE scaling",
        ),
        # Of YaRN's scaling the positions before it are what counts, whichever the model tells.
        (
            {"max_position_embeddings": 131072, "rope_scaling": YARN},
            131072,
            "max_position_embeddings and the RoPE scaling",
        ),
        (
            {"max_position_embeddings": 32768, "rope_parameters": YARN},
            131072,
            "max_position_embeddings and the RoPE scaling",
        ),
        (
            {"max_position_embeddings": 131072, "rope_scaling": {"rope_type": "llama3", "factor": 8.0}},
            131072,
            "max_position_embeddings",
        ),
        (
            {"max_position_embeddings": 131072, "rope_scaling": {"type": "longrope", "factor": 32.0}},
            131072,
            "max_position_embeddings",
        ),
        (
            {
                "max_position_embeddings": 131072,
                "model_type": "gemma3_text",
                "rope_scaling": {"rope_type": "linear", "factor": 8.0},
            },
            131072,
            "max_position_embeddings",
        ),
        (
            {
                "max_position_embeddings": 1000,
                "rope_parameters": {"full": {"rope_type": "linear", "factor": 3}, "sliding": {"rope_type": "default"}},
            },
            3000,
            "max_position_embeddings and the RoPE scaling",
        ),
    ],
    ids=str,
)
def test_positions_are_what_the_configuration_says_with_its_scaling(config, tokens, source):
    assert read_positions(config) == Positions(tokens, source)


@pytest.mark.parametrize(
    "config",
    [{}, *({"max_position_embeddings": value} for value in (None, "many", True, 0, -1))],
    ids=str,
)
def test_what_is_not_told_is_not_guessed(config):
    assert read_positions(config) is None


@pytest.mark.parametrize("scaling", ["yarn", [1], {"type": "yarn", "factor": "4"}, {"factor": True}], ids=str)
def test_a_scaling_that_is_none_changes_nothing(scaling):
    assert read_positions({"n_positions": 10, "rope_scaling": scaling}) == Positions(10, "n_positions")
