#!/usr/bin/python
# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Proves by a short load that the model's autoscaler acts."""

from __future__ import annotations

DOCUMENTATION = r"""
module: llm_scaling
short_description: Load a served language model until its autoscaler adds a replica
version_added: 0.2.0
description:
  - Keeps a model busy until its HorizontalPodAutoscaler asks for one more replica than it has, and then until that
    replica serves. The load ends as soon as the outcome is known.
  - If the replica does not come, RV(why) and a warning tell the reason, such as a node pool at its maximum, a quota, no
    available machines, an image or a crash. This is not a failure, because the autoscaler did its part.
  - Fails if the autoscaler does not ask for a replica within O(timeout), with its metrics beside their targets.
  - The added replica is removed later by the autoscaler's own rules. Until then it costs what a replica costs.
author: The llmops.gke engineers (@llmops)
extends_documentation_fragment:
  - llmops.gke.llm.engine
  - llmops.gke.llm.server
  - llmops.gke.google_auth
  - llmops.gke.kubernetes_access
  - llmops.gke.port_forward
  - llmops.gke.attributes
  - llmops.gke.attributes.actiongroup_k8s
attributes:
  check_mode:
    support: full
    details: The autoscaler is read, and nothing is sent to the model. A missing autoscaler is only a warning.
  diff_mode:
    support: N/A
    details: The module itself changes nothing.
  idempotent: {support: full}
options:
  url:
    description:
      - Base URL of the model server, C(http://ADDRESS[:PORT]).
      - Use the address of the load balancer, so that all replicas get a share of the requests. With O(port_forward),
        one replica gets them all.
  autoscaler:
    description: Name of the HorizontalPodAutoscaler of the model.
    type: str
    required: true
  namespace:
    description:
      - Namespace of O(autoscaler).
      - When not set, it is the namespace of O(context), or V(default).
    type: str
  clients:
    description: Number of requests that are kept in flight at the same time.
    type: int
    default: 64
  prompt:
    description: Text to complete in each request, sent to the model as it is.
    type: str
    default: Tell a long story.
  max_tokens:
    description: Maximum number of tokens to generate for each request.
    type: int
    default: 256
  timeout:
    description:
      - Maximum number of seconds for the whole task.
      - A new node takes many minutes for its driver, the image and the weights.
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
reachable:
  description: V(false) where what O(port_forward) names is not there. The other values are then missing.
  returned: in check mode, where the model cannot be reached
  type: bool
asked:
  description: Whether the autoscaler asked for one more replica.
  returned: success
  type: bool
arrived:
  description: Whether the additional replica came and serves.
  returned: success
  type: bool
replicas:
  description: Number of replicas that serve at the end.
  returned: success
  type: int
why:
  description:
    - Reason why the replica did not come, and what to do about it.
    - It is empty if the replica came, and in check mode.
  returned: success
  type: str
  sample: >-
    no node fits pod mistral-7b-6c9-x2x: of 2 nodes, 2 Insufficient nvidia.com/gpu; no pool grows for it (1 max node
    group size reached); raise the pool's maximum, or free what its nodes hold
answered:
  description: Number of requests that the model answered during the task.
  returned: success
  type: int
duration:
  description: Number of seconds that the task took.
  returned: success
  type: float
http_requests:
  description: Number of HTTP requests that were sent to Google APIs and to the cluster.
  returned: success
  type: int
error:
  description: Structured description of the failure. Its C(kind) tells failures apart.
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
