#!/usr/bin/python
# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Creates, changes and deletes a node pool of a GKE cluster."""

from __future__ import annotations

DOCUMENTATION = r"""
module: gke_node_pool
short_description: Manage a node pool of a GKE cluster
version_added: 0.2.0
description:
  - Creates, changes or deletes a node pool of a Standard cluster, and waits until GKE has finished.
  - The field options are named after the fields of the GKE API, in snake case.
  - If GKE cannot provide the nodes, the error includes what Compute Engine reports - the other zones of the region that
    offer the machine type and its GPUs (C(error.other_zones)), or the quota with its limit and usage (C(error.quota)).
  - In check mode a cluster that does not exist is a warning; otherwise it fails the task.
author: The llmops.gke engineers (@llmops)
extends_documentation_fragment:
  - llmops.gke.google_auth
  - llmops.gke.gke_resource
  - llmops.gke.gke_control_plane
  - llmops.gke.gke_resource.managed
  - llmops.gke.gke_node_pool_fields
  - llmops.gke.attributes
  - llmops.gke.attributes.actiongroup_gcp
attributes:
  check_mode: {support: full}
  diff_mode: {support: full}
  idempotent: {support: full}
options:
  cluster:
    description: Name of the cluster that the node pool belongs to.
    type: str
    required: true
seealso:
  - module: llmops.gke.gke_cluster
  - name: NodePool in the GKE API
    description: The fields of a node pool in the GKE API.
    link: https://cloud.google.com/kubernetes-engine/docs/reference/rest/v1/projects.locations.clusters.nodePools
"""

EXAMPLES = r"""
- name: Have a pool of one or two nodes with an L4 each
  llmops.gke.gke_node_pool:
    project: my-project
    location: us-central1
    cluster: mistral-cluster-gke
    name: mistral-gpu-pool
    locations: [us-central1-a]
    initial_node_count: 1
    autoscaling: {enabled: true, min_node_count: 1, max_node_count: 2}
    config:
      machine_type: g2-standard-12
      accelerators:
        - accelerator_type: nvidia-l4
          accelerator_count: 1
          gpu_driver_installation_config: {gpu_driver_version: LATEST}
      ephemeral_storage_local_ssd_config: {local_ssd_count: 1}
      gcfs_config: {enabled: true}
      workload_metadata_config: {mode: GKE_METADATA}
      labels: {accelerator: nvidia-gpu}

- name: Create it in the first of three zones that has capacity
  llmops.gke.gke_node_pool:
    project: my-project
    location: us-central1
    cluster: mistral-cluster-gke
    name: mistral-gpu-pool
    locations: [us-central1-a, us-central1-b, us-central1-c]
    locations_in_order: true
    initial_node_count: 1
    config:
      machine_type: g2-standard-12
      accelerators:
        - accelerator_type: nvidia-l4
          accelerator_count: 1
    timeout: 7200

- name: Replace the node pool by one with a local SSD, which cannot be added to an existing pool
  llmops.gke.gke_node_pool:
    project: my-project
    location: us-central1
    cluster: mistral-cluster-gke
    name: mistral-gpu-pool
    config:
      ephemeral_storage_local_ssd_config: {local_ssd_count: 1}
    recreate: true

- name: Delete the node pool
  llmops.gke.gke_node_pool:
    project: my-project
    location: us-central1
    cluster: mistral-cluster-gke
    name: mistral-gpu-pool
    state: absent
"""

RETURN = r"""
node_pool:
  description: The node pool as the API returns it; in check mode as it would be. Null when absent.
  returned: success
  type: dict
out_of_stock:
  description: Zones without capacity for the nodes, in the order in which they were tried.
  returned: success, when O(locations_in_order) is on and O(state=present)
  type: list
  elements: dict
  contains:
    zone: {description: Name of the zone., type: str, returned: always}
    message: {description: The message that GKE gave for the zone., type: str, returned: always}
    operation:
      description: Name of the operation that failed; null if the reason was found in the node pool's own conditions.
      type: str
      returned: always
plan:
  description:
    - The steps that bring the node pool to the wanted state.
    - With O(locations_in_order) also those that failed in zones that are out of stock.
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
  description: GKE operations that the task waited for, including those that others started.
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
from ..module_utils.engines.gke.gke_node_pool import SPEC


def main() -> None:
    """Entry point of the module."""
    run_module(SPEC)


if __name__ == "__main__":
    main()
