#!/usr/bin/python
# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Installs or removes the adapter by which a cluster's autoscalers see custom metrics."""

from __future__ import annotations

DOCUMENTATION = r"""
module: custom_metrics_adapter
short_description: Install or remove the custom metrics adapter of a cluster
version_added: 0.2.0
description:
  - Makes sure that the custom metrics API, from which autoscalers read the metrics of pods, is served by an adapter.
  - A cluster has one adapter for all of its autoscalers. One that somebody else installed is used as it is. This
    module recognises its own by the label C(app.kubernetes.io/managed-by=llmops.gke) of the APIService, which it
    sets.
  - An adapter of this module is replaced by another one only if no other autoscaler needs it. Otherwise the task
    fails and names those that do.
  - An adapter that is no longer wanted is removed as a whole, unless another autoscaler still needs it.
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
  adapter:
    description:
      - Adapter that the cluster is to have. V(stackdriver) is the one of Google, which reads Cloud Monitoring.
        V(prometheus) is the one of kubernetes-sigs, which asks a Prometheus. V(none) removes the adapter of this
        module if no other autoscaler needs it.
    type: str
    choices: [stackdriver, prometheus, none]
    required: true
  manifests:
    description:
      - Manifests of the adapter, each as a dictionary or as YAML text with one or more documents. The APIService
        C(v1beta1.custom.metrics.k8s.io) must be among them. Required unless O(adapter=none).
    type: list
    elements: raw
  namespace:
    description: Namespace of the adapter's objects. It is created if it does not exist.
    type: str
    default: custom-metrics
  apply_set:
    description:
      - Name of the set that the adapter's objects belong to, as in M(llmops.gke.k8s_apply).
    type: str
    default: configmaps/llmops-metrics-adapter
  autoscaler:
    description:
      - The HorizontalPodAutoscaler for which the adapter is installed or removed, as C(NAMESPACE/NAME). It does not
        count as another autoscaler that needs the adapter.
    type: str
  prometheus_url:
    description:
      - URL of the Prometheus that the manifests tell the adapter to ask, as the cluster reaches it and without
        credentials. Required with O(adapter=prometheus), and checked before anything is created.
    type: str
  iam:
    description:
      - Give the service accounts among the manifests C(roles/monitoring.viewer) in O(project) with
        O(adapter=stackdriver). The adapter needs it, and the caller needs C(resourcemanager.projects.setIamPolicy) to
        grant it.
    type: bool
    default: true
  wait:
    description: Wait until the adapter is rolled out and serves the API.
    type: bool
    default: true
  timeout:
    description: Maximum duration of the whole task in seconds.
    type: int
    default: 1800
seealso:
  - module: llmops.gke.k8s_apply
  - module: llmops.gke.gcp_iam_member
"""

EXAMPLES = r"""
- name: Let autoscalers see Cloud Monitoring
  llmops.gke.custom_metrics_adapter:
    project: my-project
    location: us-central1
    cluster: mistral-cluster-gke
    adapter: stackdriver
    autoscaler: default/mistral-7b-hpa
    manifests: ["{{ lookup('ansible.builtin.template', 'stackdriver_adapter.yaml.j2') }}"]

- name: Remove the adapter, unless another autoscaler needs it
  llmops.gke.custom_metrics_adapter:
    project: my-project
    location: us-central1
    cluster: mistral-cluster-gke
    adapter: none
    autoscaler: default/mistral-7b-hpa
"""

RETURN = r"""
served_by:
  description:
    - Service that serves the custom metrics API now, or would in check mode. Null if this module has no adapter
      there.
  returned: success
  type: str
  sample: Service custom-metrics/custom-metrics-stackdriver-adapter
users:
  description: Other autoscalers, as C(NAMESPACE/NAME), for which an adapter that is no longer wanted was kept.
  returned: success
  type: list
  elements: str
objects:
  description: Objects of the adapter that were applied or removed, as returned by M(llmops.gke.k8s_apply).
  returned: success
  type: list
  elements: dict
totals:
  description: Number of objects for each action.
  returned: success
  type: dict
  sample: {unchanged: 12}
plan:
  description: Steps that were taken, or would be in check mode, in their order, each with the changes that it makes.
  returned: success
  type: list
  elements: dict
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
from ..module_utils.engines.kubernetes.custom_metrics_adapter import SPEC


def main() -> None:
    """Entry point of the module."""
    run_module(SPEC)


if __name__ == "__main__":
    main()
