# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of the modules about a served model, whichever model server runs it."""

from __future__ import annotations


class ModuleDocFragment:
    """See plugins/module_utils/serving/options.py for the argument specs that agree with these fragments."""

    ENGINE = r"""
options:
  engine:
    description:
      - Name of the model server that runs the model.
      - V(tgi) is Hugging Face's text-generation-inference, V(vllm) is vLLM.
      - V(openai) is any other server with the routes of OpenAI's API. Nothing is known of its metrics and its log.
    type: str
    choices: [tgi, vllm, openai]
    default: tgi
"""

    WORKLOAD = r"""
options:
  engine:
    description:
      - Name of the model server that the manifests deploy.
      - While waiting, the log of a crashed container is searched for the errors that this server is known to end with,
        such as a gated model, and the task fails with advice on them.
    type: str
    choices: [tgi, vllm, openai]
"""

    SERVER = r"""
options:
  url:
    description:
      - Base URL of the model server, C(http://ADDRESS[:PORT]), for example the address of the model's load balancer.
      - Exactly one of O(url) and O(port_forward) is required.
    type: str
  api_key:
    description:
      - API key that the model server was started with. It is sent as a bearer token.
      - Over plain HTTP everybody on the way can read it. It is therefore sent only over HTTPS and to this machine,
        where O(port_forward) leads, unless the environment variable E(LLMOPS_PLAIN_HTTP) is V(true).
      - The value of the environment variable E(LLM_API_KEY) is used when the option is not set.
    type: str
"""

    SAMPLING = r"""
options:
  max_tokens:
    description:
      - Maximum number of tokens to generate.
      - The model server's own default applies when the option is not set.
    type: int
  temperature:
    description:
      - Sampling temperature. Higher values make the text more varied.
      - With V(0) the most likely token is taken at each step, so that the text does not vary.
    type: float
  top_p:
    description:
      - Sample only from the most likely tokens whose probabilities add up to this value (nucleus sampling).
      - V(1) considers all tokens.
    type: float
  top_k:
    description:
      - Number of most likely tokens to sample from.
      - V(0) considers all tokens.
    type: int
  stop:
    description: Texts that end the generation as soon as one of them is generated.
    type: list
    elements: str
  seed:
    description: Seed of the random number generator, to get the same text again from the same request.
    type: int
  parameters:
    description:
      - Further generation parameters, by the names that the model server of O(engine) gives them.
      - For V(tgi) these are the suboptions of O(llmops.gke.tgi_generate#module:parameters).
      - For V(openai) these are C(n), C(presence_penalty), C(frequency_penalty), C(logit_bias), C(response_format) and
        C(user).
      - For V(vllm) these are the same, and C(min_p), C(repetition_penalty), C(min_tokens), C(ignore_eos),
        C(stop_token_ids), C(include_stop_str_in_output), C(skip_special_tokens), C(structured_outputs) and C(priority),
        with a prompt C(logprobs) and C(echo), with messages C(chat_template_kwargs).
      - Unknown names, and values that the model server would refuse, fail the task before anything is sent.
    type: dict
"""

    MESSAGES = r"""
options:
  messages:
    description:
      - Messages of a chat, which the model server formats with the model's chat template.
      - The request goes to the server's OpenAI-compatible route, C(/v1/chat/completions).
    type: list
    elements: dict
    suboptions:
      role:
        description:
          - Author of the message.
          - Some models, such as Mistral-7B-Instruct-v0.1, refuse the role V(system).
        type: str
        required: true
        choices: [user, assistant, system]
      content:
        description: Text of the chat message.
        type: str
        required: true
"""
