#!/usr/bin/python
# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Applies manifests to a Kubernetes cluster, or removes their objects."""

from __future__ import annotations

DOCUMENTATION = r"""
module: k8s_apply
short_description: Apply many manifests to a Kubernetes cluster in one call
version_added: 0.2.0
description:
  - Applies any number of manifests with server-side apply, in dependency order. Objects that do not depend on each
    other are applied in parallel.
  - An object that already matches its manifest costs one request and is left alone; one more if the manifest sets a
    field to null that the server fills in. Fields that this module set earlier and that the manifest no longer
    contains are removed. Fields of other managers are left as they are.
  - When several objects are about to be written, the server rehearses all of them first, so that all manifests it
    refuses are reported before anything is applied.
  - In check mode the server predicts the result by dry runs. Objects in a namespace that the same task would create
    are predicted from their manifests, and so is everything when the cluster does not exist yet.
  - A kind that GKE brings to the cluster some time after managed Prometheus is enabled, such as PodMonitoring, is
    waited for within O(timeout), after everything else has been applied.
  - Warnings of the server, such as for deprecated kinds or pod security, are the task's warnings.
  - Values of Secrets are never returned, not in diffs either.
author: The llmops.gke engineers (@llmops)
extends_documentation_fragment:
  - llmops.gke.llm.workload
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
      - Manifests to apply or remove, each as a dictionary or as YAML text with one or more documents.
      - The C(stringData) of a Secret is encoded into C(data) before it is sent, so that a key that is left out later
        is removed.
    type: list
    elements: raw
  src:
    description:
      - Paths of YAML files with manifests, one or more documents in each, or of directories that contain such files
        (C(.yaml), C(.yml), C(.json)).
    type: list
    elements: path
  namespace:
    description: Namespace of the objects whose manifests do not name one, and of the parent of O(apply_set).
    type: str
  create_namespace:
    description:
      - Create missing namespaces that the objects or the parent of O(apply_set) belong to. Existing ones are not
        changed.
    type: bool
    default: false
  state:
    description:
      - V(present) applies the manifests.
      - V(absent) deletes their objects and everything that these own, in reverse dependency order, and always waits
        until they are gone.
    type: str
    choices: [present, absent]
    default: present
  propagation:
    description:
      - What happens to the objects that a deleted object owns. V(foreground) deletes them first, V(background) leaves
        their deletion to the cluster, V(orphan) keeps them.
    type: str
    choices: [foreground, background, orphan]
    default: foreground
  apply_set:
    description:
      - Name of the set that the objects belong to, as in C(kubectl apply --applyset). Its parent is the Secret of
        this name in O(namespace), or a ConfigMap if given as C(configmaps/NAME). The parent records the kinds and
        namespaces of the members, and each member has the label C(applyset.kubernetes.io/part-of).
      - A set without changes costs one request for the parent and one for each kind. Objects that were applied
        earlier without the set become members, and members that are applied again without it stay members.
      - With O(state=absent), all members are deleted and then the parent, whether their manifests are given or not.
    type: str
  prune:
    description:
      - Delete the members of O(apply_set) that are not among the manifests any more.
      - Autoscalers are deleted before the other objects are applied, so that they do not change them meanwhile. All
        other members are deleted afterwards, but before O(wait) begins, so that they make room.
    type: bool
    default: false
  keep_secret_keys:
    description:
      - Keys of Secrets that must stay, each with what to do instead, for the error message. When the task would take
        one away, from a Secret among the manifests or by O(prune), it fails before anything is applied, in check mode
        as well.
      - Every other key that a Secret loses is named in a warning. The values are not.
    type: dict
    default: {}
  service_account_roles:
    description:
      - Roles of Google Cloud for Kubernetes service accounts, by workload identity federation for GKE. They are given
        before anything is applied, as by M(llmops.gke.gcp_iam_member), and never taken away.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Name of the service account.
        type: str
        required: true
      namespace:
        description: Namespace of the service account. The default is O(namespace).
        type: str
      role:
        description: Role that the service account has, such as V(roles/storage.objectViewer).
        type: str
        required: true
      bucket:
        description: Cloud Storage bucket on which it has the role, without C(gs://). The default is all of O(project).
        type: str
  field_manager:
    description: Name under which the API server records the fields that this module sets.
    type: str
    default: llmops.gke
  force_conflicts:
    description:
      - Take over fields that belong to other field managers. Otherwise such a conflict fails the task and names the
        field and its manager.
      - The number of replicas passes to an autoscaler and back without it. A number that a manifest leaves out stays
        as it is where a C(HorizontalPodAutoscaler) scales the object. A number that a manifest sets is taken over from
        the autoscaler's controller where the autoscaler is gone or goes by O(prune), or where the number is 0 and the
        autoscaler is among the manifests. A number that somebody else set remains a conflict.
    type: bool
    default: false
  wait:
    description:
      - Wait until the objects are ready - workloads rolled out, load balancers with an address, claims bound, jobs
        complete, definitions established, API services available.
      - The objects are watched together with the pods and events that explain them, so that a reason is reported as
        soon as the cluster shows it. All objects are waited for at the same time, within O(timeout).
      - Problems that cannot solve themselves (an image that does not exist, a crash loop, too little memory, a
        missing Secret, a quota, a webhook's refusal, a node pool at its maximum) fail the task at once, with the
        reason. Problems from before the task are reported, but fail it only if they occur again, because they may
        have been fixed since.
    type: bool
    default: false
  wait_for:
    description:
      - Kinds that O(wait) waits for. Objects of other kinds count as ready.
      - By default all kinds but C(HorizontalPodAutoscaler), whose metrics often begin with the first request. Name it
        here to wait until the autoscaler acts on its metrics (C(ScalingActive)).
    type: list
    elements: str
  wait_condition:
    description: Condition that every object must meet, instead of the rule that O(wait) has for its kind.
    type: dict
    suboptions:
      type:
        description: Type of the condition, as listed in C(status.conditions) of the object.
        type: str
        required: true
      status:
        description: Status that the condition must have.
        type: str
        choices: ["True", "False", "Unknown"]
        default: "True"
      reason:
        description: Reason that the condition must have. Any reason will do by default.
        type: str
  timeout:
    description: Maximum duration of the whole task in seconds.
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
    engine: tgi
    wait: true
    timeout: 2400

- name: Wait until an autoscaler acts on its metrics
  llmops.gke.k8s_apply:
    kubeconfig: ~/.kube/config
    src: [hpa.yaml]
    wait: true
    wait_for: [HorizontalPodAutoscaler]

- name: Apply a directory whose pods read a bucket, and remove what is no longer in it
  llmops.gke.k8s_apply:
    kubeconfig: ~/.kube/config
    project: my-project
    namespace: default
    src: [manifests/]
    service_account_roles:
      - {name: mistral-7b, role: roles/storage.objectViewer, bucket: my-models}
    apply_set: mistral
    prune: true

- name: Remove everything that was applied as a set
  llmops.gke.k8s_apply:
    kubeconfig: ~/.kube/config
    namespace: default
    apply_set: mistral
    state: absent

- name: Apply what kustomize makes
  llmops.gke.k8s_apply:
    kubeconfig: ~/.kube/config
    manifests: ["{{ lookup('ansible.builtin.pipe', 'kubectl kustomize overlays/prod') }}"]
"""

