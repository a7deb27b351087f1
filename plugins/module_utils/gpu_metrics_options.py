# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Argument spec of gpu_metrics_info."""

from __future__ import annotations

from typing import Any

from ansible_collections.llmops.gke.plugins.module_utils.kubernetes_options import KUBERNETES_ACCESS

GPU_METRICS: dict[str, Any] = {
    **KUBERNETES_ACCESS,
    "series": {
        "type": "list",
        "elements": "str",
        "default": ["DCGM_FI_DEV_GPU_UTIL", "DCGM_FI_DEV_FB_USED", "DCGM_FI_DEV_POWER_USAGE"],
    },
    "timeout": {"type": "int", "default": 300},
}
