#!/usr/bin/python
# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Creates, changes and deletes a GKE cluster."""

from __future__ import annotations

DOCUMENTATION = r"""
module: gke_cluster
short_description: Manage a GKE cluster
version_added: 0.1.0
description:
  - Creates a Standard cluster of Google Kubernetes Engine with its node pools in one operation, changes it in place,
    or deletes it, and waits for the end of each operation.
  - The options have the names of the API's fields, in snake case.
  - Where GKE cannot have nodes, the failure says what Compute Engine knows of the reason - the other zones of the
    region that offer the machine type and its GPUs (C(error.other_zones)), or the quota with its limit and use
    (C(error.quota)).
author: The llmops.gke engineers (@llmops)
extends_documentation_fragment:
  - llmops.gke.google_auth
  - llmops.gke.gke_resource
  - llmops.gke.gke_resource.state
  - llmops.gke.gke_cluster_fields
  - llmops.gke.gke_node_pool_fields.born
  - llmops.gke.attributes
  - llmops.gke.attributes.actiongroup_gcp
attributes:
  check_mode: {support: full}
  diff_mode: {support: full}
  idempotent: {support: full}
options:
  name:
    description: Name of the cluster.
    type: str
    required: true
  deletion_protection:
    description: Refuse O(state=absent) while the cluster exists. It is this task's own; GKE knows nothing of it.
    type: bool
    default: false
  initial_monitoring_components:
    description:
      - Components of O(monitoring_config.component_config.enable_components) that the cluster has from its creation.
        Of a cluster that exists they are neither turned on nor off - for what is turned on by a later task, when its
        time has come.
    type: list
    elements: str
    choices:
      - SYSTEM_COMPONENTS
      - APISERVER
      - SCHEDULER
      - CONTROLLER_MANAGER
      - STORAGE
      - HPA
      - POD
      - DAEMONSET
      - DEPLOYMENT
      - STATEFULSET
      - CADVISOR
      - KUBELET
      - DCGM
      - JOBSET
seealso:
  - module: llmops.gke.gke_node_pool
  - name: The API's resource
    description: What each field means to GKE.
    link: https://cloud.google.com/kubernetes-engine/docs/reference/rest/v1/projects.locations.clusters
"""

EXAMPLES = r"""
- name: Have a cluster for serving a model, with its GPU node pool
  llmops.gke.gke_cluster:
    project: my-project
    location: us-central1
    name: mistral-cluster-gke
    locations: [us-central1-a]
    ip_allocation_policy:
      use_ip_aliases: true
    workload_identity_config:
      workload_pool: my-project.svc.id.goog
    addons_config:
      gcs_fuse_csi_driver_config: {enabled: true}
      http_load_balancing: {disabled: false}
      horizontal_pod_autoscaling: {disabled: false}
    node_pools:
      - name: default-pool
        initial_node_count: 3
        autoscaling: {enabled: true, min_node_count: 1, max_node_count: 5}
        config:
          machine_type: n1-standard-4
      - name: gpu-pool
        initial_node_count: 1
        config:
          machine_type: g2-standard-12
          accelerators:
            - accelerator_type: nvidia-l4
              accelerator_count: 1
              gpu_driver_installation_config: {gpu_driver_version: LATEST}

- name: Have no such cluster
  llmops.gke.gke_cluster:
    project: my-project
    location: us-central1
    name: mistral-cluster-gke
    state: absent
"""

RETURN = r"""
cluster:
  description: The cluster as the API gives it, without credentials; in check mode as it would be. Null when absent.
  returned: success
  type: dict
plan:
  description: The steps that bring the cluster to the wanted state.
  returned: success
  type: list
  elements: dict
  contains:
    action: {description: 'V(create), V(update) or V(delete).', type: str, returned: always}
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
from ..module_utils.engines.gke.gke_cluster import SPEC


def main() -> None:
    """Entry point of the module."""
    run_module(SPEC)


if __name__ == "__main__":
    main()
