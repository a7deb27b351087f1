#!/usr/bin/python
# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Gets the start-up progress of a served language model."""

from __future__ import annotations

DOCUMENTATION = r"""
module: llm_start_info
short_description: Get the start-up progress of a served language model
version_added: 0.2.0
description:
  - Finds the Deployment and the pods behind a Service, and tells whether the model sleeps, serves, or is starting.
  - The start of a pod is divided into phases that follow each other, each with its seconds. C(asked) lasts until the
    cluster's autoscaler requested a machine, C(machine) until the machine was a Ready node, C(scheduled) until a node
    had a free GPU (which appears with the driver), and C(image) until the container ran. Then come the phases of the
    model server of O(engine). For V(tgi) these are C(weights), until the weights were on the node, and C(load), until
    the server answered. For V(vllm) these are C(weights), C(load), until the weights were on the GPU, C(compile), until
    the model was compiled and the KV cache made, and C(server). C(ready) lasts until a probe succeeded.
  - For a pod that does not serve yet, the module tells its current phase, for how long it has been in it, and why.
  - A phase that nothing tells of is counted as a part of the next one. C(asked) and C(machine) are missing if the node
    existed before the pod, and C(asked) is missing after an hour, when Kubernetes has deleted its events.
author: The llmops.gke engineers (@llmops)
extends_documentation_fragment:
  - llmops.gke.llm.engine
  - llmops.gke.google_auth
  - llmops.gke.kubernetes_access
  - llmops.gke.attributes
  - llmops.gke.attributes.actiongroup_k8s
attributes:
  check_mode:
    support: full
    details: The module only reads.
  diff_mode:
    support: N/A
    details: The module changes nothing.
  idempotent: {support: full}
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
  timeout:
    description: Maximum number of seconds for the whole task.
    type: int
    default: 60
notes:
  - Kubernetes records its timestamps in whole seconds.
seealso:
  - module: llmops.gke.llm_latency
  - module: llmops.gke.k8s_apply
"""

EXAMPLES = r"""
- name: Get the start-up progress of the model
  llmops.gke.llm_start_info:
    project: my-project
    location: us-central1
    cluster: mistral-cluster-gke
    service: mistral-7b-service
  register: start

- name: Show it in one line
  ansible.builtin.debug:
    msg: "{{ start.text }}"
"""

RETURN = r"""
exists:
  description: Whether the Service exists, and a Deployment whose pods it selects.
  returned: success
  type: bool
replicas:
  description: Number of replicas that the Deployment asks for.
  returned: success
  type: int
ready:
  description: Number of replicas that serve.
  returned: success
  type: int
asleep:
  description: Whether the Deployment exists and asks for 0 replicas.
  returned: success
  type: bool
selector:
  description: Labels by which the Service selects the model's pods. It is empty if it selects none, or is absent.
  returned: success
  type: dict
text:
  description: Summary of the state in one line.
  returned: success
  type: str
  sample: >-
    default/mistral-7b: 0 of 1 replicas serve; pod mistral-7b-6c9-x2x is in the phase machine for 41 s after asked 8 s:
    no node fits pod mistral-7b-6c9-x2x: of 3 nodes, 3 node(s) didn't match Pod's node affinity/selector; a pool grows
    for it ([{gke-mistral-gpu-pool-grp 0->1 (max: 2)}])
pods:
  description: Pods that serve, or may come to serve, oldest first.
  returned: success
  type: list
  elements: dict
  contains:
    pod:
      description: Name of the Kubernetes pod.
      type: str
    node:
      description: Name of the node that the pod runs on. It is null if it has none yet.
      type: str
    node_pool:
      description: Name of the node's pool.
      type: str
    machine_type:
      description: Machine type of the node.
      type: str
    accelerator_type:
      description: Type of the node's GPUs.
      type: str
    zone:
      description: Zone that the node is in.
      type: str
    spot:
      description: Whether the node is a Spot machine.
      type: bool
    weights:
      description: Where the pod has the model's weights from, such as V(gs://my-models/mistral-7b).
      type: str
    stages:
      description: Phases that are over, each with its C(name) and C(seconds).
      type: list
      elements: dict
    seconds:
      description: Sum of the seconds of all phases that are over.
      type: float
    phase:
      description: Phase that the pod is in now. It is null for a pod that serves.
      type: str
    phase_seconds:
      description: Number of seconds that the pod has been in this phase. It is null for a pod that serves.
      type: float
    why:
      description: Reason why the pod is still in this phase. It is null if there is none to tell.
      type: str
    advice:
      description: What to change if the pod cannot become ready by itself. It is null if it can.
      type: str
    refused:
      description: What the autoscaler said of node pools that could not grow for the pod.
      type: list
      elements: str
duration:
  description: Number of seconds that the task took.
  returned: success
  type: float
http_requests:
  description: Number of HTTP requests that were sent.
  returned: success
  type: int
error:
  description: Structured description of the failure. Its C(kind) tells failures apart.
  returned: failure
  type: dict
"""

from ..module_utils.core.runner import run_module
from ..module_utils.engines.serving.llm_start_info import SPEC


def main() -> None:
    """Entry point of the module."""
    run_module(SPEC)


if __name__ == "__main__":
    main()
