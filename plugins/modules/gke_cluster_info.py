#!/usr/bin/python
# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads GKE clusters."""

from __future__ import annotations

DOCUMENTATION = r"""
module: gke_cluster_info
short_description: Read GKE clusters with their node pools
version_added: 0.2.0
description:
  - Reads one cluster, or all clusters of a location or of a project, as the API returns them.
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
    description: Region or zone of the clusters; V(-) for all locations if O(name) is not given.
    type: str
    required: true
  name:
    description: Name of the cluster to read. If this is left out, all clusters of the location are read.
    type: str
  timeout:
    description: Seconds that the task may take.
    type: int
    default: 120
seealso:
  - module: llmops.gke.gke_cluster
"""

EXAMPLES = r"""
- name: Read a cluster
  llmops.gke.gke_cluster_info:
    project: my-project
    location: us-central1
    name: mistral-cluster-gke
  register: found

- name: Read all clusters of the project
  llmops.gke.gke_cluster_info:
    project: my-project
    location: "-"
"""

RETURN = r"""
clusters:
  description: The clusters without credentials, with their node pools in C(nodePools); empty if there are none.
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
from ..module_utils.engines.gke.gke_cluster_info import SPEC


def main() -> None:
    """Entry point of the module."""
    run_module(SPEC)


if __name__ == "__main__":
    main()
