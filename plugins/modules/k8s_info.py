#!/usr/bin/python
# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads objects of a Kubernetes cluster."""

from __future__ import annotations

DOCUMENTATION = r"""
module: k8s_info
short_description: Read objects of a Kubernetes cluster by kind, name and selectors
version_added: 0.2.0
description:
  - Reads objects of one or more kinds, by name or by label and field selectors.
  - Values of Secrets are never returned.
  - A cluster that does not exist has no objects. The return value RV(exists) tells it from an empty one.
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
    description: API group and version of the objects to read, such as C(apps/v1).
    type: str
    default: v1
  kind:
    description: Kind of the objects to read. Either this or O(kinds) is required.
    type: str
  kinds:
    description:
      - Several kinds of objects to read at the same time. O(name), O(namespace) and the selectors apply to each of
        them.
    type: list
    elements: dict
    suboptions:
      api_version:
        description: API version of the kind of objects to read.
        type: str
        default: v1
      kind:
        description: Kind of the objects to read.
        type: str
        required: true
  name:
    description: Name of a single object to read. By default, all objects that match the selectors are returned.
    type: str
  namespace:
    description:
      - Namespace of the objects.
      - By default, O(name) is looked up in the namespace of the kubeconfig's context, or in C(default), and lists
        contain the objects of all namespaces.
    type: str
  label_selectors:
    description: Label selectors that all objects must match, as for C(kubectl --selector).
    type: list
    elements: str
  field_selectors:
    description: Field selectors that all objects must match, as for C(kubectl --field-selector).
    type: list
    elements: str
  timeout:
    description: Maximum duration of the whole task in seconds.
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
    - The objects as the API returns them, kind by kind, without C(managedFields) and with the values of Secrets
      hidden.
  returned: success
  type: list
  elements: dict
exists:
  description: Whether the cluster exists and its API server can be reached.
  returned: success
  type: bool
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
from ..module_utils.engines.kubernetes.k8s_info import SPEC


def main() -> None:
    """Entry point of the module."""
    run_module(SPEC)


if __name__ == "__main__":
    main()
