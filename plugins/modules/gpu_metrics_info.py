#!/usr/bin/python
# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads the GPUs' own figures, or says why there are none."""

from __future__ import annotations

DOCUMENTATION = r"""
module: gpu_metrics_info
short_description: Read the figures of a cluster's GPUs, or find out why there are none
version_added: 0.1.0
description:
  - Asks the DCGM exporter on every GPU node for its series, by way of the API server, and gives each GPU's figures.
    It does not matter whether GKE runs the exporter or a DaemonSet does.
  - Waits until the series of every GPU node are there, and otherwise fails with the cause - no GPU node, a driver that
    is not ready, no exporter, two of them, an exporter that sees no device.
author: The llmops.gke engineers (@llmops)
extends_documentation_fragment:
  - llmops.gke.google_auth
  - llmops.gke.kubernetes_access
  - llmops.gke.attributes
  - llmops.gke.attributes.actiongroup_k8s
attributes:
  check_mode:
    support: full
    details: It only reads. What is not there yet is a warning then, and is not waited for.
  diff_mode:
    support: N/A
    details: It changes nothing.
  idempotent: {support: full}
options:
  series:
    description: Series that every GPU must have, by DCGM's names.
    type: list
    elements: str
    default: [DCGM_FI_DEV_GPU_UTIL, DCGM_FI_DEV_FB_USED, DCGM_FI_DEV_POWER_USAGE]
  timeout:
    description: Seconds that the task may take, waiting for drivers and exporters included.
    type: int
    default: 300
notes:
  - The caller needs the permission to read C(pods/proxy), which C(roles/container.developer) has.
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
  description: Every GPU with its figures.
  returned: success
  type: list
  elements: dict
  contains:
    node:
      description: Node that it is in.
      type: str
    exporter:
      description: Namespace and name of the pod that reads it.
      type: str
    gpu:
      description: Its index in the node.
      type: str
    uuid:
      description: Its UUID.
      type: str
    model:
      description: Its model, such as V(NVIDIA L4).
      type: str
    used_by:
      description: Namespace and name of the pod that has it; empty where none has.
      type: str
    figures:
      description: Value of each series.
      type: dict
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
from ..module_utils.engines.kubernetes.gpu_metrics_info import SPEC


def main() -> None:
    """Entry point of the module."""
    run_module(SPEC)


if __name__ == "__main__":
    main()
