# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Argument spec of the modules that speak to a Kubernetes API; documented in doc_fragments/kubernetes_access.py."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..gke.options import CONTROL_PLANE
from ..google.options import GOOGLE_AUTH, PROJECT

KUBERNETES_ACCESS: dict[str, dict[str, Any]] = {
    **GOOGLE_AUTH,
    "project": PROJECT,
    "location": {"type": "str"},
    "cluster": {"type": "str"},
    **CONTROL_PLANE,
    "kubeconfig": {"type": "raw", "no_log": False},
    "context": {"type": "str"},
}

KUBERNETES_ACCESS_RULES: dict[str, Any] = {
    "mutually_exclusive": [("cluster", "kubeconfig")],
    "required_one_of": [("cluster", "kubeconfig")],
    "required_by": {"cluster": ("location",)},
}


def has_kubernetes_access(spec: Mapping[str, Any]) -> bool:
    """Whether a module with these options speaks to a Kubernetes API; in gke_cluster, kubeconfig is a file to write."""
    return spec.get("kubeconfig") == KUBERNETES_ACCESS["kubeconfig"]
