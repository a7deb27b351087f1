#!/usr/bin/python
# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Has the GPUs of a cluster measured by GKE's exporter, by one of your own, or by none."""

from __future__ import annotations

DOCUMENTATION = r"""
module: gpu_metrics_exporter
short_description: Choose who runs the exporter of a cluster's GPU metrics
version_added: 0.2.0
description:
  - Makes sure that the DCGM exporter, which publishes the metrics of the GPUs, is run by GKE, by a DaemonSet of your
    own, or by nobody. Two exporters on the same node would publish every metric twice.
  - When the mode changes, the exporter that is no longer wanted is removed first, and the other one starts once it is
    gone.
  - An exporter that neither GKE nor this module runs is never touched. The task fails and names it instead of
    starting a second one.
  - A cluster whose exporter is already run by GKE costs two requests.
author: The llmops.gke engineers (@llmops)
extends_documentation_fragment:
  - llmops.gke.google_auth
  - llmops.gke.kubernetes_access
  - llmops.gke.attributes
  - llmops.gke.attributes.actiongroup_k8s
attributes:
  check_mode: {support: full}
  diff_mode: {support: full}
  idempotent: {support: full}
options:
  mode:
    description:
      - Who runs the exporter. V(managed) has GKE run its own, which needs O(cluster). V(daemonset) applies
        O(manifests). V(none) removes the DaemonSet of this module and has GKE end its own exporter.
    type: str
    choices: [managed, daemonset, none]
    default: managed
  components:
    description:
      - Components that GKE's monitoring collects in V(managed) mode, in addition to those that it collects already.
        C(DCGM) is the exporter and must be among them.
    type: list
    elements: str
    default: [SYSTEM_COMPONENTS, DCGM]
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
  manifests:
    description:
      - Manifests of the exporter for V(daemonset) mode, each as a dictionary or as YAML text with one or more
        documents. Objects of an earlier run that are no longer among them are deleted.
    type: list
    elements: raw
  namespace:
    description: Namespace of the exporter's objects. It is created if it does not exist.
    type: str
    default: gpu-metrics
  apply_set:
    description:
      - Name of the set that the exporter's objects belong to, as in M(llmops.gke.k8s_apply). The set is how this
        module recognises its own exporter.
    type: str
    default: configmaps/gpu-metrics-exporter
  state:
    description:
      - V(present) brings the cluster into O(mode). V(absent) removes the DaemonSet of this module and everything that
        belongs to it, and leaves the exporter of GKE as it is.
    type: str
    choices: [present, absent]
    default: present
  timeout:
    description:
      - Maximum duration of the whole task in seconds, including the time until GKE has ended its exporter.
    type: int
    default: 2700
seealso:
  - module: llmops.gke.gpu_metrics_info
  - module: llmops.gke.k8s_apply
"""

EXAMPLES = r"""
- name: Let GKE measure the GPUs
  llmops.gke.gpu_metrics_exporter:
    project: my-project
    location: us-central1
    cluster: mistral-cluster-gke
    mode: managed

- name: Run an exporter with counters of our own instead
  llmops.gke.gpu_metrics_exporter:
    project: my-project
    location: us-central1
    cluster: mistral-cluster-gke
    mode: daemonset
    manifests:
      - "{{ lookup('ansible.builtin.template', 'configmap.yaml.j2') }}"
      - "{{ lookup('ansible.builtin.template', 'daemonset.yaml.j2') }}"
"""

RETURN = r"""
components:
  description: Components that GKE's monitoring collects now, or would collect in check mode.
  returned: success
  type: list
  elements: str
  sample: [DCGM, SYSTEM_COMPONENTS]
objects:
  description: Objects of the exporter that were applied or removed, as returned by M(llmops.gke.k8s_apply).
  returned: success
  type: list
  elements: dict
totals:
  description: Number of objects for each action.
  returned: success
  type: dict
  sample: {created: 4}
plan:
  description: Steps that were taken, or would be in check mode, in their order, each with the changes that it makes.
  returned: success
  type: list
  elements: dict
operations:
  description: Operations of GKE that were followed.
  returned: success
  type: list
  elements: dict
duration:
  description: Duration of the task in seconds.
  returned: success
  type: float
http_requests:
  description: Number of HTTP requests that were sent.
  returned: success
  type: int
error:
  description: Details of the failure for programs to read. C(kind) tells failures apart.
  returned: failure
  type: dict
"""

from ..module_utils.core.runner import run_module
from ..module_utils.engines.kubernetes.gpu_metrics_exporter import SPEC


def main() -> None:
    """Entry point of the module."""
    run_module(SPEC)


if __name__ == "__main__":
    main()
