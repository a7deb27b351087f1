#!/usr/bin/python
# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: hf_model_info
version_added: 0.2.0
short_description: Check access to a model on the Hugging Face Hub, and what GPU memory it needs
description:
  - Asks the Hub whether a token may read a model, and returns the model's C(config.json).
  - Fails with the reason if it may not, for example because the token is not known, the model's terms were not accepted
    (with the page to visit), or the model does not exist.
  - Returns the size of the model, which is its number of parameters, the bytes of its weights in each number format,
    the bytes of cache for each token, and (with O(accelerator_type)) the number of tokens that fit a GPU beside the
    weights.
  - What fits is calculated by the rules of the model server in O(engine). The prefill of a prompt temporarily needs
    some of the memory, so the numbers of tokens are upper limits.
extends_documentation_fragment:
  - llmops.gke.llm.engine
  - llmops.gke.attributes
  - llmops.gke.attributes.actiongroup_hf
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
    details: The module changes nothing.
  idempotent:
    support: full
options:
  model:
    description: Name of the model on the Hub, C(ORGANISATION/NAME).
    type: str
    required: true
  token:
    description:
      - Access token of the Hub, required for gated and private models.
      - The value of the environment variable E(HF_TOKEN) is used when the option is not set.
    type: str
  endpoint:
    description:
      - Base URL of the Hub or of a mirror of it.
      - The value of the environment variable E(HF_ENDPOINT) is used when the option is not set.
    type: str
    default: https://huggingface.co
  accelerator_type:
    description:
      - Type of GPU that the model will run on, by its name in GKE, such as V(nvidia-l4).
      - RV(fit) is null if the option is not set.
    type: str
  machine_type:
    description:
      - Machine type of the node. It matters where a machine has a part of a GPU, such as V(g4-standard-6), which has an
        eighth of an RTX PRO 6000 and of its memory.
    type: str
  gpus:
    description: Number of GPUs that share one copy of the model.
    type: int
    default: 1
  quantize:
    description:
      - Quantisation method that the model server will use, by the server's own name, such as V(bitsandbytes-nf4).
      - An empty string means no quantisation.
    type: str
    default: ""
  context:
    description: Maximum number of tokens of one request, prompt and answer together.
    type: int
    default: 4096
  gpu_memory_utilization:
    description:
      - Part of the GPU memory that the model server may use, above 0 and at most 1.
      - By default the part that the server in O(engine) uses when it is not told otherwise.
    type: float
  require_fit:
    description: Fail the task if the model does not fit O(gpus) GPUs of the type O(accelerator_type).
    type: bool
    default: false
  timeout:
    description: Maximum number of seconds for the whole task, including retries.
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
  description: Name of the model on the Hub.
  type: str
  returned: success
  sample: mistralai/Mistral-7B-Instruct-v0.1
gated:
  description: Whether the model's terms must be accepted before it can be read.
  type: bool
  returned: success
  sample: true
access:
  description: Always V(granted), because the task fails without access.
  type: str
  returned: success
  sample: granted
revision:
  description: Commit of the model that the Hub serves.
  type: str
  returned: success
  sample: 2dcff66eac0c01dc50e4c41eea959968232187fe
config:
  description: Content of the model's C(config.json).
  type: dict
  returned: success
  sample: {num_hidden_layers: 32, num_attention_heads: 32, num_key_value_heads: 8, sliding_window: 4096}
parameters:
  description: Number of parameters. It is null if neither the Hub nor a safetensors index tells it.
  type: int
  returned: success
  sample: 7241732096
weights_bytes:
  description:
    - Bytes of the weights by number format, V(fp16), V(fp8), V(int8), V(nf4), and V(stored) as they are in the
      repository.
    - Embeddings and the output layer stay in 16 bits. For weights that are stored quantised there is only V(stored).
  type: dict
  returned: success
  sample: {fp16: 14483464192, fp8: 7503876096, int8: 7503876096, nf4: 4450091008, stored: 14483464192}
kv_bytes_per_token:
  description: Bytes of cache for each token in 16 bits. It is null if the configuration does not tell it.
  type: int
  returned: success
  sample: 131072
shape:
  description: Dimensions of the model. It is null if the configuration does not tell them.
  type: dict
  returned: success
  contains:
    attention:
      description: Kind of attention, V(MHA), V(GQA) or V(MQA).
      type: str
    layers:
      description: Number of layers of the model.
      type: int
    heads:
      description: Number of attention heads in each layer.
      type: int
    kv_heads:
      description: Number of heads with their own keys and values.
      type: int
    head_size:
      description: Size of one attention head.
      type: int
    hidden_size:
      description: Size of the hidden state of a token.
      type: int
    vocabulary:
      description: Number of tokens in the vocabulary.
      type: int
    tied:
      description: Whether the embedding and the output layer share their weights.
      type: bool
    window:
      description: Length of the sliding attention window in tokens. It is null if there is none.
      type: int
    positions:
      description: Longest context by the configuration in tokens. It is null if there is none.
      type: int
    experts:
      description: Number of experts of a mixture, of which each token uses a few. It is 0 for any other model.
      type: int
  sample: {attention: GQA, layers: 32, heads: 32, kv_heads: 8, head_size: 128, window: 4096, positions: 32768}
tokenizer:
  description: Type of the tokenizer, and whether it falls back to bytes for unknown characters.
  type: dict
  returned: success
  sample: {type: BPE, byte_fallback: true}
chat_template:
  description:
    - Whether the model has a template by which a model server formats the messages of a chat.
    - Without one a model takes prompts only, and a server may refuse chats.
  type: bool
  returned: success
  sample: true
quantization:
  description:
    - Method by which the stored weights are quantised, by the model's C(config.json), such as V(awq) or V(gptq).
    - It is null if they are not quantised.
  type: str
  returned: success
  sample: null
fit:
  description: What fits the GPUs. It is null for the reason in RV(fit_reason).
  type: dict
  returned: success
  contains:
    fits:
      description: Whether a request of O(context) tokens can be served with O(quantize).
      type: bool
    format:
      description: Number format of the weights with O(quantize).
      type: str
    slow:
      description: Whether O(quantize) is slower than weights of 16 bits.
      type: bool
    gpu_bytes:
      description: Total memory of the GPUs in bytes.
      type: int
    usable_bytes:
      description: Part of the memory that the model server uses, in bytes.
      type: int
    formats:
      description:
        - By number format C(fits), C(weights_bytes), C(kv_tokens) (tokens of cache beside the weights),
          C(longest_context), C(token_seconds) (the least time of a token when one request is served, because the GPUs
          read all weights from their memory for it; a mixture of experts reads fewer), C(prompt_token_seconds) (the
          least time of a token of the prompt, by the GPUs' speed of calculation), and C(concurrency), that is, how many
          requests of which length fit at once.
      type: dict
  sample: {fits: true, format: fp16, gpu_bytes: 24152899584, usable_bytes: 21737609625}
fit_reason:
  description: Why the model does not fit, or why that is unknown. It is null if the model fits.
  type: str
  returned: success
http_requests:
  description: Number of HTTP requests that were sent.
  type: int
  returned: success
  sample: 4
duration:
  description: Number of seconds that the task took.
  type: float
  returned: success
  sample: 0.21
error:
  description: Structured description of the failure. Its C(kind) tells failures apart.
  type: dict
  returned: failure
"""

from ..module_utils.core.runner import run_module
from ..module_utils.engines.serving.hf_model_info import SPEC


def main() -> None:
    run_module(SPEC)


if __name__ == "__main__":
    main()
