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
      - Reach the server through the cluster's API server, as C(kubectl port-forward) does, instead of by O(url).
      - Needs the Python library C(kubernetes), the right to create C(pods/portforward), and O(cluster) or
        O(kubeconfig).
    type: dict
    suboptions:
      namespace:
        description: Namespace of the Service or pod; C(default), or that of the kubeconfig's context, if left out.
        type: str
      service:
        description: Name of a Service; one of the pods behind it that are ready is taken.
        type: str
      pod:
        description: Name of the pod to connect to.
        type: str
      port:
        description: The Service's port, or the pod's.
        type: int
        required: true
"""
