#!/usr/bin/python
# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads GKE's operations."""

from __future__ import annotations

DOCUMENTATION = r"""
module: gke_operation_info
short_description: Read GKE's operations
version_added: 0.2.0
description:
  - Reads the current and recent operations of GKE on clusters and node pools, one of them or all of a location.
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
    description: Region or zone of the operations; V(-) for all locations if O(name) is not given.
    type: str
    required: true
  name:
    description: Name of the operation to read, such as C(operation-1700000000000-abc). Without it, all operations of
      the location are read.
    type: str
  cluster:
    description: Return only operations on this cluster and its node pools.
    type: str
  unfinished:
    description: Return only operations that have not finished.
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
  description: The operations as the API returns them, the newest first; empty if there are none.
  returned: success
  type: list
  elements: dict
  contains:
    failure:
      description: Why the operation failed, with GKE's code and what can be done; null if it did not fail.
      type: str
      returned: always
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
from ..module_utils.engines.gke.gke_operation_info import SPEC


def main() -> None:
    """Entry point of the module."""
    run_module(SPEC)


if __name__ == "__main__":
    main()
