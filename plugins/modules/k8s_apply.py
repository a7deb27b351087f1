#!/usr/bin/python
# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Applies manifests to a Kubernetes cluster, or removes their objects."""

from __future__ import annotations

DOCUMENTATION = r"""
module: k8s_apply
short_description: Apply many manifests to a Kubernetes cluster in one call
version_added: 0.1.0
description:
  - Server-side apply of any number of manifests, in the order of what needs what, those that do not need each other
    side by side.
  - An object that is as its manifest says costs one request and is left alone. Fields that the manifest no longer has
    are removed where this module has set them, fields of other managers are left as they are.
  - Where several objects would be written, all of them are rehearsed by the server first, so that a manifest that it
    refuses is known before anything is applied.
  - In check mode the server is asked by dry runs. What lies in a namespace that the same call would create is planned
    from its manifest, and so is everything where the cluster does not exist yet.
  - Values of Secrets are never returned, also not in diffs.
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
  manifests:
    description:
      - Manifests, each as a dictionary or as YAML text of one or more documents.
      - C(stringData) of a Secret is encoded into C(data) before it is sent, so that a key which is left out later goes.
    type: list
    elements: raw
  src:
    description: Paths of files with manifests in YAML, of one or more documents each.
    type: list
    elements: path
  namespace:
    description: Namespace of the objects whose manifests name none.
    type: str
  create_namespace:
    description: Whether to create the namespaces that objects lie in and that are not there.
    type: bool
    default: false
  state:
    description:
      - V(present) applies the manifests.
      - V(absent) deletes their objects and what those own, in reverse order, and always waits until they are gone.
    type: str
    choices: [present, absent]
    default: present
  field_manager:
    description: Under which name the API server remembers the fields that are set here.
    type: str
    default: llmops.gke
  force_conflicts:
    description: Whether to take over fields that other managers own. Without it such a field fails the task, by name.
    type: bool
    default: false
  wait:
    description:
      - Whether to wait until the objects are ready - workloads rolled out, load balancers with an address, claims
        bound, jobs complete.
      - What cannot become ready by itself (an image that is not found, a crash loop, a missing Secret) fails the task
        at once, with the reason.
    type: bool
    default: false
  timeout:
    description: Seconds that the whole task may take.
    type: int
    default: 1800
seealso:
  - module: llmops.gke.k8s_info
  - module: llmops.gke.k8s_label
  - name: Server-side apply
    description: How field managers share an object.
    link: https://kubernetes.io/docs/reference/using-api/server-side-apply/
"""

EXAMPLES = r"""
- name: Give the model's pods their token, and serve the model
  llmops.gke.k8s_apply:
    project: my-project
    location: us-central1
    cluster: mistral-cluster-gke
    namespace: default
    manifests:
      - apiVersion: v1
        kind: Secret
        metadata: {name: mistral-demo}
        stringData:
          HF_TOKEN: "{{ lookup('env', 'HF_TOKEN') }}"
      - "{{ lookup('ansible.builtin.template', 'mistral-7b.yaml.j2') }}"
    wait: true
    timeout: 2400

- name: Remove what a file describes
  llmops.gke.k8s_apply:
    kubeconfig: ~/.kube/config
    src: [mistral-7b.yaml]
    state: absent
"""

RETURN = r"""
objects:
  description: One entry a manifest (and created namespace), in their order.
  returned: success
  type: list
  elements: dict
  contains:
    api_version: {description: Its apiVersion., returned: always, type: str, sample: apps/v1}
    kind: {description: Its kind., returned: always, type: str, sample: Deployment}
    namespace: {description: Its namespace; null where its kind has none., returned: always, type: str, sample: default}
    name: {description: Its name., returned: always, type: str, sample: mistral-7b}
    action:
      description: What was done, or would be - C(created), C(updated), C(unchanged), C(deleted), or C(absent) before.
      returned: always
      type: str
      sample: created
    object:
      description:
        - The object as it is now, as it would be, or as it was before it was deleted, without C(managedFields) and with
          the values of a Secret hidden. Null where it was absent.
      returned: always
      type: dict
totals:
  description: How many objects met each action.
  returned: success
  type: dict
  sample: {created: 3, unchanged: 1}
plan:
  description: The steps that were taken, or would be in check mode; each with the changes that it makes.
  returned: success
  type: list
  elements: dict
  sample:
    - action: update
      resource: Deployment default/mistral-7b
      request: PATCH /apis/apps/v1/namespaces/default/deployments/mistral-7b
      changes:
        - {field: spec.replicas, before: 1, after: 2}
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

from ansible_collections.llmops.gke.plugins.module_utils.carrier import ModuleSpec, run_module
from ansible_collections.llmops.gke.plugins.module_utils.kubernetes_apply import run, secrets
from ansible_collections.llmops.gke.plugins.module_utils.kubernetes_options import (
    KUBERNETES_ACCESS,
    KUBERNETES_ACCESS_RULES,
)

SPEC = ModuleSpec(
    run=run,
    argument_spec={
        **KUBERNETES_ACCESS,
        "manifests": {"type": "list", "elements": "raw"},
        "src": {"type": "list", "elements": "path"},
        "namespace": {"type": "str"},
        "create_namespace": {"type": "bool", "default": False},
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "field_manager": {"type": "str", "default": "llmops.gke"},
        "force_conflicts": {"type": "bool", "default": False},
        "wait": {"type": "bool", "default": False},
        "timeout": {"type": "int", "default": 1800},
    },
    rules={
        **KUBERNETES_ACCESS_RULES,
        "required_one_of": [*KUBERNETES_ACCESS_RULES["required_one_of"], ("manifests", "src")],
    },
    secrets=secrets,
)


def main() -> None:
    """Entry point of the module."""
    run_module(SPEC)


if __name__ == "__main__":
    main()
