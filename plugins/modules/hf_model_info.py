#!/usr/bin/python
# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: hf_model_info
version_added: 0.1.0
short_description: Check access to a model on the Hugging Face Hub, and what GPU memory it needs
description:
  - Asks the Hub whether a token may read a model, and returns the model's C(config.json).
  - Fails with the reason where it may not, that is, the token is not known, the model's terms were not accepted (with
    the page to visit), or there is no such model.
  - Says how large the model is, that is, its parameters, the bytes of its weights in each number format, the bytes of
    cache that a token takes, and (with O(accelerator_type)) how many tokens fit a GPU beside the weights.
  - What fits is counted as text-generation-inference does, which takes nine tenths of the GPU's memory. A prefill needs
    some of it in passing, so the tokens are the most that can be.
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
    description: ID of the model on the Hugging Face Hub, C(ORGANISATION/NAME).
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
  accelerator_type:
    description: GPU that the model is meant for, by GKE's name, such as V(nvidia-l4). Without it RV(fit) is null.
    type: str
  gpus:
    description: GPUs that share one copy of the model (C(NUM_SHARD)).
    type: int
    default: 1
  quantize:
    description: The C(QUANTIZE) that the server is to be started with; empty for none.
    type: str
    default: ""
  context:
    description: Tokens of prompt and answer that one request may have (C(MAX_TOTAL_TOKENS)).
    type: int
    default: 4096
  require_fit:
    description: Whether to fail where the model does not fit O(gpus) of O(accelerator_type).
    type: bool
    default: false
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

- name: Refuse a model that does not fit the GPU of the pool
  llmops.gke.hf_model_info:
    model: mistralai/Mistral-7B-Instruct-v0.1
    accelerator_type: nvidia-l4
    context: 8192
    require_fit: true
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
parameters:
  description: Number of parameters; null where neither the Hub's page nor a safetensors index tells.
  type: int
  returned: success
  sample: 7241732096
weights_bytes:
  description:
    - Bytes of the weights by number format; V(fp16), V(fp8), V(int8), V(nf4), and V(stored) as the repository has them.
    - Embeddings and the output layer stay in 16 bits. Of weights that are stored quantised there is V(stored) alone.
  type: dict
  returned: success
  sample: {fp16: 14483464192, fp8: 7503876096, int8: 7503876096, nf4: 4450091008, stored: 14483464192}
kv_bytes_per_token:
  description: Bytes of cache that a token takes in 16 bits; null where the configuration does not tell.
  type: int
  returned: success
  sample: 131072
shape:
  description: The model's dimensions, or null where its configuration does not tell them.
  type: dict
  returned: success
  contains:
    attention:
      description: V(MHA), V(GQA) or V(MQA), by how many heads share keys and values.
      type: str
    layers:
      description: Layers.
      type: int
    heads:
      description: Heads of attention.
      type: int
    kv_heads:
      description: Heads that have keys and values of their own.
      type: int
    head_size:
      description: Numbers of a head.
      type: int
    hidden_size:
      description: Numbers of a token between layers.
      type: int
    vocabulary:
      description: Tokens of the vocabulary.
      type: int
    tied:
      description: Whether embedding and output layer are one.
      type: bool
    window:
      description: Tokens that a token looks back at most (sliding window), or null.
      type: int
    positions:
      description: Longest context by the configuration, or null.
      type: int
  sample: {attention: GQA, layers: 32, heads: 32, kv_heads: 8, head_size: 128, window: 4096, positions: 32768}
tokenizer:
  description: Kind of the tokenizer, and whether it falls back to bytes for what its vocabulary lacks.
  type: dict
  returned: success
  sample: {type: BPE, byte_fallback: true}
fit:
  description: What fits the GPUs, or null, for the reason in RV(fit_reason).
  type: dict
  returned: success
  contains:
    fits:
      description: Whether a request of O(context) tokens can be served with O(quantize).
      type: bool
    format:
      description: The number format that O(quantize) makes.
      type: str
    gpu_bytes:
      description: Memory of the GPUs.
      type: int
    usable_bytes:
      description: What text-generation-inference takes of it.
      type: int
    formats:
      description:
        - By number format C(fits), C(weights_bytes), C(kv_tokens) (tokens of cache beside the weights),
          C(longest_context), and C(concurrency), that is, how many requests of which length fit at once.
      type: dict
  sample: {fits: true, format: fp16, gpu_bytes: 24152899584, usable_bytes: 21737609625}
fit_reason:
  description: Why the model does not fit, or why that is not known; null where it fits.
  type: str
  returned: success
http_requests:
  description: Requests that were sent.
  type: int
  returned: success
  sample: 4
duration:
  description: Seconds that the task took.
  type: float
  returned: success
  sample: 0.21
"""

from ..module_utils.core.runner import run_module
from ..module_utils.engines.serving.hf_model_info import SPEC


def main() -> None:
    run_module(SPEC)


if __name__ == "__main__":
    main()
