# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""In which other forms an API server keeps values of builtin kinds: amounts, and defaults inside what is owned whole.

Only what is owned as one piece needs defaults here: elsewhere, a field that the server adds is nobody's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..client.resources import builtin

_RBAC_GROUP = "rbac.authorization.k8s.io"
_AMOUNTS = frozenset({"limits", "requests", "hard", "capacity", "sizeLimit", "divisor", "podFixed"})
_AMOUNTS_OF: dict[str, frozenset[str]] = {
    "HorizontalPodAutoscaler": frozenset({"value", "averageValue"}),
    "LimitRange": frozenset({"default", "defaultRequest", "max", "min", "maxLimitRequestRatio"}),
}

_DEFAULTS: dict[str, dict[str, Any]] = {
    "fieldRef": {"apiVersion": "v1"},
    "resourceFieldRef": {"divisor": "0"},
    "serviceAccountToken": {"expirationSeconds": 3600},
}
_RULES = {"rules": {"scope": "*"}, "resourceRules": {"scope": "*"}}
_ROLE = {"roleRef": {"apiGroup": _RBAC_GROUP}}
_DEFAULTS_OF: dict[str, dict[str, dict[str, Any]]] = {
    "ClusterRoleBinding": _ROLE,
    "MutatingWebhookConfiguration": _RULES,
    "NetworkPolicy": {"ports": {"protocol": "TCP"}},
    "RoleBinding": _ROLE,
    "StatefulSet": {
        "volumeClaimTemplates": {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "status": {"phase": "Pending"}},
        "spec": {"volumeMode": "Filesystem"},
    },
    "ValidatingAdmissionPolicy": _RULES,
    "ValidatingWebhookConfiguration": _RULES,
}

_GRANULAR = frozenset(
    {"annotations", "labels", "strategy", "updateStrategy", "rollingUpdate", "securityContext", "affinity", "resources"}
)
"""Mappings of builtin kinds that are owned key by key, so that an empty one sets nothing."""

_DROPPED_EMPTY = frozenset({"annotations", "labels", "nodeSelector", "matchLabels", "limits", "requests"})
"""Mappings that mean the same whether they are empty or not there."""


@dataclass(frozen=True)
class ServerForms:
    """What a server may write otherwise in one kind; nothing in kinds that are not builtin.

    amounts: fields that are, or hold, quantities. defaults: of mappings that are owned as a whole, by their names.
    """

    is_builtin: bool
    amounts: frozenset[str] = frozenset()
    defaults: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @classmethod
    def of(cls, api_version: str, kind: str) -> ServerForms:
        """Those of a kind."""
        if builtin(api_version, kind) is None:
            return cls(False)
        return cls(True, _AMOUNTS | _AMOUNTS_OF.get(kind, frozenset()), {**_DEFAULTS, **_DEFAULTS_OF.get(kind, {})})

    def completed(self, name: str, want: dict[str, Any]) -> dict[str, Any]:
        """A mapping named ``name``, or an item of a list of that name, with what the server adds."""
        added = self.defaults.get(name, {})
        if self.is_builtin and name == "subjects" and want.get("kind") in ("User", "Group"):
            added = {"apiGroup": _RBAC_GROUP}
        return {**added, **want}

    def is_dropped(self, name: str, value: Any) -> bool:
        """Whether the server leaves the field out where it is given this value."""
        if value is None:
            return True
        if not self.is_builtin:
            return False
        return value == [] or (value == {} and name in _DROPPED_EMPTY) or (value == "" and name == "apiGroup")

    def sets_nothing(self, name: str, parent: str) -> bool:
        """Whether an empty mapping of that name leaves what is there as it is."""
        return name in _GRANULAR if self.is_builtin else parent == "metadata" and name in ("annotations", "labels")
