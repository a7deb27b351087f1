#!/usr/bin/python
# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads GKE's operations."""

from __future__ import annotations

DOCUMENTATION = r"""
module: gke_operation_info
short_description: Read GKE's operations
version_added: 0.1.0
description:
  - Reads what GKE is doing or did lately to clusters and node pools, one operation or all of a location.
author: The llmops.gke engineers (@llmops)
extends_documentation_fragment:
  - llmops.gke.google_auth
  - llmops.gke.gke_resource
  - llmops.gke.attributes
  - llmops.gke.attributes.actiongroup_gcp
attributes:
  check_mode: {support: full}
  diff_mode: {support: none}
  idempotent: {support: full}
options:
  location:
    description: Region or zone of the clusters; V(-) for all of them, where O(name) is not given.
    type: str
    required: true
  name:
    description: Name of an operation, such as C(operation-1700000000000-abc); all of them where it is left out.
    type: str
  cluster:
    description: Only operations on this cluster and its node pools.
    type: str
  unfinished:
    description: Only operations that have not ended.
    type: bool
    default: false
  timeout:
    description: Seconds that the task may take.
    type: int
    default: 120
seealso:
  - module: llmops.gke.gke_cluster
  - module: llmops.gke.gke_node_pool
"""

EXAMPLES = r"""
- name: See what is going on with a cluster
  llmops.gke.gke_operation_info:
    project: my-project
    location: us-central1
    cluster: mistral-cluster-gke
    unfinished: true
  register: going_on
"""

RETURN = r"""
operations:
  description: The operations as the API gives them, the newest first; empty where there are none.
  returned: success
  type: list
  elements: dict
  contains:
    failure:
      description: What GKE said of its failure, with the code and what can be done; null while all is well.
      type: str
      returned: always
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
from ..module_utils.engines.gke.gke_operation_info import SPEC


def main() -> None:
    """Entry point of the module."""
    run_module(SPEC)


if __name__ == "__main__":
    main()
