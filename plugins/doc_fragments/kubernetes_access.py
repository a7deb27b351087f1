# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of every module that speaks to a Kubernetes API."""

from __future__ import annotations

from typing import ClassVar

from .gke_control_plane import OPTIONS


class ModuleDocFragment:
    """See plugins/module_utils/workflows/cluster_options.py for the argument spec that agrees with it."""

    DOCUMENTATION: ClassVar[str] = r"""
options:
  project:
    description: ID of the Google Cloud project that the GKE cluster belongs to.
    type: str
  location:
    description: Region or zone of the GKE cluster.
    type: str
  cluster:
    description:
      - Name of the GKE cluster. Its endpoint and CA certificate are read from the GKE API, and the Google credentials
        of the task are used to log in.
      - Give either this with O(project) and O(location), or O(kubeconfig).
    type: str
  kubeconfig:
    description:
      - Path of a kubeconfig file, or its content as a dictionary. Works for any Kubernetes cluster.
      - A user's C(exec) plugin or C(auth-provider) needs the Python library C(kubernetes). All other credentials are
        read without it, and take effect as in C(kubectl), as does impersonation (C(as), C(as-uid), C(as-groups),
        C(as-user-extra)).
      - V(in-cluster) connects to the cluster in which the task itself runs, with the service account of its pod.
      - C(tls-server-name) and C(proxy-url) (http or https) are supported as in C(kubectl). If there is no
        C(proxy-url), the proxy is taken from the environment (C(HTTPS_PROXY), C(NO_PROXY)), but never used for
        addresses of this machine. The certificate of a proxy that is reached over TLS is verified with the CAs of the
        system.
    type: raw
  context:
    description: Context of O(kubeconfig) to use. The default is its current context.
    type: str
""" + OPTIONS.lstrip("\n")
