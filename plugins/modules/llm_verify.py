#!/usr/bin/python
# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Proves that a deployed language model serves."""

from __future__ import annotations

DOCUMENTATION = r"""
module: llm_verify
version_added: 0.2.0
short_description: Prove that a deployed language model serves
description:
  - Finds the address of the model's Service or Gateway, tells whether the model sleeps, serves or is on its way,
    measures its latency cold and hot, sends one request for generation, and writes a report.
  - Does in one task what M(llmops.gke.llm_start_info), M(llmops.gke.llm_latency), M(llmops.gke.llm_generate),
    M(llmops.gke.gpu_metrics_info), M(llmops.gke.hf_model_info), M(llmops.gke.gke_inference_quickstart_info),
    M(llmops.gke.llm_report) and M(llmops.gke.llm_scaling) do for one deployment.
  - Fails if no replica is ready, with its phase and why; if another model answers than O(model); if the answer is
    shorter than O(minimum_tokens); and, with the report written, if a limit of O(thresholds) or O(targets) is exceeded.
  - In check mode the server is asked for its health and model. Nothing is generated or written.
extends_documentation_fragment:
  - llmops.gke.llm.engine
  - llmops.gke.llm.sampling
  - llmops.gke.llm.messages
  - llmops.gke.google_auth
  - llmops.gke.kubernetes_access
  - llmops.gke.attributes
  - llmops.gke.attributes.actiongroup_k8s
attributes:
  check_mode:
    support: full
  diff_mode:
    support: N/A
    details: The module changes nothing.
  idempotent:
    support: full
    details: The module changes nothing. A report is written anew each time.
options:
  service:
    description: Name of the Kubernetes Service in front of the model.
    type: str
    required: true
  namespace:
    description:
      - Namespace of O(service).
      - When not set, it is the namespace of O(context), or V(default).
    type: str
  url:
    description:
      - Base URL of the model server, C(http://ADDRESS[:PORT]).
      - By default the address of O(gateway) (with a certificate, its HTTPRoute's first host name) or of O(service).
    type: str
  gateway:
    description: Name of the Gateway through which clients reach O(service), in the same namespace.
    type: str
  service_port:
    description: Port of O(service) that a forwarded port leads to. By default its first one, or V(80) with O(gateway).
    type: int
  port_forward:
    description:
      - Reach the model by a port forwarded through the API server, instead of by its address.
      - When not set, it is done where O(api_key) would travel over plain HTTP, or O(gateway) is in a VPC network.
      - Requires the Python library C(kubernetes) and permission to create C(pods/portforward).
    type: bool
  require_key:
    description: Fail if the model server generates for somebody who does not send O(api_key).
    type: bool
    default: false
  api_key:
    description:
      - API key that the model server was started with. It is sent as a bearer token.
      - Over plain HTTP everybody on the way can read it. It is therefore sent only over HTTPS and to this machine,
        where O(port_forward) leads, unless the environment variable E(LLMOPS_PLAIN_HTTP) is V(true).
      - The value of the environment variable E(LLM_API_KEY) is used when the option is not set.
    type: str
  model:
    description: Name of the model on the Hugging Face Hub that must be served. When not set, any model is accepted.
    type: str
  served_name:
    description: Name by which the server calls O(model), if it is another one.
    type: str
  autoscaler:
    description: Name of a HorizontalPodAutoscaler to wait for at the end, until it acts on its metrics. They begin with
      the requests to the model. Nothing is waited for in check mode, or if the model sleeps.
    type: str
  replicas:
    description:
      - Number of replicas that are meant to run.
      - With V(0) a model that sleeps is no failure.
    type: int
    default: 1
  to_wake:
    description: Sentence that is added where the model sleeps, for example with the command that wakes it.
    type: str
  to_deploy:
    description: Sentence that is added where the model is not deployed, for example with the command that deploys it.
    type: str
  prompt:
    description:
      - Text to complete, sent to the model as it is.
      - Instruction-tuned models expect it in their own template, for Mistral-7B-Instruct C([INST] … [/INST]).
      - Exactly one of O(prompt) and O(messages) is required.
    type: str
  minimum_tokens:
    description: Fail the task if the answer has fewer tokens.
    type: int
    default: 1
  latency_tokens:
    description: Maximum number of tokens of each measured answer. When not set, that of O(max_tokens).
    type: int
  latency_parameters:
    description: Generation parameters of the measured requests. When not set, those of O(parameters).
    type: dict
  warmup:
    description: Number of requests that are sent and discarded before the samples.
    type: int
    default: 3
  samples:
    description: Number of requests to measure.
    type: int
    default: 20
  thresholds:
    description: Upper limits in seconds, as in O(llmops.gke.llm_latency#module:thresholds).
    type: dict
  targets:
    description: Further limits, as in O(llmops.gke.llm_latency#module:targets).
    type: dict
  gpu_metrics:
    description: Read the DCGM exporters of the GPUs that serve O(service) during the measurement and after it.
    type: bool
    default: false
  model_info:
    description:
      - What the Hugging Face Hub says of the model, as M(llmops.gke.hf_model_info) returns it, for the report.
      - When not set or without C(fit), the Hub is asked, if O(hub_token) or O(hub_endpoint) is given.
    type: dict
  hub_token:
    description: Access token for the Hugging Face Hub.
    type: str
  hub_endpoint:
    description: URL of the Hugging Face Hub, or of a mirror.
    type: str
  report:
    description: The report to write, an HTML page with the same content as JSON beside it.
    type: dict
    suboptions:
      path:
        description: Path of the HTML page. No report is written if it is not set or empty.
        type: path
      title:
        description: Title at the top of the report.
        type: str
        default: A served language model
      deployment:
        description: What was deployed, and by whom. What is not given is left out of the report.
        type: dict
        suboptions:
          project:
            description: Google Cloud project of the cluster.
            type: str
          location:
            description: Region or zone of the cluster.
            type: str
          cluster:
            description: GKE cluster that the model runs on.
            type: str
          namespace:
            description: Namespace that the model was deployed to.
            type: str
          name:
            description: Kubernetes Deployment that serves the model.
            type: str
          exposure:
            description: How clients reach the model, for example V(LoadBalancer) or V(internal LoadBalancer).
            type: str
          replicas:
            description: Number of replicas of the model.
            type: int
          deployed_by:
            description: Person or job that deployed the model.
            type: str
          commit:
            description: Commit from which the model was deployed.
            type: str
      prices:
        description: Prices in US dollars per hour, as in O(llmops.gke.llm_report#module:prices).
        type: dict
      simulated_speed:
        description: How many times faster than real time the sandbox ran that produced the figures.
        type: float
      beside:
        description: Paths of other reports' JSON to compare with, as in O(llmops.gke.llm_report#module:beside).
        type: list
        elements: path
  load:
    description:
      - After the report, load the model until its autoscaler asks for one more replica, and wait for it.
      - Another node costs money. Nothing is loaded if the option is not set.
    type: dict
    suboptions:
      autoscaler:
        description: Name of the HorizontalPodAutoscaler of the model.
        type: str
        required: true
      clients:
        description: Number of requests that are kept in flight at the same time.
        type: int
        default: 64
      timeout:
        description: Maximum number of seconds until the replica serves.
        type: int
        default: 1800
  timeout:
    description: Maximum number of seconds for finding the model, measurement, request and O(autoscaler), each.
    type: int
    default: 900
seealso:
  - module: llmops.gke.llm_latency
  - module: llmops.gke.llm_report
author:
  - The llmops.gke engineers (@llmops)
"""

