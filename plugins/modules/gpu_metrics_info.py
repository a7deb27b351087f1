#!/usr/bin/python
# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads the metrics of GPUs, or says why there are none."""

from __future__ import annotations

DOCUMENTATION = r"""
module: gpu_metrics_info
short_description: Read the metrics of a cluster's GPUs, or find out why there are none
version_added: 0.2.0
description:
  - Reads the metrics of every GPU from the DCGM exporter on its node, through the API server. The exporter may be run
    by GKE or by a DaemonSet.
  - Waits until the metrics of every GPU node are there. Otherwise the task fails with the cause, such as no GPU node,
    a driver that is not ready, no exporter, two of them, or an exporter that sees no GPU.
author: The llmops.gke engineers (@llmops)
extends_documentation_fragment:
  - llmops.gke.google_auth
  - llmops.gke.kubernetes_access
  - llmops.gke.attributes
  - llmops.gke.attributes.actiongroup_k8s
attributes:
  check_mode:
    support: full
    details: It only reads. In check mode it does not wait, and warns about metrics that are missing.
  diff_mode:
    support: N/A
    details: It changes nothing.
  idempotent: {support: full}
options:
  series:
    description: Metrics that every GPU must have, by the names that DCGM gives them.
    type: list
    elements: str
    default: [DCGM_FI_DEV_GPU_UTIL, DCGM_FI_DEV_FB_USED, DCGM_FI_DEV_POWER_USAGE]
  timeout:
    description: Maximum duration of the task in seconds, including the wait for drivers and exporters.
    type: int
    default: 300
notes:
  - The caller needs permission to read C(pods/proxy), which C(roles/container.developer) includes.
seealso:
  - module: llmops.gke.k8s_info
"""

EXAMPLES = r"""
- name: Make sure that the GPUs are measured
  llmops.gke.gpu_metrics_info:
    project: my-project
    location: us-central1
    cluster: mistral-cluster-gke
  register: measured

- name: Show how busy they are
  ansible.builtin.debug:
    msg: "{{ measured.gpus | map(attribute='figures') | map(attribute='DCGM_FI_DEV_GPU_UTIL') }}"
"""

RETURN = r"""
gpus:
  description: One entry for each GPU, with its metrics.
  returned: success
  type: list
  elements: dict
  contains:
    node:
      description: Name of the node that has the GPU.
      type: str
    exporter:
      description: Exporter that the metrics come from, as C(NAMESPACE/POD).
      type: str
    gpu:
      description: Index of the GPU on its node.
      type: str
    uuid:
      description: UUID of the GPU.
      type: str
    model:
      description: Model of the GPU, such as V(NVIDIA L4).
      type: str
    used_by:
      description: Pod that uses the GPU, as C(NAMESPACE/POD). Empty if no pod does.
      type: str
    figures:
      description: Value of each of the metrics, by name.
      type: dict
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
from ..module_utils.engines.kubernetes.gpu_metrics_info import SPEC


def main() -> None:
    """Entry point of the module."""
    run_module(SPEC)


if __name__ == "__main__":
    main()