RETURN = r"""
objects:
  description:
    - One entry for each manifest, in their order, with created namespaces and the parent of the set before them and
      pruned objects after them.
  returned: success
  type: list
  elements: dict
  contains:
    api_version: {description: API version of the object., returned: always, type: str, sample: apps/v1}
    kind: {description: Kind of the object., returned: always, type: str, sample: Deployment}
    namespace: {description: "Namespace of the object, or null.", returned: always, type: str, sample: default}
    name: {description: Name of the object., returned: always, type: str, sample: mistral-7b}
    action:
      description:
        - What was done, or would be done in check mode - C(created), C(updated), C(unchanged), C(deleted), or
          C(absent) if there was nothing to delete.
      returned: always
      type: str
      sample: created
    object:
      description:
        - The object as it is now, as it would be, or as it was before it was deleted, without C(managedFields) and
          with the values of a Secret hidden. Null if it was absent.
      returned: always
      type: dict
totals:
  description: Number of objects for each action.
  returned: success
  type: dict
  sample: {created: 3, unchanged: 1}
plan:
  description: Steps that were taken, or would be in check mode, each with the changes that it makes.
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
from ..module_utils.engines.kubernetes.k8s_apply import SPEC


def main() -> None:
    """Entry point of the module."""
    run_module(SPEC)


if __name__ == "__main__":
    main()
