# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The option by which a module reaches a server in a cluster that has no address outside of it."""

from __future__ import annotations


class ModuleDocFragment:
    """See plugins/module_utils/workflows/port_forward.py for the argument spec that agrees with it."""

    DOCUMENTATION = r"""
options:
  port_forward:
    description:
      - Service or pod of the cluster to connect to through its API server, as C(kubectl port-forward) does, instead
        of to O(url).
      - Requires the Python library C(kubernetes), permission to create C(pods/portforward), and O(cluster) or
        O(kubeconfig).
    type: dict
    suboptions:
      namespace:
        description:
          - Namespace of the Service or pod. The default is the namespace of the kubeconfig's context, or C(default).
        type: str
      service:
        description: Name of a Service. The connection goes to one of the ready pods behind it.
        type: str
      pod:
        description: Name of the pod to connect to.
        type: str
      port:
        description: Port of the Service or pod.
        type: int
        required: true
"""
