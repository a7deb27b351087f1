#!/usr/bin/python
# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sets or removes labels and annotations of objects that others make."""

from __future__ import annotations

DOCUMENTATION = r"""
module: k8s_label
short_description: Label and annotate objects in a Kubernetes cluster
version_added: 0.1.0
description:
  - Sets labels and annotations on objects that are there, by a field manager of its own, so that applying the object's
    manifest again leaves them alone.
  - What earlier tasks have set stays. Only what this manager has set is removed; a label that belongs to another
    manager stays, with a warning.
  - In check mode an object, or cluster, that is not there yet is taken for one that an earlier task would make.
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
    description: API version of the objects' kind.
    type: str
    default: v1
  kind:
    description: Kind of the objects to label.
    type: str
    required: true
  name:
    description: Name of the one object. Either this or O(label_selector) is needed.
    type: str
  label_selector:
    description: The objects that have these labels, as in C(kubectl --selector).
    type: str
  namespace:
    description:
      - Namespace of the objects.
      - Where it is left out, O(name) is sought in C(default) (or the namespace of the kubeconfig's context), and
        O(label_selector) in all namespaces.
    type: str
  labels:
    description: Labels. All values are text. With O(state=absent) only the keys matter.
    type: dict
  annotations:
    description: Annotations. All values are text. With O(state=absent) only the keys matter.
    type: dict
  state:
    description: Whether the objects are to have these labels and annotations.
    type: str
    choices: [present, absent]
    default: present
  field_manager:
    description: Under which name the API server remembers who set them.
    type: str
    default: llmops.gke-labels
  force_conflicts:
    description: Whether to take over labels and annotations that others have set to other values.
    type: bool
    default: false
  timeout:
    description: Seconds that the whole task may take.
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
  description: One entry an object.
  returned: success
  type: list
  elements: dict
  contains:
    api_version: {description: Its apiVersion., returned: always, type: str, sample: v1}
    kind: {description: Its kind., returned: always, type: str, sample: Service}
    namespace: {description: Its namespace; null where its kind has none., returned: always, type: str, sample: default}
    name: {description: Its name., returned: always, type: str, sample: mistral-7b-service}
    action: {description: C(updated) or C(unchanged)., returned: always, type: str, sample: updated}
    object:
      description: The object as it is now or would be, without C(managedFields) and with the values of a Secret hidden.
      returned: always
      type: dict
totals:
  description: How many objects met each action.
  returned: success
  type: dict
  sample: {updated: 1}
plan:
  description: The steps that were taken, or would be in check mode; each with the changes that it makes.
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
from ..module_utils.engines.kubernetes.k8s_label import SPEC


def main() -> None:
    """Entry point of the module."""
    run_module(SPEC)


if __name__ == "__main__":
    main()
