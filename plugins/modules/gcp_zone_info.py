#!/usr/bin/python
# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds zones that offer a machine type and a GPU."""

from __future__ import annotations

DOCUMENTATION = r"""
module: gcp_zone_info
short_description: Find the zones that offer a machine type and a GPU
version_added: 0.2.0
description:
  - Finds the zones that have a machine type, a type of accelerator, or both together.
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
    description: Region whose zones are wanted, or one of its zones; those of all regions where it is left out.
    type: str
  machine_type:
    description: Machine type that the zones must have.
    type: str
  accelerator_type:
    description: Type of accelerator that the zones must have.
    type: str
  timeout:
    description: Seconds that the task may take.
    type: int
    default: 120
seealso:
  - module: llmops.gke.llm_preflight
"""

EXAMPLES = r"""
- name: Find the zones of a region that have L4 GPUs
  llmops.gke.gcp_zone_info:
    project: my-project
    location: us-central1
    machine_type: g2-standard-12
    accelerator_type: nvidia-l4
  register: found
"""

RETURN = r"""
zones:
  description: Zones of the region, or of all regions, that have everything asked for; empty where there are none.
  returned: success
  type: list
  elements: str
regions:
  description: Every region with such zones, and the zones.
  returned: success
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
from ..module_utils.engines.google.gcp_zone_info import SPEC


def main() -> None:
    """Entry point of the module."""
    run_module(SPEC)


if __name__ == "__main__":
    main()
