#!/usr/bin/python
# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: llm_generate
version_added: 0.2.0
short_description: Generate text with a served language model
description:
  - Sends one prompt (O(prompt)) or one chat (O(messages)) to a model server, and returns the generated text, the number
    of tokens as counted by the server, and the time it took.
  - Works the same way with each model server that O(engine) knows.
  - Waits up to O(timeout) for a server that is starting. Failed connections, overload and lost replies are retried,
    while a refused request is never repeated.
  - In check mode the options are checked and the server is asked for its health and its model, but nothing is
    generated. A server that cannot be reached is then reported in RV(reachable), not as a failure.
extends_documentation_fragment:
  - llmops.gke.llm.engine
  - llmops.gke.llm.server
  - llmops.gke.llm.sampling
  - llmops.gke.llm.messages
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
    details: The module changes nothing. Sampled text differs from run to run unless O(seed) is set.
options:
  prompt:
    description:
      - Text to complete, sent to the model as it is.
      - Instruction-tuned models expect it in their own template, for example C([INST] … [/INST]) for
        Mistral-7B-Instruct.
      - Exactly one of O(prompt) and O(messages) is required.
    type: str
  stream:
    description:
      - Ask the server to send the text token by token. The module returns it as a whole in either case.
      - RV(ttft_seconds) and RV(tpot_seconds) are measured only when this is V(true).
    type: bool
    default: false
  require_key:
    description:
      - Whether to try every route of the server that generates without O(api_key) afterwards, and to fail where one
        does anything but refuse.
    type: bool
    default: false
  expect:
    description: Conditions that the answer must meet. The task fails when one of them is not met.
    type: dict
    suboptions:
      status:
        description:
          - HTTP status that the server must answer with. It is V(200) when the option is not set.
          - Set it to the status of a refusal, such as V(401), to make sure that the request is refused.
          - The statuses V(429) and V(503) are accepted only after O(timeout) has passed.
        type: int
      minimum_tokens:
        description: Smallest number of tokens that must be generated.
        type: int
      finish_reason:
        description:
          - Required reason for the end of the generation.
          - V(stop) means that the model or one of the texts in O(stop) ended it, V(length) that the maximum number of
            tokens was reached.
        type: str
        choices: [length, stop]
      pattern:
        description: Python regular expression that must match somewhere in the generated text.
        type: str
  timeout:
    description: Maximum number of seconds for the whole task, including retries.
    type: int
    default: 120
seealso:
  - module: llmops.gke.tgi_generate
  - module: llmops.gke.llm_latency
author:
  - The llmops.gke engineers (@llmops)
"""

EXAMPLES = r"""
- name: Ask the Cheshire Cat
  llmops.gke.llm_generate:
    url: http://203.0.113.10
    messages:
      - role: user
        content: What is a secret in the gardens of Wonderland?
    max_tokens: 400
    temperature: 0.5
    expect:
      pattern: (?i)garden
  register: answer

- name: Complete a prompt on a server that has no address outside of its cluster
  llmops.gke.llm_generate:
    project: my-project
    location: us-central1
    cluster: mistral-cluster-gke
    port_forward: {service: mistral-7b-service, port: 80}
    prompt: "[INST] What is a secret in the gardens of Wonderland? [/INST]"
    max_tokens: 100
    stream: true

- name: Set a parameter that only this model server has
  llmops.gke.llm_generate:
    engine: tgi
    url: http://203.0.113.10
    prompt: "[INST] What is a secret in the gardens of Wonderland? [/INST]"
    parameters:
      repetition_penalty: 1.03

- name: Make sure that nobody is answered without an API key
  llmops.gke.llm_generate:
    url: http://203.0.113.10
    prompt: "[INST] Let me in. [/INST]"
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
  description: Type of the refusal, as the model server names it.
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
    - Reason for the end of the generation, V(stop) or V(length) as explained for O(expect.finish_reason).
    - It is null if the server does not tell.
  type: str
  returned: out of check mode, unless a refusal was expected
  sample: stop
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
  description: Headers of the answer whose names begin with C(x-).
  type: dict
  returned: out of check mode, unless a refusal was expected
  sample: {x-generated-tokens: "207"}
details:
  description: Further information about the answer, in the model server's own terms.
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
from ..module_utils.engines.serving.llm_generate import SPEC


def main() -> None:
    run_module(SPEC)


if __name__ == "__main__":
    main()
