#!/usr/bin/python
# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Creates, changes and deletes a GKE cluster with its node pools."""

from __future__ import annotations

DOCUMENTATION = r"""
module: gke_cluster
short_description: Manage a GKE cluster and its node pools
version_added: 0.2.0
description:
  - Creates, changes or deletes a Standard cluster of Google Kubernetes Engine together with the node pools that are
    given, and waits until GKE has finished.
  - The field options are named after the fields of the GKE API, in snake case.
  - A cluster that exists is read by one request, which also serves its node pools. If nothing differs, that is the
    only request.
  - If GKE cannot provide the nodes, the error includes what Compute Engine reports - the other zones of the region that
    offer the machine type and its GPUs (C(error.other_zones)), or the quota with its limit and usage (C(error.quota)).
    C(error.node_pool) names the node pool.
author: The llmops.gke engineers (@llmops)
extends_documentation_fragment:
  - llmops.gke.google_auth
  - llmops.gke.gke_resource
  - llmops.gke.gke_resource.managed
  - llmops.gke.gke_resource.state
  - llmops.gke.gke_cluster_fields
  - llmops.gke.gke_node_pool_fields.node_pools
  - llmops.gke.attributes
  - llmops.gke.attributes.actiongroup_gcp
attributes:
  check_mode: {support: full}
  diff_mode: {support: full}
  idempotent: {support: full}
options:
  name:
    description: Name of the GKE cluster.
    type: str
    required: true
  kubeconfig:
    description:
      - Have the cluster's entry in a kubeconfig file as well, as M(llmops.gke.gke_kubeconfig) writes it.
      - It has no effect with O(state=absent).
    type: dict
    suboptions:
      path:
        description: Path of the kubeconfig file.
        type: path
        required: true
      cluster_endpoint:
        description:
          - Endpoint of the control plane that the entry names.
          - The values are those of O(llmops.gke.gke_kubeconfig#module:cluster_endpoint).
        type: str
        choices: [auto, dns, public, private]
        default: auto
      cluster_proxy_url:
        description: URL of the HTTP proxy that leads to the control plane. The entry names it.
        type: str
      set_current_context:
        description: Make the cluster the current context of the file.
        type: bool
        default: true
  initial_monitoring_components:
    description:
      - Components that GKE monitors from the creation of the cluster on, beside those of
        O(monitoring_config.component_config.enable_components).
      - On a cluster that exists they are neither enabled nor disabled, which leaves them to a later task.
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
  keep_monitoring_components:
    description:
      - Components that are left as they are on a cluster that exists, even if O(exactly) names
        O(monitoring_config.component_config.enable_components).
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
  deletion_protection:
    description: Refuse to delete the cluster with O(state=absent). Only this module checks it; GKE does not store it.
    type: bool
    default: false
seealso:
  - module: llmops.gke.gke_node_pool
  - name: Cluster in the GKE API
    description: The fields of a cluster in the GKE API.
    link: https://cloud.google.com/kubernetes-engine/docs/reference/rest/v1/projects.locations.clusters
"""

EXAMPLES = r"""
- name: Create a cluster for serving a model, and its GPU node pool once the cluster runs
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

- name: Delete the cluster
  llmops.gke.gke_cluster:
    project: my-project
    location: us-central1
    name: mistral-cluster-gke
    state: absent
"""

RETURN = r"""
cluster:
  description: The cluster as the API returns it, without credentials; in check mode as it would be. Null when absent.
  returned: success
  type: dict
out_of_stock:
  description: Zones without capacity for the nodes of a pool, in the order in which they were tried.
  returned: success, when a pool of O(node_pools) has O(node_pools[].locations_in_order) on
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
  description: The steps that bring the cluster and its node pools to the wanted state, in their order.
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
from ..module_utils.engines.gke.gke_cluster import SPEC


def main() -> None:
    """Entry point of the module."""
    run_module(SPEC)


if __name__ == "__main__":
    main()