EXAMPLES = r"""
- name: Prove that the model serves, and write a report
  llmops.gke.llm_verify:
    project: my-project
    location: us-central1
    cluster: mistral-cluster-gke
    service: mistral-7b-service
    model: mistralai/Mistral-7B-Instruct-v0.1
    prompt: "[INST] What is a secret in the gardens of Wonderland? [/INST]"
    report: {path: ~/reports/mistral.html}
"""

RETURN = r"""
url: {description: Base URL of the model server. Empty if it has no address., type: str, returned: success}
labels: {description: "Labels of the Service, or of O(gateway).", type: dict, returned: success}
start:
  description: What M(llmops.gke.llm_start_info) returns. It is null if O(url) is given.
  type: dict
  returned: success
latency:
  description: What M(llmops.gke.llm_latency) returns.
  type: dict
  returned: if the model was asked
answer:
  description: What M(llmops.gke.llm_generate) returns, without its C(details).
  type: dict
  returned: if the model was asked
gpus:
  description: What M(llmops.gke.gpu_metrics_info) returns as C(gpus). It is empty if the GPUs could not be read.
  type: list
  elements: dict
  returned: if the model was asked, out of check mode
model:
  description: What the Hugging Face Hub says of the model. It is empty if the Hub was not asked or gave no answer.
  type: dict
  returned: if a report was written
report:
  description: What M(llmops.gke.llm_report) returns.
  type: dict
  returned: if a report was written
scaling:
  description: What M(llmops.gke.llm_scaling) returns.
  type: dict
  returned: if O(load) is given and the model was asked
notes:
  description: What there is to know though nothing failed, that the model sleeps and what came of O(load).
  type: list
  elements: str
  returned: where there is something to tell
duration:
  description: Seconds that the task took.
  type: float
  returned: success
http_requests:
  description: Number of HTTP requests that were sent.
  type: int
  returned: success
error:
  description: Details of the failure in structured form; C(kind) tells failures apart.
  type: dict
  returned: failure
"""

from ..module_utils.core.runner import run_module
from ..module_utils.engines.serving.llm_verify import SPEC


def main() -> None:
    """Entry point of the module."""
    run_module(SPEC)


if __name__ == "__main__":
    main()
