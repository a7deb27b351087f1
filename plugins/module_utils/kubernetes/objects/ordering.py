# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The order in which kinds are made: what others need comes first; what does not depend on each other, together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Protocol, TypeVar

from ..client.resources import ObjectRef

# Services come before workloads: an address takes longer than anything that a pod could miss by it.
_RANKS: tuple[tuple[str, ...], ...] = (
    ("Namespace",),
    ("CustomResourceDefinition",),
    (
        "ClusterRole", "ConfigMap", "CSIDriver", "LimitRange", "NetworkPolicy", "PersistentVolume", "PriorityClass",
        "ResourceQuota", "Role", "RuntimeClass", "Secret", "ServiceAccount", "StorageClass",
    ),
    ("ClusterRoleBinding", "PersistentVolumeClaim", "RoleBinding", "Service"),
    (
        "CronJob", "DaemonSet", "Deployment", "Job", "Pod", "ReplicaSet", "ReplicationController", "StatefulSet",
    ),
    ("APIService", "HorizontalPodAutoscaler", "Ingress", "IngressClass", "PodDisruptionBudget"),
)  # fmt: skip
_RANK = {kind: rank for rank, kinds in enumerate(_RANKS) for kind in kinds}
_LAST = len(_RANKS)
"""Webhooks and custom resources: they lean on workloads that serve them."""


_CONTROLLING = frozenset({"HorizontalPodAutoscaler", "ScaledObject", "VerticalPodAutoscaler"})
"""Kinds whose objects write to a workload, as an autoscaler does to its replicas; custom ones by their usual names."""


class HasRef(Protocol):
    """Anything about one object."""

    ref: ObjectRef


Item = TypeVar("Item", bound=HasRef)


def rank(ref: ObjectRef) -> int:
    """The object's place in the order of creation."""
    builtin_group = "." not in ref.kind.group or ref.kind.group.endswith(".k8s.io")
    return _RANK.get(ref.kind.kind, _LAST) if builtin_group else _LAST


def controls_others(ref: ObjectRef) -> bool:
    """Whether the object writes to others: it is to be gone before those change, and to come when they are there."""
    return ref.kind.kind in _CONTROLLING


def by_rank(items: Iterable[Item], *, reverse: bool = False) -> Sequence[list[Item]]:
    """The items in groups that may be handled side by side, in the order of creation, or of removal if reverse."""
    ordered = sorted(items, key=lambda item: rank(item.ref), reverse=reverse)
    return [list(group) for _rank, group in groupby(ordered, key=lambda item: rank(item.ref))]
