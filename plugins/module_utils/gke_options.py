# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Argument specs of the GKE modules, made from the field tables; documented in doc_fragments/gke_*.py."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ansible_collections.llmops.gke.plugins.module_utils.gke.cluster_fields import CLUSTER_FIELDS
from ansible_collections.llmops.gke.plugins.module_utils.gke.compare import exact_choices
from ansible_collections.llmops.gke.plugins.module_utils.gke.fields import OPTION_TYPES, Field, Value
from ansible_collections.llmops.gke.plugins.module_utils.gke.monitoring import COMPONENTS
from ansible_collections.llmops.gke.plugins.module_utils.gke.node_pool_fields import NODE_POOL_FIELDS
from ansible_collections.llmops.gke.plugins.module_utils.google_options import GOOGLE_AUTH, PROJECT


def spec_of(values: Iterable[Value]) -> dict[str, Any]:
    """The argument spec of a table's options, nested as the API's fields are."""
    spec: dict[str, Any] = {}
    for value in values:
        *groups, name = value.option.split(".")
        level = spec
        for group in groups:
            level = level.setdefault(group, {"type": "dict", "no_log": False, "options": {}})["options"]
        level[name] = _leaf(value)
    return spec


def _leaf(value: Value) -> dict[str, Any]:
    # No field is a secret; that is said because some have a name that looks like one, such as a taint's key.
    leaf = dict(OPTION_TYPES.get(value.kind, {"type": "str", "no_log": False}))
    if value.choices:
        leaf["choices"] = list(value.choices)
    if value.required:
        leaf["required"] = True
    if isinstance(value, Field) and value.items:
        leaf["options"] = spec_of(value.items)
    return leaf


def _exactly(fields: Iterable[Field]) -> dict[str, Any]:
    return {"type": "list", "elements": "str", "choices": exact_choices(fields)}


STATE: dict[str, Any] = {"type": "str", "choices": ["present", "absent"], "default": "present"}
TIMEOUT: dict[str, Any] = {"type": "int", "default": 2700}
IN_ORDER: dict[str, Any] = {"type": "bool", "default": False}
_WHERE: dict[str, Any] = {
    **GOOGLE_AUTH,
    "project": {**PROJECT, "required": True},
    "location": {"type": "str", "required": True},
}

CLUSTER: dict[str, Any] = {
    **_WHERE,
    "name": {"type": "str", "required": True},
    "state": STATE,
    "timeout": TIMEOUT,
    "node_pools": {
        "type": "list",
        "elements": "dict",
        "options": {
            "name": {"type": "str", "required": True},
            "locations_in_order": IN_ORDER,
            **spec_of(NODE_POOL_FIELDS),
        },
    },
    "deletion_protection": {"type": "bool", "default": False},
    "initial_monitoring_components": {"type": "list", "elements": "str", "choices": list(COMPONENTS.choices)},
    "exactly": _exactly(CLUSTER_FIELDS),
    **spec_of(CLUSTER_FIELDS),
}

NODE_POOL: dict[str, Any] = {
    **_WHERE,
    "cluster": {"type": "str", "required": True},
    "name": {"type": "str", "required": True},
    "state": STATE,
    "repair": {"type": "bool", "default": False},
    "recreate": {"type": "bool", "default": False},
    "locations_in_order": IN_ORDER,
    "timeout": TIMEOUT,
    "exactly": _exactly(NODE_POOL_FIELDS),
    **spec_of(NODE_POOL_FIELDS),
}

CLUSTER_INFO: dict[str, Any] = {
    **_WHERE,
    "name": {"type": "str"},
    "timeout": {"type": "int", "default": 120},
}

OPERATION_INFO: dict[str, Any] = {
    **_WHERE,
    "name": {"type": "str"},
    "cluster": {"type": "str"},
    "unfinished": {"type": "bool", "default": False},
    "timeout": {"type": "int", "default": 120},
}

KUBECONFIG: dict[str, Any] = {
    **_WHERE,
    "name": {"type": "str", "required": True},
    "path": {"type": "path"},
    "endpoint": {"type": "str", "choices": ["public", "internal", "dns"], "default": "public"},
    "set_current_context": {"type": "bool", "default": True},
    "state": STATE,
    "timeout": {"type": "int", "default": 120},
}
