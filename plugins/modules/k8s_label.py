#!/usr/bin/python
# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sets or removes labels and annotations of objects that others make."""

from __future__ import annotations

DOCUMENTATION = r"""
module: k8s_label
short_description: Label and annotate objects in a Kubernetes cluster
version_added: 0.2.0
description:
  - Sets or removes labels and annotations of existing objects. It uses a field manager of its own, so that applying
    the manifest of such an object again does not touch them.
  - Labels and annotations that earlier tasks set are kept. Only those that this field manager set are removed. One
    that belongs to another field manager is kept, with a warning.
  - In check mode, an object or cluster that does not exist yet is assumed to be created by an earlier task.
author: The llmops.gke engineers (@llmops)
extends_documentation_fragment:
  - llmops.gke.google_auth
  - llmops.gke.kubernetes_access
  - llmops.gke.attributes
  - llmops.gke.attributes.actiongroup_k8s
attributes:
  check_mode: {support: full}
  diff_mode: {support: full}
  idempotent: {support: full}
options:
  api_version:
    description: API version of the kind of objects to label.
    type: str
    default: v1
  kind:
    description: Kind of the objects to label.
    type: str
    required: true
  name:
    description: Name of a single object to label. Either this or O(label_selector) is required.
    type: str
  label_selector:
    description: Label selector of the objects to label, as for C(kubectl --selector).
    type: str
  namespace:
    description:
      - Namespace of the objects.
      - By default, O(name) is looked up in the namespace of the kubeconfig's context, or in C(default), and
        O(label_selector) matches objects in all namespaces.
    type: str
  labels:
    description: Labels to set. All values must be strings. With O(state=absent) only the keys matter.
    type: dict
  annotations:
    description: Annotations to set. All values must be strings. With O(state=absent) only the keys matter.
    type: dict
  state:
    description: V(present) sets the labels and annotations, V(absent) removes them.
    type: str
    choices: [present, absent]
    default: present
  field_manager:
    description: Name under which the API server records the labels and annotations that this module sets.
    type: str
    default: llmops.gke-labels
  force_conflicts:
    description: Take over labels and annotations that other field managers have set to other values.
    type: bool
    default: false
  timeout:
    description: Maximum duration of the whole task in seconds.
    type: int
    default: 120
seealso:
  - module: llmops.gke.k8s_apply
"""

EXAMPLES = r"""
- name: Label the model's load balancer
  llmops.gke.k8s_label:
    project: my-project
    location: us-central1
    cluster: mistral-cluster-gke
    kind: Service
    name: mistral-7b-service
    labels:
      LLM_deployment: "true"
      model_LoadBalancer: "true"
      Ingress_Point: "true"

- name: Take a label from all services that have it
  llmops.gke.k8s_label:
    kubeconfig: ~/.kube/config
    kind: Service
    label_selector: LLM_deployment=true
    labels: {Ingress_Point: ""}
    state: absent
"""

RETURN = r"""
objects:
  description: One entry for each object.
  returned: success
  type: list
  elements: dict
  contains:
    api_version: {description: API version of the object., returned: always, type: str, sample: v1}
    kind: {description: Kind of the object., returned: always, type: str, sample: Service}
    namespace:
      description: Namespace of the object, null if its kind is not namespaced.
      returned: always
      type: str
      sample: default
    name: {description: Name of the object., returned: always, type: str, sample: mistral-7b-service}
    action: {description: C(updated) or C(unchanged)., returned: always, type: str, sample: updated}
    object:
      description:
        - The object as it is now, or would be in check mode, without C(managedFields) and with the values of a Secret
          hidden.
      returned: always
      type: dict
totals:
  description: Number of objects for each action.
  returned: success
  type: dict
  sample: {updated: 1}
plan:
  description: Steps that were taken, or would be in check mode, each with the changes that it makes.
  returned: success
  type: list
  elements: dict
  sample:
    - action: update
      resource: Service default/mistral-7b-service
      request: PATCH /api/v1/namespaces/default/services/mistral-7b-service
      changes:
        - {field: metadata.labels.LLM_deployment, before: null, after: "true"}
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
from ..module_utils.engines.kubernetes.k8s_label import SPEC


def main() -> None:
    """Entry point of the module."""
    run_module(SPEC)


if __name__ == "__main__":
    main()
