# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The generation parameters of text-generation-inference."""

from __future__ import annotations


class ModuleDocFragment:
    """See plugins/module_utils/serving/tgi/parameters.py for the argument spec that agrees with it."""

    DOCUMENTATION = r"""
options:
  parameters:
    description:
      - Generation parameters of TGI. Parameters that are not set are not sent.
      - Each is checked before anything is sent, by the rules of TGI's router and its default limits.
      - TGI samples when no parameter is set. When any is set, it takes the most likely tokens unless a sampling
        parameter is among them.
      - With O(messages) only O(parameters.max_new_tokens), O(parameters.temperature), O(parameters.top_p),
        O(parameters.frequency_penalty), O(parameters.repetition_penalty), O(parameters.seed), O(parameters.stop),
        O(parameters.do_sample), O(parameters.top_n_tokens), O(parameters.grammar), O(parameters.adapter_id) and
        O(parameters.details) can be set.
    type: dict
    suboptions:
      best_of:
        description:
          - Number of sequences to generate, of which the most likely one is returned. The maximum is 2.
          - It requires sampling, and cannot be combined with O(parameters.seed) or O(stream).
        type: int
      temperature:
        description: Sampling temperature, above 0. Higher values make the text more varied.
        type: float
      repetition_penalty:
        description: Penalty for tokens that occurred before, above 0. V(1) means no penalty.
        type: float
      frequency_penalty:
        description: Penalty for tokens by how often they occurred before, from -2 to 2.
        type: float
      top_p:
        description:
          - Sample only from the most likely tokens whose probabilities add up to this value (nucleus sampling).
          - It must be above 0 and below 1.
        type: float
      typical_p:
        description: Probability mass for typical decoding, above 0 and below 1.
        type: float
      top_k:
        description: Number of most likely tokens to sample from, above 0.
        type: int
      do_sample:
        description:
          - Sample tokens instead of always taking the most likely one.
          - Setting O(parameters.temperature), O(parameters.top_k), O(parameters.top_p) or O(parameters.typical_p)
            implies it.
        type: bool
      max_new_tokens:
        description: Maximum number of tokens to generate, above 0.
        type: int
      return_full_text:
        description:
          - Put the prompt in front of the generated text.
          - TGI's default is V(true) on the route C(/) and V(false) on C(/generate).
        type: bool
      stop:
        description: Texts that end the generation as soon as one of them is generated. The maximum is 4 texts.
        type: list
        elements: str
      seed:
        description: Seed of the random number generator, to get the same text again from the same request.
        type: int
      top_n_tokens:
        description: Number of most likely tokens to report for each step. The maximum is 5.
        type: int
      truncate:
        description: Maximum number of prompt tokens to keep. Tokens at the beginning of the prompt are dropped.
        type: int
      watermark:
        description: Watermark the generated text, so that it can be recognised later.
        type: bool
      details:
        description: Return the generated tokens, their number and the reason for the end of the generation.
        type: bool
      decoder_input_details:
        description: Return the tokens of the prompt. This cannot be combined with O(stream).
        type: bool
      grammar:
        description: Grammar that the generated text must follow.
        type: dict
        suboptions:
          type:
            description: Type of the grammar in O(parameters.grammar.value).
            type: str
            required: true
            choices: [json, regex, json_schema]
          value:
            description: The grammar itself, a JSON schema or a regular expression.
            type: raw
            required: true
      adapter_id:
        description: Name of the LoRA adapter to generate with.
        type: str
"""
