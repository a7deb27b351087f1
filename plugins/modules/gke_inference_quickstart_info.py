#!/usr/bin/python
# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads what Google measured of a model on GKE, and the manifests that it generates."""

from __future__ import annotations

DOCUMENTATION = r"""
module: gke_inference_quickstart_info
short_description: Read Google's measurements of a language model on GKE
version_added: 0.2.0
description:
  - Reads from GKE Inference Quickstart which models and model servers Google has measured, on which machines, how fast
    and at what cost they answered, and the manifests that it generates.
  - Shows what a pod that serves the model has otherwise than the generated manifest. Nothing is deployed.
  - Where the API is off or refuses, RV(unknown) says so, and the task succeeds.
author: The llmops.gke engineers (@llmops)
extends_documentation_fragment:
  - llmops.gke.google_auth
  - llmops.gke.attributes
  - llmops.gke.attributes.actiongroup_gcp
attributes:
  check_mode: {support: full}
  diff_mode: {support: none}
  idempotent: {support: full}
options:
  project:
    description: Id of the Google Cloud project that asks. Its API C(gkerecommender.googleapis.com) has to be enabled.
    type: str
    required: true
  gather:
    description:
      - What to read.
      - V(models), V(model_servers) and V(model_server_versions) list what was measured.
      - V(profiles) are the machines that meet O(targets), each with its figures at the most load that still does.
      - V(benchmarks) are all figures of one model server, from the lowest load to the highest.
      - V(manifests) are Kubernetes manifests for O(accelerator_type), with an autoscaler where O(targets) name latency.
    type: list
    elements: str
    choices: [models, model_servers, model_server_versions, profiles, benchmarks, manifests]
    default: [profiles]
  model:
    description: ID of the model on the Hugging Face Hub. Everything but V(models) needs it.
    type: str
  model_server:
    description: Model server by Google's name, such as V(vllm).
    type: str
  model_server_version:
    description: Version of the model server. When not set, it is the latest one, and any for V(profiles).
    type: str
  accelerator_type:
    description: Type of GPU. Profiles and benchmarks of others are left out.
    type: str
  instance_type:
    description: Machine type. Profiles and benchmarks of others are left out.
    type: str
  gpus:
    description: Number of GPUs of a replica. Profiles and benchmarks with another number are left out.
    type: int
  pricing_model:
    description: Price by which costs are given.
    type: str
    choices: [on-demand, spot, 1-year-cud, 3-years-cud]
    default: on-demand
  targets:
    description: The most that is wanted.
    type: dict
    suboptions:
      ttft_milliseconds:
        description: Time to the first token.
        type: int
      ntpot_milliseconds:
        description: Time of the whole answer over its tokens.
        type: int
      cost_per_million_output_tokens:
        description: US dollars for a million tokens of answers, by O(pricing_model).
        type: float
      requests_per_second:
        description: Requests that all replicas together are to answer. It is not sent.
        type: float
  namespace:
    description: Namespace that stands in the manifests.
    type: str
  pods:
    description:
      - Pods that serve the model, as RV(llmops.gke.llm_latency#module:pods) tells of them.
      - The first one is compared with V(manifests).
    type: list
    elements: dict
  timeout:
    description: Maximum number of seconds for the task.
    type: int
    default: 120
seealso:
  - module: llmops.gke.llm_preflight
  - module: llmops.gke.llm_report
"""

EXAMPLES = r"""
- name: Find machines that answer fast enough
  llmops.gke.gke_inference_quickstart_info:
    project: my-project
    model: google/gemma-2-9b-it
    targets: {ttft_milliseconds: 500, ntpot_milliseconds: 60}
  register: found

- name: Hold a deployment against Google's figures and manifest
  llmops.gke.gke_inference_quickstart_info:
    project: my-project
    gather: [benchmarks, manifests]
    model: "{{ measured.model }}"
    model_server: "{{ measured.engine }}"
    accelerator_type: nvidia-l4
    instance_type: g2-standard-12
    pods: "{{ measured.pods }}"
"""

RETURN = r"""
unknown:
  description: Why nothing is known, or not all of it, such as that the API is off. It is null if all was read.
  returned: success
  type: str
models:
  description: Models that were measured.
  returned: where O(gather) has V(models)
  type: list
  elements: str
model_servers:
  description: Model servers that O(model) was measured with.
  returned: where O(gather) has V(model_servers)
  type: list
  elements: str
model_server_versions:
  description: Versions of O(model_server) that O(model) was measured with.
  returned: where O(gather) has V(model_server_versions)
  type: list
  elements: str
profiles:
  description:
    - Machines with C(model), C(model_server), C(model_server_version), C(accelerator_type), C(accelerator_count),
      C(instance_type), C(tpu_topology) and C(figures).
    - Each of the figures has C(queries_per_second), C(output_tokens_per_second), C(ttft_milliseconds),
      C(ntpot_milliseconds), C(cost_per_million_output_tokens), C(cost_per_million_input_tokens) and C(pricing_model).
      What Google does not tell is null.
  returned: where O(gather) has V(profiles)
  type: list
  elements: dict
benchmarks:
  description: All figures, in the form of RV(profiles).
  returned: where O(gather) has V(benchmarks)
  type: list
  elements: dict
best:
  description:
    - The figures of the first of RV(benchmarks) at its lowest load, which is the closest to one request after the
      other, and C(of), what they are of. It is null if there are none.
  returned: where O(gather) has V(benchmarks)
  type: dict
manifests:
  description: Manifests with C(kind), C(apiVersion) and C(content) in YAML.
  returned: where O(gather) has V(manifests)
  type: list
  elements: dict
manifest_comments:
  description: Google's comments on deploying them.
  returned: where O(gather) has V(manifests)
  type: list
  elements: str
differences:
  description:
    - What the first of O(pods) has otherwise than the manifest, C(setting), C(ours) and C(google), of image, GPUs and
      settings of the model server. Null on a side is left to the server's default.
    - It is null without O(pods), or where the manifests have no container with GPUs.
  returned: where O(gather) has V(manifests)
  type: list
  elements: dict
  sample: [{setting: image, ours: "tgi:3.3.5", google: "tgi:3.3.6"}]
duration:
  description: Seconds that the task took.
  returned: success
  type: float
http_requests:
  description: Requests that were sent.
  returned: success
  type: int
error:
  description: What failed, for programs to read; C(kind) tells failures apart.
  returned: failure
  type: dict
"""

from ..module_utils.core.runner import run_module
from ..module_utils.engines.serving.gke_inference_quickstart_info import SPEC


def main() -> None:
    """Entry point of the module."""
    run_module(SPEC)


if __name__ == "__main__":
    main()
