# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of every module that sends requests to a TGI server."""

from __future__ import annotations


class ModuleDocFragment:
    """See plugins/module_utils/serving/options.py for the argument spec that agrees with it."""

    DOCUMENTATION = r"""
options:
  url:
    description:
      - The server's base URL, C(http://ADDRESS[:PORT]), such as that of the model's load balancer.
      - Either this or O(port_forward) is needed.
    type: str
  api_key:
    description:
      - The key that the server was started with (C(API_KEY), TGI 2.3 and newer).
      - Taken from E(TGI_API_KEY) where the option is left out.
    type: str
  parameters:
    description:
      - TGI's parameters of generation. What is left out is not sent.
      - Each is checked before anything is sent, by the rules of TGI's router and its default limits.
      - Without any parameter TGI samples; with any it is greedy unless a sampling parameter is among them.
    type: dict
    suboptions:
      best_of:
        description:
          - Generate so many answers and return the likeliest.
          - At most 2, only when sampling and without O(parameters.seed).
        type: int
      temperature:
        description: Above 0; the higher, the more even the choice among tokens.
        type: float
      repetition_penalty:
        description: Above 0; 1 is none.
        type: float
      frequency_penalty:
        description: From -2 to 2; penalises tokens by how often they stand in the text already.
        type: float
      top_p:
        description: Above 0 and below 1; sample among the likeliest tokens that together reach this probability.
        type: float
      typical_p:
        description: Above 0 and below 1; typical decoding mass.
        type: float
      top_k:
        description: Above 0; sample among so many of the likeliest tokens.
        type: int
      do_sample:
        description:
          - Whether to sample.
          - Implied by O(parameters.temperature), O(parameters.top_k), O(parameters.top_p) and O(parameters.typical_p).
        type: bool
      max_new_tokens:
        description: At most so many tokens are generated; above 0.
        type: int
      return_full_text:
        description:
          - Whether the prompt stands before the answer.
          - TGI's default is V(true) on C(/) and V(false) on C(/generate).
        type: bool
      stop:
        description: Texts at which generation stops; at most 4.
        type: list
        elements: str
      seed:
        description: Seed that makes sampling repeatable.
        type: int
      top_n_tokens:
        description: Report so many of the likeliest tokens of each step; at most 5.
        type: int
      truncate:
        description: Keep only so many tokens of the prompt, its end.
        type: int
      watermark:
        description: Whether to watermark the text.
        type: bool
      details:
        description: Whether the answer carries its tokens, their number and the reason of its end.
        type: bool
      decoder_input_details:
        description: Whether the answer carries the prompt's tokens; not when streaming.
        type: bool
      grammar:
        description: A grammar that the answer must follow.
        type: dict
        suboptions:
          type:
            description: Kind of grammar that constrains the output.
            type: str
            required: true
            choices: [json, regex, json_schema]
          value:
            description: The JSON schema, or the regular expression.
            type: raw
            required: true
      adapter_id:
        description: The LoRA adapter to answer with.
        type: str
"""
