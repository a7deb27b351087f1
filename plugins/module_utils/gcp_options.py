# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Argument specs of the modules for a project: quotas, zones, roles, and what stands in a plan's way."""

from __future__ import annotations

from typing import Any

from ansible_collections.llmops.gke.plugins.module_utils.google_options import GOOGLE_AUTH, PROJECT
from ansible_collections.llmops.gke.plugins.module_utils.preflight.checks import NAMES

_PROJECT: dict[str, Any] = {
    **GOOGLE_AUTH,
    "project": {**PROJECT, "required": True},
    "timeout": {"type": "int", "default": 120},
}

QUOTA_INFO: dict[str, Any] = {
    **_PROJECT,
    "location": {"type": "str", "required": True},
    "metrics": {"type": "list", "elements": "str"},
}

ZONE_INFO: dict[str, Any] = {
    **_PROJECT,
    "location": {"type": "str"},
    "machine_type": {"type": "str"},
    "accelerator_type": {"type": "str"},
}
ZONE_INFO_RULES: dict[str, Any] = {"required_one_of": [("machine_type", "accelerator_type")]}

IAM_MEMBER: dict[str, Any] = {
    **_PROJECT,
    "role": {"type": "str", "required": True},
    "member": {"type": "str"},
    "kubernetes_service_account": {
        "type": "dict",
        "options": {"namespace": {"type": "str", "required": True}, "name": {"type": "str", "required": True}},
    },
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
}
IAM_MEMBER_RULES: dict[str, Any] = {
    "required_one_of": [("member", "kubernetes_service_account")],
    "mutually_exclusive": [("member", "kubernetes_service_account")],
}

PREFLIGHT: dict[str, Any] = {
    **_PROJECT,
    "location": {"type": "str", "required": True},
    "cluster": {"type": "str", "required": True},
    "node_pools": {"type": "list", "elements": "dict", "default": []},
    "replicas": {
        "type": "dict",
        "options": {
            "accelerator_type": {"type": "str", "required": True},
            "gpus": {"type": "int", "default": 1},
            "min_replicas": {"type": "int", "default": 1},
            "max_replicas": {"type": "int", "default": 1},
        },
    },
    "network": {"type": "str", "default": "default"},
    "subnetwork": {"type": "str", "default": "default"},
    "kubernetes_version": {"type": "str"},
    "ip_ranges": {"type": "dict", "default": {}},
    "prices": {"type": "dict", "default": {}},
    "permissions": {"type": "list", "elements": "str", "default": []},
    "skip": {"type": "list", "elements": "str", "choices": list(NAMES), "default": []},
}
