#!/usr/bin/python
# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: tgi_generate
version_added: 0.1.0
short_description: Ask a model that text-generation-inference serves
description:
  - Sends one request for generation to a server of Hugging Face's text-generation-inference and returns the text, the
    tokens as the server counted them, and the time it took.
  - It is a prompt (O(inputs)) or a chat (O(messages)), answered as a whole or as a stream (O(stream)).
  - Waits for a fresh server within O(timeout), that is, connection failures, overload and lost replies are retried. A
    refused request never is.
  - In check mode the options are checked, the server is asked for its health and its model, and nothing is generated.
    A server that cannot be reached is then reported as RV(reachable), not as a failure.
extends_documentation_fragment:
  - llmops.gke.tgi
  - llmops.gke.google_auth
  - llmops.gke.kubernetes_access
  - llmops.gke.port_forward
  - llmops.gke.attributes
  - llmops.gke.attributes.actiongroup_tgi
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
    details: Nothing is changed.
  idempotent:
    support: full
    details: Nothing is changed; the text differs from run to run where it is sampled without a seed.
options:
  inputs:
    description:
      - The prompt, in the model's own template.
      - For Mistral-7B-Instruct that is C([INST] … [/INST]).
      - Give either this or O(messages).
    type: str
  messages:
    description:
      - A chat, which the server puts into the model's template. It goes to C(/v1/chat/completions).
      - Of O(parameters) it takes V(max_new_tokens), V(temperature), V(top_p), V(frequency_penalty),
        V(repetition_penalty), V(seed), V(stop), V(do_sample), V(top_n_tokens), V(grammar), V(adapter_id) and
        V(details), under these names.
    type: list
    elements: dict
    suboptions:
      role:
        description: Who speaks. Mistral-7B-Instruct-v0.1 knows no V(system).
        type: str
        required: true
        choices: [user, assistant, system]
      content:
        description: Text of the chat message.
        type: str
        required: true
  stream:
    description:
      - Whether the answer is sent token by token. It is returned as a whole in either case.
      - Then RV(ttft_seconds) and RV(tpot_seconds) are known, and the headers of time are not.
    type: bool
    default: false
  route:
    description:
      - The server's route for O(inputs).
      - On C(/) the prompt stands before the answer unless O(parameters.return_full_text) says otherwise.
    type: str
    choices: [/generate, /]
    default: /generate
  expect:
    description: What the answer must fulfil; the task fails where it does not.
    type: dict
    suboptions:
      status:
        description:
          - HTTP status of the answer, 200 where left out.
          - With the status of a refusal, such as V(401) without a key or V(422) for a prompt that is too long, that
            refusal is what the task wants. V(429) and V(503) count once O(timeout) has passed.
        type: int
      minimum_tokens:
        description: At least so many generated tokens.
        type: int
      finish_reason:
        description: Reason for which the generation must have ended.
        type: str
        choices: [length, eos_token, stop_sequence]
      pattern:
        description: A Python regular expression that is found in the text.
        type: str
  timeout:
    description: Seconds for everything, retries included.
    type: int
    default: 120
seealso:
  - module: llmops.gke.llm_latency
author:
  - The llmops.gke engineers (@llmops)
"""

EXAMPLES = r"""
- name: Ask the Cheshire Cat
  llmops.gke.tgi_generate:
    url: http://203.0.113.10
    inputs: >-
      [INST] You are a wise and courteous Cheshire Cat. What is a secret in the gardens of Wonderland? [/INST]
    parameters:
      max_new_tokens: 400
      temperature: 0.5
      top_k: 10
      top_p: 0.95
      repetition_penalty: 1.03
    expect:
      minimum_tokens: 1
  register: answer

- name: Ask a server that has no address outside of its cluster
  llmops.gke.tgi_generate:
    project: my-project
    location: us-central1
    cluster: mistral-cluster-gke
    port_forward: {service: mistral-7b-service, port: 80}
    inputs: "[INST] What is a secret in the gardens of Wonderland? [/INST]"

- name: Talk, and have the answer token by token
  llmops.gke.tgi_generate:
    url: http://203.0.113.10
    messages:
      - role: user
        content: What is a secret in the gardens of Wonderland?
    stream: true
    expect:
      pattern: (?i)garden

- name: Make sure that nobody is answered without a key
  llmops.gke.tgi_generate:
    url: http://203.0.113.10
    inputs: "[INST] Let me in. [/INST]"
    expect:
      status: 401
"""

RETURN = r"""
reachable:
  description: Whether the server answered.
  type: bool
  returned: success
  sample: true
unreachable_reason:
  description: Why the server could not be reached.
  type: str
  returned: in check mode, if RV(reachable=false)
url:
  description: The server's base URL.
  type: str
  returned: success
  sample: http://203.0.113.10
model:
  description: The model that the server says it serves.
  type: str
  returned: in check mode, if RV(reachable=true)
  sample: mistralai/Mistral-7B-Instruct-v0.1
status:
  description: HTTP status of the answer.
  type: int
  returned: out of check mode
  sample: 200
error_type:
  description: TGI's name of the refusal.
  type: str
  returned: if a refusal was expected
  sample: validation
error_message:
  description: What the server said to it.
  type: str
  returned: if a refusal was expected
ttft_seconds:
  description: From sending the request to the first token; null without O(stream).
  type: float
  returned: out of check mode
  sample: 0.11
tpot_seconds:
  description: Seconds a token after the first; null without O(stream).
  type: float
  returned: out of check mode
  sample: 0.048
generated_text:
  description: The text.
  type: str
  returned: out of check mode
  sample: " Ah, dear traveller, in the rose garden there is a door no taller than a teacup."
generated_tokens:
  description: Generated tokens as the server counted them.
  type: int
  returned: out of check mode
  sample: 207
finish_reason:
  description: V(length), V(eos_token) or V(stop_sequence); null without O(parameters.details).
  type: str
  returned: out of check mode
  sample: eos_token
seconds:
  description: From sending the request to having the whole answer, without earlier tries.
  type: float
  returned: out of check mode
  sample: 9.93
seconds_per_token:
  description:
    - RV(seconds) over RV(generated_tokens).
    - It holds the time to the first token too; M(llmops.gke.llm_latency) takes them apart.
  type: float
  returned: out of check mode
  sample: 0.048
headers:
  description: TGI's C(x-) headers. C(x-compute-time) is in seconds, the other times are in whole milliseconds.
  type: dict
  returned: out of check mode
  sample: {x-total-time: "9921", x-queue-time: "0", x-generated-tokens: "207"}
details:
  description: What the server says of the answer, unless O(parameters.details=false).
  type: dict
  returned: out of check mode
http_requests:
  description: Requests that were sent.
  type: int
  returned: success
  sample: 1
duration:
  description: Seconds that the task took.
  type: float
  returned: success
  sample: 9.95
"""

from ..module_utils.core.runner import run_module
from ..module_utils.engines.serving.tgi_generate import SPEC


def main() -> None:
    run_module(SPEC)


if __name__ == "__main__":
    main()
