#!/usr/bin/python
# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads objects of a Kubernetes cluster."""

from __future__ import annotations

DOCUMENTATION = r"""
module: k8s_info
short_description: Read objects of a Kubernetes cluster by kind, name and selectors
version_added: 0.1.0
description:
  - Gives the objects of one kind or several, all pages of them, without C(managedFields). Values of Secrets are always
    hidden.
  - A cluster that does not exist has no objects; RV(exists) tells it from an empty one.
author: The llmops.gke engineers (@llmops)
extends_documentation_fragment:
  - llmops.gke.google_auth
  - llmops.gke.kubernetes_access
  - llmops.gke.attributes
  - llmops.gke.attributes.actiongroup_k8s
attributes:
  check_mode:
    support: full
    details: It only reads.
  diff_mode:
    support: N/A
    details: It changes nothing.
  idempotent: {support: full}
options:
  api_version:
    description: API version of the kind.
    type: str
    default: v1
  kind:
    description: Kind of the objects. Either this or O(kinds) is needed.
    type: str
  kinds:
    description: Several kinds at once, read side by side. O(name), O(namespace) and the selectors hold for each.
    type: list
    elements: dict
    suboptions:
      api_version:
        description: API version of the kind.
        type: str
        default: v1
      kind:
        description: Kind of the objects to read.
        type: str
        required: true
  name:
    description: Name of the one object. Where it is left out, all that match are given.
    type: str
  namespace:
    description:
      - Namespace of the objects.
      - Where it is left out, O(name) is sought in C(default) (or the namespace of the kubeconfig's context), and
        everything else in all namespaces.
    type: str
  label_selectors:
    description: Label selectors, as in C(kubectl --selector); all must match.
    type: list
    elements: str
  field_selectors:
    description: Field selectors, as in C(kubectl --field-selector); all must match.
    type: list
    elements: str
  timeout:
    description: Seconds that the whole task may take.
    type: int
    default: 120
seealso:
  - module: llmops.gke.k8s_apply
"""

EXAMPLES = r"""
- name: Find the load balancers of language models
  llmops.gke.k8s_info:
    project: my-project
    location: us-central1
    cluster: mistral-cluster-gke
    kind: Service
    label_selectors: [LLM_deployment=true]
  register: services

- name: See all that the model consists of
  llmops.gke.k8s_info:
    kubeconfig: ~/.kube/config
    namespace: default
    label_selectors: [app=mistral-7b]
    kinds:
      - {api_version: apps/v1, kind: Deployment}
      - {kind: Pod}
      - {kind: Service}

- name: Read one deployment
  llmops.gke.k8s_info:
    kubeconfig: ~/.kube/config
    api_version: apps/v1
    kind: Deployment
    name: mistral-7b
    namespace: default
"""

RETURN = r"""
resources:
  description:
    - The objects as the API gives them, kind by kind, without C(managedFields), values of Secrets hidden.
  returned: success
  type: list
  elements: dict
exists:
  description: Whether the cluster exists and can be spoken to.
  returned: success
  type: bool
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
from ..module_utils.engines.kubernetes.k8s_info import SPEC


def main() -> None:
    """Entry point of the module."""
    run_module(SPEC)


if __name__ == "__main__":
    main()
