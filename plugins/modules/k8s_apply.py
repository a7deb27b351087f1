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
    description:
      - Paths of files with manifests in YAML, of one or more documents each, or of directories with such files
        (C(.yaml), C(.yml), C(.json)).
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
  propagation:
    description:
      - What becomes of what a deleted object owns - V(foreground) sees it gone first, V(background) leaves that to the
        cluster, V(orphan) keeps it.
    type: str
    choices: [foreground, background, orphan]
    default: foreground
  apply_set:
    description:
      - Name of the set that the objects belong to, as in C(kubectl apply --applyset) - its parent is the Secret of this
        name in O(namespace), or C(configmaps/NAME) for a ConfigMap. It remembers where members are; each bears the
        label C(applyset.kubernetes.io/part-of).
      - The members are read by one list for each of their kinds.
      - With O(state=absent) all members go, whether or not their manifests are given, and the parent last.
    type: str
  prune:
    description:
      - Whether to delete what earlier tasks applied as this O(apply_set) and this one leaves out. It is deleted before
        O(wait) begins, so that it can make room.
    type: bool
    default: false
  field_manager:
    description: Under which name the API server remembers the fields that are set here.
    type: str
    default: llmops.gke
  force_conflicts:
    description: Whether to take over fields that other managers own. Without it such a field fails the task, by name.
    type: bool
    default: false
  force_conflicts_for:
    description: The same for these objects alone, each as C(Kind/name) or C(Kind/namespace/name).
    type: list
    elements: str
  wait:
    description:
      - Whether to wait until the objects are ready - workloads rolled out, load balancers with an address, claims
        bound, jobs complete, definitions established, API services available.
      - The objects are watched, with the pods and events that explain them, so that a reason is told as soon as the
        cluster shows it. All waits of a task go on together, under one O(timeout).
      - What cannot become ready by itself (an image that is not found, a crash loop, a gated model, too little memory,
        a missing Secret, a quota, a webhook's refusal, a pool at its maximum) fails the task at once, with the reason.
        What went wrong before the task (a quota, a crash of pods whose template it leaves alone, an image that was not
        found, a progress deadline) is told, but ends it only once it happens again, for it may have been mended since.
    type: bool
    default: false
  wait_for:
    description:
      - Kinds that O(wait) is about; others count as ready.
      - Where it is left out, all but C(HorizontalPodAutoscaler), whose metrics often begin with the first request. Name
        it here to wait until it scales (C(ScalingActive)).
    type: list
    elements: str
  wait_condition:
    description: A condition that every object of the task is to have, instead of what O(wait) knows of its kind.
    type: dict
    suboptions:
      type:
        description: Type of the condition in C(status.conditions).
        type: str
        required: true
      status:
        description: Status that the condition must have.
        type: str
        choices: ["True", "False", "Unknown"]
        default: "True"
      reason:
        description: Reason that the condition must have. If this is left out, any reason will do.
        type: str
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

- name: Wait until an autoscaler acts on its metrics
  llmops.gke.k8s_apply:
    kubeconfig: ~/.kube/config
    src: [hpa.yaml]
    wait: true
    wait_for: [HorizontalPodAutoscaler]

- name: Apply a directory, and remove what it no longer holds
  llmops.gke.k8s_apply:
    kubeconfig: ~/.kube/config
    namespace: default
    src: [manifests/]
    apply_set: mistral
    prune: true

- name: Apply what kustomize makes
  llmops.gke.k8s_apply:
    kubeconfig: ~/.kube/config
    manifests: ["{{ lookup('ansible.builtin.pipe', 'kubectl kustomize overlays/prod') }}"]

- name: Remove what a file describes
  llmops.gke.k8s_apply:
    kubeconfig: ~/.kube/config
    src: [mistral-7b.yaml]
    state: absent
"""

RETURN = r"""
objects:
  description: One entry a manifest (and created namespace, parent of a set, pruned object), in their order.
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

from ..module_utils.core.runner import run_module
from ..module_utils.engines.kubernetes.k8s_apply import SPEC


def main() -> None:
    """Entry point of the module."""
    run_module(SPEC)


if __name__ == "__main__":
    main()
