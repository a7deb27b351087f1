# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What GKE's labels and extended resources say of a node and of the GPUs that a pod has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

ACCELERATOR = "cloud.google.com/gke-accelerator"
"""Label of a node with GPUs: their type."""

POOL_LABEL = "cloud.google.com/gke-nodepool"
"""GKE's label on every node: the name of its pool."""

GPU = "nvidia.com/gpu"
"""The resource that counts GPUs."""

_LABELS = {
    "machine_type": "node.kubernetes.io/instance-type",
    "accelerator_type": ACCELERATOR,
    "zone": "topology.kubernetes.io/zone",
    "node_pool": POOL_LABEL,
}
_SPOT = ("cloud.google.com/gke-spot", "cloud.google.com/gke-preemptible")
"""Labels of nodes that may be taken back, and cost less."""


def machine_of(node: Mapping[str, Any] | None) -> dict[str, Any]:
    """What a node is by its labels: machine_type, accelerator_type, zone, node_pool (None where not told), spot."""
    labels = ((node or {}).get("metadata") or {}).get("labels") or {}
    told = {name: labels.get(label) for name, label in _LABELS.items()}
    return {**told, "spot": any(labels.get(label) == "true" for label in _SPOT)}


def gpus_in(resources: Mapping[str, Any]) -> int:
    """The number of GPUs among limits, or among what a node can allocate."""
    return int(resources.get(GPU, 0))
