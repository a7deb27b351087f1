#!/usr/bin/python
# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Creates, changes and deletes node pools of a GKE cluster."""

from __future__ import annotations

DOCUMENTATION = r"""
module: gke_node_pools
short_description: Manage several node pools of a GKE cluster
version_added: 0.2.0
description:
  - Creates, changes or deletes node pools of a Standard cluster, and waits until GKE has finished.
  - The cluster and its pools are read by one request. If nothing differs, that is the only request.
  - If GKE cannot provide the nodes, the error includes what Compute Engine reports - the other zones of the region that
    offer the machine type and its GPUs (C(error.other_zones)), or the quota with its limit and usage (C(error.quota)).
    C(error.node_pool) names the node pool.
  - In check mode a cluster that does not exist is a warning; otherwise it fails the task.
author: The llmops.gke engineers (@llmops)
extends_documentation_fragment:
  - llmops.gke.google_auth
  - llmops.gke.gke_resource
  - llmops.gke.gke_control_plane
  - llmops.gke.gke_node_pool_fields.pools_of_cluster
  - llmops.gke.attributes
  - llmops.gke.attributes.actiongroup_gcp
attributes:
  check_mode: {support: full}
  diff_mode: {support: full}
  idempotent: {support: full}
options:
  cluster:
    description: Name of the cluster that the node pools belong to.
    type: str
    required: true
  wait_until:
    description:
      - When the task stops waiting for a node pool that it creates.
      - V(operation_done) is when GKE has finished its operation.
      - V(nodes_ready) is when the Kubernetes API shows its first nodes as ready, which is earlier. GKE goes on with its
        operation, and a next task may begin to use the nodes.
      - Where the Kubernetes API cannot be reached, where the node pool is created without nodes or without
        O(node_pools[].locations), and with O(node_pools[].recreate), V(nodes_ready) is the same as V(operation_done).
    type: str
    choices: [operation_done, nodes_ready]
    default: operation_done
  timeout:
    description: Seconds that the task may take, including the time that GKE's operations take.
    type: int
    default: 2700
notes:
  - Only the fields that are given are compared and changed. Values that GKE fills in are left alone.
  - The task waits for an operation that is already running on a pool, whoever started it. In check mode it only warns
    about it.
seealso:
  - module: llmops.gke.gke_node_pool
  - module: llmops.gke.gke_cluster
"""

EXAMPLES = r"""
- name: Have a pool of Spot machines, and one that takes over when there are none
  llmops.gke.gke_node_pools:
    project: my-project
    location: us-central1
    cluster: mistral-cluster-gke
    node_pools:
      - name: spot
        locations: [us-central1-a]
        autoscaling: {enabled: true, min_node_count: 0, max_node_count: 2}
        config:
          machine_type: g2-standard-12
          spot: true
          accelerators: [{accelerator_type: nvidia-l4, accelerator_count: 1}]
      - name: on-demand
        locations: [us-central1-a]
        initial_node_count: 0
        autoscaling: {enabled: true, min_node_count: 0, max_node_count: 1}
        config:
          machine_type: g2-standard-12
          accelerators: [{accelerator_type: nvidia-l4, accelerator_count: 1}]
      - name: former-pool
        state: absent
"""

RETURN = r"""
node_pools:
  description: The node pools that are not absent, as the API returns them; in check mode as they would be.
  returned: success
  type: list
  elements: dict
out_of_stock:
  description: Zones without capacity for the nodes, in the order in which they were tried.
  returned: success, when O(node_pools[].locations_in_order) is on for a pool
  type: list
  elements: dict
  contains:
    node_pool: {description: Name of the node pool., type: str, returned: always}
    zone: {description: Name of the zone., type: str, returned: always}
    message: {description: The message that GKE gave for the zone., type: str, returned: always}
    operation:
      description: Name of the operation that failed; null if the reason was found in the node pool's own conditions.
      type: str
      returned: always
plan:
  description:
    - The steps that bring the node pools to the wanted state.
    - With O(node_pools[].locations_in_order) also those that failed in zones that are out of stock.
  returned: success
  type: list
  elements: dict
  contains:
    action: {description: 'V(create), V(update), V(delete) or V(drain).', type: str, returned: always}
    resource: {description: Resource that the step is about., type: str, returned: always}
    request: {description: HTTP method and path of the request., type: str, returned: always}
    changes:
      description: Each field that changes, with its value before and after.
      type: list
      elements: dict
      returned: always
operations:
  description:
    - GKE operations that the task waited for, including those that others started.
    - With O(wait_until=nodes_ready) one may still be running.
  returned: success
  type: list
  elements: dict
duration:
  description: Seconds that the task took.
  returned: success
  type: float
http_requests:
  description: Number of HTTP requests that were sent.
  returned: success
  type: int
error:
  description: Details of the failure in structured form; C(kind) tells failures apart.
  returned: failure
  type: dict
"""

from ..module_utils.core.runner import run_module
from ..module_utils.engines.gke.gke_node_pools import SPEC


def main() -> None:
    """Entry point of the module."""
    run_module(SPEC)


if __name__ == "__main__":
    main()
