#!/usr/bin/python
# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes a GKE cluster's entry into a kubeconfig file."""

from __future__ import annotations

DOCUMENTATION = r"""
module: gke_kubeconfig
short_description: Have a GKE cluster in a kubeconfig file, or in memory
version_added: 0.1.0
description:
  - Merges into a kubeconfig file what C(gcloud container clusters get-credentials) writes, and makes it the current
    context. Other entries are left as they are.
  - Returns a kubeconfig of this cluster alone.
author: The llmops.gke engineers (@llmops)
extends_documentation_fragment:
  - llmops.gke.google_auth
  - llmops.gke.gke_resource
  - llmops.gke.attributes
  - llmops.gke.attributes.actiongroup_gcp
attributes:
  check_mode: {support: full}
  diff_mode: {support: full}
  idempotent: {support: full}
options:
  name:
    description: Name of the cluster.
    type: str
    required: true
  path:
    description:
      - The file. It is created where it is missing, and its mode is V(0600).
      - Where it is left out, nothing is written.
    type: path
  endpoint:
    description: By which of the control plane's endpoints to reach it. A cluster without IP endpoints is always
      reached by V(dns).
    type: str
    choices: [public, internal, dns]
    default: public
  set_current_context:
    description:
      - Whether to make the entry the file's current context, as gcloud does. Turn it off where several clusters share a
        file, or each task would change what the other one set.
    type: bool
    default: true
  state:
    description: Whether the entry is to be there. V(absent) removes it from O(path) and asks nothing of GKE.
    type: str
    choices: [present, absent]
    default: present
  timeout:
    description: Seconds that the task may take.
    type: int
    default: 120
notes:
  - As with gcloud, the entry's user gets its tokens from C(gke-gcloud-auth-plugin), with the credentials that gcloud or
    the environment has when kubectl runs, and not with those of this task.
seealso:
  - module: llmops.gke.gke_cluster
"""

EXAMPLES = r"""
- name: Let kubectl reach the cluster
  llmops.gke.gke_kubeconfig:
    project: my-project
    location: us-central1
    name: mistral-cluster-gke
    path: ~/.kube/config

- name: Forget the cluster
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
    A kubeconfig of this cluster alone. Null where O(state=absent), and in check mode while there is no cluster.
  returned: success
  type: dict
plan:
  description: The steps that bring the file to the wanted state.
  returned: success
  type: list
  elements: dict
  contains:
    action: {description: 'V(create), V(update) or V(delete).', type: str, returned: always}
    resource: {description: What it is done to., type: str, returned: always}
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
  description: Requests that were sent.
  returned: success
  type: int
error:
  description: What failed, for programs to read; C(kind) tells failures apart.
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
