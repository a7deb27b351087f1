# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of every module that speaks to a Kubernetes API."""

from __future__ import annotations


class ModuleDocFragment:
    """See plugins/module_utils/kubernetes_options.py for the argument spec that agrees with it."""

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
  kubeconfig:
    description: Path of a kubeconfig file, or its content as a dictionary. For any Kubernetes cluster.
    type: raw
  context:
    description: The context of O(kubeconfig) to use; its current one where left out.
    type: str
"""
