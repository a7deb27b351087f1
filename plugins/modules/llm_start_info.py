#!/usr/bin/python
# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tells whether a model sleeps, serves or is on its way, and where on it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: llm_start_info
short_description: Tell whether a model sleeps, serves or is on its way, and where the time went
version_added: 0.1.0
description:
  - Finds the Deployment and the pods behind a Service of text-generation-inference, and how far they have come.
  - The way of a pod is told in phases that follow each other, in seconds - C(asked), until the cluster's autoscaler
    asked for a machine; C(machine), until that was a Ready node; C(scheduled), until a node had a free GPU, which comes
    with the driver; C(image), until the container ran; C(weights), until they lay on the node; C(load), until the
    server answered; C(ready), until a probe saw it.
  - Of a pod that does not serve yet it says which phase it is in, for how long, and why.
  - What nothing tells of is a part of the next phase that is known - C(asked) and C(machine) where the node was there
    before the pod, C(asked) once the events are gone, after an hour.
author: The llmops.gke engineers (@llmops)
extends_documentation_fragment:
  - llmops.gke.google_auth
  - llmops.gke.kubernetes_access
  - llmops.gke.attributes
  - llmops.gke.attributes.actiongroup_k8s
attributes:
  check_mode:
    support: full
    details: It only reads.
  diff_mode:
    support: N/A
    details: It changes nothing.
  idempotent: {support: full}
options:
  service:
    description: The Service in front of the model.
    type: str
    required: true
  namespace:
    description: Namespace of the Service. If this is left out, the namespace of O(context) is used, or V(default).
    type: str
  timeout:
    description: Seconds that the task may take.
    type: int
    default: 60
notes:
  - Kubernetes gives its moments in whole seconds.
seealso:
  - module: llmops.gke.llm_latency
  - module: llmops.gke.k8s_apply
"""

EXAMPLES = r"""
- name: See where the model is on its way
  llmops.gke.llm_start_info:
    project: my-project
    location: us-central1
    cluster: mistral-cluster-gke
    service: mistral-7b-service
  register: start

- name: Tell it in one line
  ansible.builtin.debug:
    msg: "{{ start.text }}"
"""

RETURN = r"""
exists:
  description: Whether the Service is there, and a Deployment whose pods it selects.
  returned: success
  type: bool
replicas:
  description: Replicas that are asked for.
  returned: success
  type: int
ready:
  description: Replicas that serve.
  returned: success
  type: int
asleep:
  description: Whether there is a Deployment and 0 replicas are asked for.
  returned: success
  type: bool
text:
  description: All of it in one line.
  returned: success
  type: str
  sample: >-
    default/mistral-7b: 0 of 1 replicas serve; pod mistral-7b-6c9-x2x is in the phase machine for 41 s after asked 8 s:
    no node fits pod mistral-7b-6c9-x2x: of 3 nodes, 3 node(s) didn't match Pod's node affinity/selector; a pool grows
    for it ([{gke-mistral-gpu-pool-grp 0->1 (max: 2)}])
pods:
  description: The pods that serve or may come to it, oldest first.
  returned: success
  type: list
  elements: dict
  contains:
    pod:
      description: Name.
      type: str
    node:
      description: The node that it is on; null while it has none.
      type: str
    node_pool:
      description: That node's pool.
      type: str
    machine_type:
      description: That node's machine type.
      type: str
    accelerator_type:
      description: That node's GPUs.
      type: str
    zone:
      description: That node's zone.
      type: str
    spot:
      description: Whether it is a Spot machine.
      type: bool
    stages:
      description: The phases that are over, each with C(name) and C(seconds).
      type: list
      elements: dict
    seconds:
      description: Their sum.
      type: float
    phase:
      description: The phase that the pod is in; null for one that serves.
      type: str
    phase_seconds:
      description: For how long.
      type: float
    why:
      description: What keeps it there.
      type: str
    advice:
      description: What to do where that does not heal by itself.
      type: str
    refused:
      description: What the autoscaler said of node pools that could not grow for the pod.
      type: list
      elements: str
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
from ..module_utils.engines.serving.llm_start_info import SPEC


def main() -> None:
    """Entry point of the module."""
    run_module(SPEC)


if __name__ == "__main__":
    main()
