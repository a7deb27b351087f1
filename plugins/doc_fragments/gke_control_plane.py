# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of every module that reaches the control plane of a GKE cluster, or writes how it is reached."""

from __future__ import annotations

from typing import ClassVar

OPTIONS = r"""
  cluster_endpoint:
    description:
      - Endpoint of the GKE cluster's control plane. V(public) is its public IP address, V(private) its IP address in
        the VPC network (gcloud's C(--internal-ip)), and V(dns) its DNS name (gcloud's C(--dns-endpoint)), whose
        certificate is verified with the CAs of the system.
      - V(auto) is the public one if the cluster has it, else V(dns) if the DNS name is open to clients, else
        V(private).
      - An endpoint that the cluster does not have, or that is closed, is refused with the command that opens it.
      - Where this is left out, the variable C(llmops_cluster_endpoint) is used if it is defined.
    type: str
    choices: [auto, dns, public, private]
    default: auto
  cluster_proxy_url:
    description:
      - Proxy through which the control plane is reached, such as V(http://127.0.0.1:8888) for one on a bastion host.
        Google's APIs are not asked through it.
      - Where this is left out, the variable C(llmops_cluster_proxy_url) is used if it is defined, or else the
        environment (C(HTTPS_PROXY), C(NO_PROXY)), which is used for Google's APIs as well.
    type: str
"""


class ModuleDocFragment:
    """See CONTROL_PLANE in plugins/module_utils/gke/options.py for the argument spec that agrees with it."""

    DOCUMENTATION: ClassVar[str] = "options:" + OPTIONS
