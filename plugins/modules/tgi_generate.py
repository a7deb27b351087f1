#!/usr/bin/python
# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: tgi_generate
version_added: 0.2.0
short_description: Generate text with text-generation-inference and any of its parameters
description:
  - Sends one prompt (O(inputs)) or one chat (O(messages)) to Hugging Face's text-generation-inference (TGI), and
    returns the generated text, the number of tokens as counted by the server, and the time it took.
  - Has every generation parameter of TGI as an option of its own. M(llmops.gke.llm_generate) does the same with any
    model server.
  - Waits up to O(timeout) for a server that is starting. Failed connections, overload and lost replies are retried,
    while a refused request is never repeated.
  - In check mode the options are checked and the server is asked for its health and its model, but nothing is
    generated. A server that cannot be reached is then reported in RV(reachable), not as a failure.
extends_documentation_fragment:
  - llmops.gke.llm.server
  - llmops.gke.llm.messages
  - llmops.gke.tgi
  - llmops.gke.google_auth
  - llmops.gke.kubernetes_access
  - llmops.gke.port_forward
  - llmops.gke.attributes
  - llmops.gke.attributes.actiongroup_llm
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
    details: The module changes nothing.
  idempotent:
    support: full
    details: The module changes nothing. Sampled text differs from run to run unless O(parameters.seed) is set.
options:
  inputs:
    description:
      - Text to complete, sent to the model as it is.
      - Instruction-tuned models expect it in their own template, for example C([INST] … [/INST]) for
        Mistral-7B-Instruct.
      - Exactly one of O(inputs) and O(messages) is required.
    type: str
  stream:
    description:
      - Ask the server to send the text token by token. The module returns it as a whole in either case.
      - RV(ttft_seconds) and RV(tpot_seconds) are measured only when this is V(true). The timing headers of TGI are
        missing then.
    type: bool
    default: false
  route:
    description:
      - Route of the server that O(inputs) is sent to.
      - On V(/) the prompt precedes the generated text unless O(parameters.return_full_text=false).
    type: str
    choices: [/generate, /]
    default: /generate
  expect:
    description: Conditions that the answer must meet. The task fails when one of them is not met.
    type: dict
    suboptions:
      status:
        description:
          - HTTP status that the server must answer with. It is V(200) when the option is not set.
          - Set it to the status of a refusal, such as V(401) without a key or V(422) for a prompt that is too long, to
            make sure that the request is refused.
          - The statuses V(429) and V(503) are accepted only after O(timeout) has passed.
        type: int
      minimum_tokens:
        description: Smallest number of tokens that must be generated.
        type: int
      finish_reason:
        description: Required reason for the end of the generation, as TGI names it.
        type: str
        choices: [length, eos_token, stop_sequence]
      pattern:
        description: Python regular expression that must match somewhere in the generated text.
        type: str
  timeout:
    description: Maximum number of seconds for the whole task, including retries.
    type: int
    default: 120
seealso:
  - module: llmops.gke.llm_generate
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
  description: Whether the model server answered the request.
  type: bool
  returned: success
  sample: true
unreachable_reason:
  description: Reason why the model server could not be reached.
  type: str
  returned: in check mode, if RV(reachable=false)
url:
  description: Base URL of the model server.
  type: str
  returned: success
  sample: http://203.0.113.10
model:
  description: Name of the model that the server says it serves.
  type: str
  returned: in check mode, if RV(reachable=true)
  sample: mistralai/Mistral-7B-Instruct-v0.1
status:
  description: HTTP status of the answer.
  type: int
  returned: out of check mode
  sample: 200
error_type:
  description: Type of the refusal, as TGI names it.
  type: str
  returned: if a refusal was expected
  sample: validation
error_message:
  description: Message that the server refused the request with.
  type: str
  returned: if a refusal was expected
generated_text:
  description: Text that the model generated.
  type: str
  returned: out of check mode, unless a refusal was expected
  sample: " Ah, dear traveller, in the rose garden there is a door no taller than a teacup."
generated_tokens:
  description: Number of generated tokens, as counted by the server. It is null if the server does not tell.
  type: int
  returned: out of check mode, unless a refusal was expected
  sample: 207
prompt_tokens:
  description: Number of tokens of the prompt, as counted by the server. It is null if the server does not tell.
  type: int
  returned: out of check mode, unless a refusal was expected
  sample: 24
finish_reason:
  description:
    - Reason for the end of the generation, V(length), V(eos_token) or V(stop_sequence).
    - It is null if O(parameters.details=false).
  type: str
  returned: out of check mode, unless a refusal was expected
  sample: eos_token
seconds:
  description: Seconds from sending the request to the end of the answer. Earlier attempts are not included.
  type: float
  returned: out of check mode, unless a refusal was expected
  sample: 9.93
seconds_per_token:
  description:
    - RV(seconds) divided by RV(generated_tokens).
    - It includes the time to the first token, which M(llmops.gke.llm_latency) measures separately.
  type: float
  returned: out of check mode, unless a refusal was expected
  sample: 0.048
ttft_seconds:
  description: Seconds from sending the request to the first token. It is null unless O(stream=true).
  type: float
  returned: out of check mode, unless a refusal was expected
  sample: 0.11
tpot_seconds:
  description: Seconds for each token after the first. It is null unless O(stream=true).
  type: float
  returned: out of check mode, unless a refusal was expected
  sample: 0.048
headers:
  description:
    - Headers of the answer whose names begin with C(x-).
    - The header C(x-compute-time) is in seconds, the other times are in whole milliseconds.
  type: dict
  returned: out of check mode, unless a refusal was expected
  sample: {x-total-time: "9921", x-queue-time: "0", x-generated-tokens: "207"}
details:
  description: TGI's details of the answer. They are null if O(parameters.details=false).
  type: dict
  returned: out of check mode, unless a refusal was expected
http_requests:
  description: Number of HTTP requests that were sent.
  type: int
  returned: success
  sample: 1
duration:
  description: Number of seconds that the task took.
  type: float
  returned: success
  sample: 9.95
error:
  description:
    - Structured description of the failure. Its C(kind) tells failures apart.
    - An answer that does not meet O(expect) is C(expectation_failed), and is there as C(answer).
  type: dict
  returned: failure
"""

from ..module_utils.core.runner import run_module
from ..module_utils.engines.serving.tgi_generate import SPEC


def main() -> None:
    run_module(SPEC)


if __name__ == "__main__":
    main()
