# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Argument spec of tgi_latency."""

from __future__ import annotations

from typing import Any

from ansible_collections.llmops.gke.plugins.module_utils.kubernetes_options import KUBERNETES_ACCESS
from ansible_collections.llmops.gke.plugins.module_utils.kubernetes_port_forward import PORT_FORWARD
from ansible_collections.llmops.gke.plugins.module_utils.tgi_options import TGI_REQUEST, TGI_REQUEST_RULES

TGI_LATENCY: dict[str, Any] = {
    **TGI_REQUEST,
    **KUBERNETES_ACCESS,
    **PORT_FORWARD,
    "inputs": {"type": "str", "required": True},
    "enforce": {"type": "bool", "default": True},
    "service": {"type": "str"},
    "namespace": {"type": "str"},
    "warmup": {"type": "int", "default": 3},
    "samples": {"type": "int", "default": 20},
    "thresholds": {"type": "dict"},
    "gpu_metrics": {"type": "bool", "default": False},
    "timeout": {"type": "int", "default": 900},
}

TGI_LATENCY_RULES: dict[str, Any] = {
    "mutually_exclusive": [("cluster", "kubeconfig"), *TGI_REQUEST_RULES["mutually_exclusive"]],
    "required_one_of": TGI_REQUEST_RULES["required_one_of"],
    "required_by": {"cluster": ("location",)},
}
