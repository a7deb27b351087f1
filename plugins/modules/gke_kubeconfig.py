#!/usr/bin/python
# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes a GKE cluster's entry into a kubeconfig file."""

from __future__ import annotations

DOCUMENTATION = r"""
module: gke_kubeconfig
short_description: Manage the entry of a GKE cluster in a kubeconfig file
version_added: 0.2.0
description:
  - Adds a cluster's entry to a kubeconfig file, as C(gcloud container clusters get-credentials) does, and makes it the
    current context. Other entries are left alone.
  - Returns a kubeconfig that holds only this cluster.
author: The llmops.gke engineers (@llmops)
extends_documentation_fragment:
  - llmops.gke.google_auth
  - llmops.gke.gke_resource
  - llmops.gke.gke_control_plane
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
  path:
    description:
      - Path of the kubeconfig file. A missing file is created with mode V(0600).
      - If this is left out, nothing is written and the kubeconfig is only returned.
    type: path
  set_current_context:
    description:
      - Make the cluster the file's current context, as gcloud does. Turn this off if several clusters share a file, or
        each task would undo what the others set.
    type: bool
    default: true
  state:
    description: V(absent) removes the cluster's entry from O(path), without any request to GKE; V(present) adds it.
    type: str
    choices: [present, absent]
    default: present
  timeout:
    description: Seconds that the task may take.
    type: int
    default: 120
notes:
  - As with gcloud, kubectl gets its tokens from C(gke-gcloud-auth-plugin), with the credentials that gcloud or the
    environment has when kubectl runs, and not with those of this task.
seealso:
  - module: llmops.gke.gke_cluster
"""

EXAMPLES = r"""
- name: Give kubectl access to the cluster
  llmops.gke.gke_kubeconfig:
    project: my-project
    location: us-central1
    name: mistral-cluster-gke
    path: ~/.kube/config

- name: Remove the cluster from the kubeconfig
  llmops.gke.gke_kubeconfig:
    project: my-project
    location: us-central1
    name: mistral-cluster-gke
    path: ~/.kube/config
    state: absent
"""

RETURN = r"""
kubeconfig:
  description: >-
    A kubeconfig that holds only this cluster. Null with O(state=absent), and in check mode if the cluster does not
    exist.
  returned: success
  type: dict
plan:
  description: The steps that bring the file to the wanted state.
  returned: success
  type: list
  elements: dict
  contains:
    action: {description: 'V(create), V(update) or V(delete).', type: str, returned: always}
    resource: {description: Resource that the step is about., type: str, returned: always}
    request: {description: What is written., type: str, returned: always}
    changes: {description: 'Each value that changes, before and after.', type: list, elements: dict, returned: always}
operations:
  description: Always empty.
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
from ..module_utils.engines.gke.gke_kubeconfig import SPEC


def main() -> None:
    """Entry point of the module."""
    run_module(SPEC)


if __name__ == "__main__":
    main()
