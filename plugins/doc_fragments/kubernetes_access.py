# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of every module that speaks to a Kubernetes API."""

from __future__ import annotations


class ModuleDocFragment:
    """See plugins/module_utils/workflows/cluster_options.py for the argument spec that agrees with it."""

    DOCUMENTATION = r"""
options:
  project:
    description: Id of the Google Cloud project of the GKE cluster.
    type: str
  location:
    description: Region or zone of the GKE cluster.
    type: str
  cluster:
    description:
      - Name of the GKE cluster. Its endpoint and its CA are read from the GKE API, and a token is minted for it.
      - Give either this with O(project) and O(location), or O(kubeconfig).
    type: str
  cluster_endpoint:
    description:
      - Which of the GKE cluster's endpoints to speak to - its public address, its address in the VPC network, or its
        DNS name, whose certificate the system's CAs vouch for.
      - Where it is left out, the public address; the DNS name of a cluster without IP endpoints.
    type: str
    choices: [public, internal, dns]
  kubeconfig:
    description:
      - Path of a kubeconfig file, or its content as a dictionary. For any Kubernetes cluster.
      - V(in-cluster) for the cluster in whose pod this runs, by the pod's service account.
      - The C(tls-server-name) and C(proxy-url) (http or https) of its cluster count as they do for C(kubectl). Where it
        names no proxy, those of the environment do (C(HTTPS_PROXY), C(NO_PROXY)), but never for this machine's own
        addresses. A proxy that is spoken to over TLS is trusted by the system's CAs.
    type: raw
  context:
    description: The context of O(kubeconfig) to use; its current one where left out.
    type: str
"""
