#!/usr/bin/python
# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Proves by a short load that the model's autoscaler acts."""

from __future__ import annotations

DOCUMENTATION = r"""
module: llm_scaling
short_description: Load a model until its autoscaler asks for one more replica
version_added: 0.1.0
description:
  - Keeps a model that text-generation-inference serves busy until its HorizontalPodAutoscaler asks for one more replica
    than it has, and then until that one serves. The load ends as soon as either is settled.
  - Where the replica does not come, RV(why) and a warning say what keeps it - a node pool at its maximum, a quota, no
    machines to be had, an image, a crash. That is no failure, since the autoscaler did its part.
  - Fails where the autoscaler does not ask within O(timeout), with its metrics beside their targets.
  - The replica that came goes again by the autoscaler's own rules. Until then it costs what a replica costs.
author: The llmops.gke engineers (@llmops)
extends_documentation_fragment:
  - llmops.gke.google_auth
  - llmops.gke.kubernetes_access
  - llmops.gke.attributes
  - llmops.gke.attributes.actiongroup_k8s
attributes:
  check_mode:
    support: full
    details: The autoscaler is read, and nothing is sent to the model. One that is not there yet is a warning then.
  diff_mode:
    support: N/A
    details: It changes nothing itself.
  idempotent: {support: full}
options:
  url:
    description: The server's base URL, C(http://ADDRESS[:PORT]); the load balancer's, so that all replicas get a share.
    type: str
    required: true
  api_key:
    description:
      - The key that the server was started with (C(API_KEY), TGI 2.3 and newer).
      - Taken from E(TGI_API_KEY) where the option is left out.
    type: str
  autoscaler:
    description: Name of the HorizontalPodAutoscaler object.
    type: str
    required: true
  namespace:
    description: Namespace of the autoscaler. If this is left out, the namespace of O(context) is used, or V(default).
    type: str
  clients:
    description: Requests that are under way at a time.
    type: int
    default: 64
  inputs:
    description: The prompt, in the model's own template.
    type: str
    default: "[INST] Tell a long story. [/INST]"
  max_new_tokens:
    description: Tokens that each request asks for at most.
    type: int
    default: 256
  timeout:
    description: Seconds that the task may take; a new node with its driver, image and weights takes many minutes.
    type: int
    default: 1800
seealso:
  - module: llmops.gke.llm_latency
  - module: llmops.gke.gpu_metrics_info
"""

EXAMPLES = r"""
- name: See one more replica come under load
  llmops.gke.llm_scaling:
    url: http://203.0.113.7
    autoscaler: mistral-7b-hpa
    project: my-project
    location: us-central1
    cluster: mistral-cluster-gke
"""

RETURN = r"""
asked:
  description: Whether the autoscaler asked for one more replica.
  returned: success
  type: bool
arrived:
  description: Whether it came and serves.
  returned: success
  type: bool
replicas:
  description: Replicas that serve at the end.
  returned: success
  type: int
why:
  description: What kept the replica from coming, and what to do; empty where it came, and in check mode.
  returned: success
  type: str
  sample: >-
    no node fits pod mistral-7b-6c9-x2x: of 2 nodes, 2 Insufficient nvidia.com/gpu; no pool grows for it (1 max node
    group size reached); raise the pool's maximum, or free what its nodes hold
answered:
  description: Requests that the model answered meanwhile.
  returned: success
  type: int
duration:
  description: Seconds that the task took.
  returned: success
  type: float
http_requests:
  description: Requests that were sent to Google and to the cluster.
  returned: success
  type: int
error:
  description: What failed, for programs to read; C(kind) tells failures apart.
  returned: failure
  type: dict
"""

from ..module_utils.core.runner import run_module
from ..module_utils.engines.serving.llm_scaling import SPEC


def main() -> None:
    """Entry point of the module."""
    run_module(SPEC)


if __name__ == "__main__":
    main()
