#!/usr/bin/python
# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads the quotas of a region and of the project."""

from __future__ import annotations

DOCUMENTATION = r"""
module: gcp_quota_info
short_description: Read Compute Engine's quotas of a region and of the project
version_added: 0.2.0
description:
  - Reads limits and use of the quotas of a region, and of those that hold for the whole project.
  - Reads from Cloud Quotas the limits of GPUs that Compute Engine's own list lacks, such as H100, H200 and B200.
author: The llmops.gke engineers (@llmops)
extends_documentation_fragment:
  - llmops.gke.google_auth
  - llmops.gke.attributes
  - llmops.gke.attributes.actiongroup_gcp
attributes:
  check_mode: {support: full}
  diff_mode: {support: none}
  idempotent: {support: full}
options:
  project:
    description: Id of the Google Cloud project.
    type: str
    required: true
  location:
    description: Region whose quotas are read, or one of its zones.
    type: str
    required: true
  metrics:
    description: Metrics to show, in Compute Engine's terms such as V(NVIDIA_L4_GPUS); all where it is left out.
    type: list
    elements: str
  accelerator_types:
    description:
      - Types of GPU whose limits are read from Cloud Quotas as well, such as V(nvidia-h100-80gb).
      - Where that API is off or refuses, RV(gpu_limits[].unknown) says so, and the task succeeds.
    type: list
    elements: str
  timeout:
    description: Seconds that the task may take.
    type: int
    default: 120
seealso:
  - module: llmops.gke.llm_preflight
"""

EXAMPLES = r"""
- name: See how many L4 GPUs may still be had
  llmops.gke.gcp_quota_info:
    project: my-project
    location: us-central1
    metrics: [NVIDIA_L4_GPUS, GPUS_ALL_REGIONS]
  register: found

- name: See how many H100 GPUs the project may have
  llmops.gke.gcp_quota_info:
    project: my-project
    location: us-central1
    accelerator_types: [nvidia-h100-80gb]
"""

RETURN = r"""
gpu_limits:
  description: Limits of O(accelerator_types) in the region, on demand and on Spot. Cloud Quotas does not tell the use.
  returned: success
  type: list
  elements: dict
  contains:
    accelerator_type:
      description: Type of GPU.
      type: str
    spot:
      description: Whether the limit is for Spot VMs.
      type: bool
    limit:
      description: GPUs that may be used, V(-1) for any number, or null where it is not known.
      type: float
    unknown:
      description: Why the limit is not known, or null.
      type: str
region:
  description: The region.
  returned: success
  type: str
quotas:
  description: Quotas, those of the region before those of the project.
  returned: success
  type: list
  elements: dict
  contains:
    metric:
      description: Name of the quota.
      type: str
    scope:
      description: V(regional) or V(project).
      type: str
    limit:
      description: How much may be used.
      type: float
    usage:
      description: How much is used.
      type: float
    available:
      description: How much is left.
      type: float
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
from ..module_utils.engines.google.gcp_quota_info import SPEC


def main() -> None:
    """Entry point of the module."""
    run_module(SPEC)


if __name__ == "__main__":
    main()
