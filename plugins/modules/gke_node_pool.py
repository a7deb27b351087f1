#!/usr/bin/python
# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Creates, changes and deletes a node pool of a GKE cluster."""

from __future__ import annotations

DOCUMENTATION = r"""
module: gke_node_pool
short_description: Manage a node pool of a GKE cluster
version_added: 0.1.0
description:
  - Creates a node pool, changes it in place, each field by the API's own way, or deletes it, and waits for the end of
    each operation.
  - The options have the names of the API's fields, in snake case.
  - Where GKE cannot have nodes, the failure says what Compute Engine knows of the reason - the other zones of the
    region that offer the machine type and its GPUs (C(error.other_zones)), or the quota with its limit and use
    (C(error.quota)).
author: The llmops.gke engineers (@llmops)
extends_documentation_fragment:
  - llmops.gke.google_auth
  - llmops.gke.gke_resource
  - llmops.gke.gke_resource.state
  - llmops.gke.gke_node_pool_fields
  - llmops.gke.attributes
  - llmops.gke.attributes.actiongroup_gcp
attributes:
  check_mode: {support: full}
  diff_mode: {support: full}
  idempotent: {support: full}
options:
  cluster:
    description: Name of the cluster.
    type: str
    required: true
  name:
    description: Name of the node pool.
    type: str
    required: true
  repair:
    description:
      - Delete the node pool and create it anew where it is in C(ERROR) or C(RUNNING_WITH_ERROR). What still runs on it
        goes down.
      - Otherwise such a node pool is a failure that says what GKE says.
    type: bool
    default: false
  recreate:
    description:
      - Replace the node pool where it differs in a field that cannot be changed in place; otherwise such a difference
        fails the task.
      - Because a node pool keeps its name for life, a pool C(NAME-stand-in) with the wanted fields is created first.
        The nodes of the old pool are cordoned and their pods evicted as their PodDisruptionBudgets allow; then the old
        pool is deleted, created anew, and the stand-in emptied and deleted in the same manner. Fields that are not
        given are as the old pool has them.
      - Nothing is begun while a pod runs on the pool that no controller would make anew. Data in local storage is lost.
      - A run that is cut short is taken up by the next, as long as this option is on.
    type: bool
    default: false
  locations_in_order:
    description:
      - Have the node pool in one zone, the first of O(locations) that has stock, instead of in all of them.
      - Where its nodes cannot be had in a zone for want of stock (C(GCE_STOCKOUT)), the pool is deleted and created
        anew in the next one. A quota is the whole region's, so a quota that is used up ends the search.
      - A pool that runs in any of the zones is where it is to be and stays there. So does one of which any node runs,
        unless O(repair) is on; scaling up is the autoscaler's matter (see O(autoscaling.location_policy)).
      - Where every zone is out of stock, the pool is deleted and the task fails with what GKE says of each zone; the
        next run begins anew.
      - A run that is cut short is taken up by the next one within the hour, which finds the zones that were out of
        stock by the operations that GKE keeps.
      - GKE may take half an hour to give up a zone. O(timeout) is for all of them together.
    type: bool
    default: false
seealso:
  - module: llmops.gke.gke_cluster
  - name: The API's resource
    description: What each field means to GKE.
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

- name: Have it in the first of three zones that has stock
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

- name: Move the workload to nodes with more local storage, which cannot be added to a pool
  llmops.gke.gke_node_pool:
    project: my-project
    location: us-central1
    cluster: mistral-cluster-gke
    name: mistral-gpu-pool
    config:
      ephemeral_storage_local_ssd_config: {local_ssd_count: 1}
    recreate: true

- name: Have no such pool
  llmops.gke.gke_node_pool:
    project: my-project
    location: us-central1
    cluster: mistral-cluster-gke
    name: mistral-gpu-pool
    state: absent
"""

RETURN = r"""
node_pool:
  description: The node pool as the API gives it; in check mode as it would be. Null when absent.
  returned: success
  type: dict
out_of_stock:
  description: The zones in which its nodes could not be had, in the order in which they were tried.
  returned: success, when O(locations_in_order) is on and O(state=present)
  type: list
  elements: dict
  contains:
    zone: {description: The zone., type: str, returned: always}
    message: {description: What GKE says of it., type: str, returned: always}
    operation:
      description: Name of the operation that failed of it; null where only the pool tells.
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
    resource: {description: What it is done to., type: str, returned: always}
    request: {description: Method and path of the request that does it., type: str, returned: always}
    changes:
      description: Each field that changes, with its value before and after.
      type: list
      elements: dict
      returned: always
operations:
  description: GKE's operations that were followed, as the API gives them, those that others began included.
  returned: success
  type: list
  elements: dict
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
from ..module_utils.engines.gke.gke_node_pool import SPEC


def main() -> None:
    """Entry point of the module."""
    run_module(SPEC)


if __name__ == "__main__":
    main()
