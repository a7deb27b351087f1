#!/usr/bin/python
# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads logs of containers."""

from __future__ import annotations

DOCUMENTATION = r"""
module: k8s_logs
short_description: Read the logs of containers in a Kubernetes cluster
version_added: 0.2.0
description:
  - Returns the last lines of the logs of containers, of one pod or of all pods that match a selector.
  - A container that has no log yet is returned with the reason instead.
  - Logs are returned as the containers wrote them. Use C(no_log) for logs that may contain secrets.
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
  name:
    description: Name of a single pod. Either this or O(label_selectors) is required.
    type: str
  label_selectors:
    description: Label selectors that all pods must match, as for C(kubectl --selector).
    type: list
    elements: str
  namespace:
    description:
      - Namespace of the pods. The default is the namespace of the kubeconfig's context, or C(default).
    type: str
  container:
    description:
      - Name of the container whose log to read. By default, the logs of all containers of each pod are read, init
        containers first.
    type: str
  previous:
    description: Read the log of the previous run of each container, such as the one that crashed.
    type: bool
    default: false
  tail:
    description: Maximum number of lines to return for each container, counted from the end of its log.
    type: int
    default: 100
  since_seconds:
    description: Return only lines that were written within this number of seconds.
    type: int
  timeout:
    description: Maximum duration of the whole task in seconds.
    type: int
    default: 120
seealso:
  - module: llmops.gke.k8s_info
"""

EXAMPLES = r"""
- name: See what the model server says
  llmops.gke.k8s_logs:
    project: my-project
    location: us-central1
    cluster: mistral-cluster-gke
    label_selectors: [app=mistral-7b]
    tail: 20

- name: See why it crashed
  llmops.gke.k8s_logs:
    kubeconfig: ~/.kube/config
    name: mistral-7b-6c4f8d9b7-x2x5q
    previous: true
"""

RETURN = r"""
logs:
  description: One entry for each container.
  returned: success
  type: list
  elements: dict
  contains:
    namespace: {description: Namespace of the pod., returned: always, type: str, sample: default}
    pod: {description: Name of the pod., returned: always, type: str, sample: mistral-7b-6c4f8d9b7-x2x5q}
    container: {description: Name of the container., returned: always, type: str, sample: mistral-7b}
    lines:
      description: Lines of the log, oldest first.
      returned: always
      type: list
      elements: str
    why:
      description: Reason why there is no log, as the server gave it. Empty if there is one.
      returned: always
      type: str
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
from ..module_utils.engines.kubernetes.k8s_logs import SPEC


def main() -> None:
    """Entry point of the module."""
    run_module(SPEC)


if __name__ == "__main__":
    main()
