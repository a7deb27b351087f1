#!/usr/bin/python
# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads logs of containers."""

from __future__ import annotations

DOCUMENTATION = r"""
module: k8s_logs
short_description: Read the logs of containers in a Kubernetes cluster
version_added: 0.1.0
description:
  - Gives the last lines that containers have written, of one pod or of all that a selector matches, side by side.
  - A container that has no log yet is given with the reason instead.
  - Whatever a container writes is shown as it is; what may hold secrets is for C(no_log).
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
    description: Name of the one pod. Either this or O(label_selectors) is needed.
    type: str
  label_selectors:
    description: Label selectors of pods, as in C(kubectl --selector); all must match.
    type: list
    elements: str
  namespace:
    description: Namespace of the pods; C(default), or that of the kubeconfig's context, where it is left out.
    type: str
  container:
    description: Name of the container; all of each pod, those of its initialisation first, where it is left out.
    type: str
  previous:
    description: Whether to read the log of the containers' former run, as after a crash.
    type: bool
    default: false
  tail:
    description: How many lines of each, counted from the end.
    type: int
    default: 100
  since_seconds:
    description: Only lines of the last so many seconds.
    type: int
  timeout:
    description: Seconds that the whole task may take.
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
  description: One entry a container.
  returned: success
  type: list
  elements: dict
  contains:
    namespace: {description: The pod's namespace., returned: always, type: str, sample: default}
    pod: {description: The pod's name., returned: always, type: str, sample: mistral-7b-6c4f8d9b7-x2x5q}
    container: {description: The container's name., returned: always, type: str, sample: mistral-7b}
    lines:
      description: The lines, oldest first.
      returned: always
      type: list
      elements: str
    why:
      description: Why there is no log, in the server's words; empty where there is one.
      returned: always
      type: str
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
from ..module_utils.engines.kubernetes.k8s_logs import SPEC


def main() -> None:
    """Entry point of the module."""
    run_module(SPEC)


if __name__ == "__main__":
    main()
