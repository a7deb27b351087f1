# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options that several GKE modules share; documented in doc_fragments/gke_resource.py."""

from __future__ import annotations

from typing import Any

from ..google.options import GOOGLE_AUTH, PROJECT
from .fields.argument_spec import exactly_spec, spec_of
from .fields.cluster.table import CLUSTER_FIELDS
from .fields.node_pool.table import NODE_POOL_FIELDS
from .kubeconfig.endpoint import AUTO, CHOICES
from .monitoring import COMPONENTS

LOCATION: dict[str, Any] = {
    **GOOGLE_AUTH,
    "project": {**PROJECT, "required": True},
    "location": {"type": "str", "required": True},
}
CONTROL_PLANE: dict[str, dict[str, Any]] = {
    "cluster_endpoint": {"type": "str", "choices": CHOICES, "default": AUTO},
    "cluster_proxy_url": {"type": "str"},
}
"""How the control plane is reached; documented in doc_fragments/gke_control_plane.py."""

STATE: dict[str, Any] = {"type": "str", "choices": ["present", "absent"], "default": "present"}
TIMEOUT: dict[str, Any] = {"type": "int", "default": 2700}
OPERATION_DONE, NODES_READY = "operation_done", "nodes_ready"
WAIT_UNTIL: dict[str, Any] = {"type": "str", "choices": [OPERATION_DONE, NODES_READY], "default": OPERATION_DONE}
DEFINITION: dict[str, Any] = {"type": "dict"}
NODE_POOL: dict[str, Any] = {
    "name": {"type": "str", "required": True},
    "state": STATE,
    "expected_labels": {"type": "dict"},
    "repair": {"type": "bool", "default": False},
    "recreate": {"type": "bool", "default": False},
    "locations_in_order": {"type": "bool", "default": False},
    "exactly": exactly_spec(NODE_POOL_FIELDS),
    **spec_of(NODE_POOL_FIELDS),
}
"""What a node pool is to be, wherever one is described."""

_COMPONENTS: dict[str, Any] = {"type": "list", "elements": "str", "choices": list(COMPONENTS.choices)}
CLUSTER: dict[str, Any] = {
    "node_pools": {
        "type": "list",
        "elements": "dict",
        "options": {"create_with_cluster": {"type": "bool"}, **NODE_POOL},
    },
    "initial_monitoring_components": _COMPONENTS,
    "keep_monitoring_components": _COMPONENTS,
    "exactly": exactly_spec(CLUSTER_FIELDS),
    **spec_of(CLUSTER_FIELDS),
}
"""What a cluster is to be, its node pools included."""
