#!/usr/bin/python
# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: hf_model_info
version_added: 0.1.0
short_description: Check access to a model on the Hugging Face Hub and read its configuration
description:
  - Asks the Hub whether a token may read a model, and returns the model's C(config.json).
  - Fails with the reason where it may not, that is, the token is not known, the model's terms were not accepted (with
    the page to visit), or there is no such model.
  - Nothing is changed, so check mode does the same.
extends_documentation_fragment:
  - llmops.gke.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
    details: Nothing is changed.
  idempotent:
    support: full
options:
  model:
    description: The model's id, C(ORGANISATION/NAME).
    type: str
    required: true
  token:
    description:
      - An access token of the Hub. Needed for gated and private models.
      - Taken from E(HF_TOKEN) where the option is left out.
    type: str
  endpoint:
    description:
      - Base URL of the Hub.
      - Taken from E(HF_ENDPOINT) where the option is left out.
    type: str
    default: https://huggingface.co
  timeout:
    description: Seconds for everything, retries included.
    type: int
    default: 60
author:
  - The llmops.gke engineers (@llmops)
"""

EXAMPLES = r"""
- name: Find out before anything is created whether the token may read the model
  llmops.gke.hf_model_info:
    model: mistralai/Mistral-7B-Instruct-v0.1
    token: "{{ lookup('ansible.builtin.env', 'HF_TOKEN') }}"
  register: model
"""

RETURN = r"""
model:
  description: The model's id.
  type: str
  returned: success
  sample: mistralai/Mistral-7B-Instruct-v0.1
gated:
  description: Whether the model's terms must be accepted before it can be read.
  type: bool
  returned: success
  sample: true
access:
  description: V(granted); anything else fails the task.
  type: str
  returned: success
  sample: granted
revision:
  description: The commit that the Hub serves.
  type: str
  returned: success
  sample: 2dcff66eac0c01dc50e4c41eea959968232187fe
config:
  description: The model's C(config.json).
  type: dict
  returned: success
  sample: {num_hidden_layers: 32, num_attention_heads: 32, num_key_value_heads: 8, sliding_window: 4096}
http_requests:
  description: Requests that were sent.
  type: int
  returned: success
  sample: 3
duration:
  description: Seconds that the task took.
  type: float
  returned: success
  sample: 0.21
"""

from ansible.module_utils.basic import env_fallback

from ansible_collections.llmops.gke.plugins.module_utils.carrier import ModuleSpec, run_module
from ansible_collections.llmops.gke.plugins.module_utils.huggingface.engine import run_model_info

SPEC = ModuleSpec(
    run=run_model_info,
    argument_spec={
        "model": {"type": "str", "required": True},
        "token": {"type": "str", "no_log": True, "fallback": (env_fallback, ["HF_TOKEN"])},
        "endpoint": {
            "type": "str",
            "default": "https://huggingface.co",
            "fallback": (env_fallback, ["HF_ENDPOINT"]),
        },
        "timeout": {"type": "int", "default": 60},
    },
)


def main() -> None:
    run_module(SPEC)


if __name__ == "__main__":
    main()
