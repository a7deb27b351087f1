# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An apply set, its parent and members as the tests need them."""

from __future__ import annotations

from typing import Any

from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.apply.apply_set import ApplySet
from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.client.resources import ObjectRef, builtin
from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.objects.manifests import Manifest

PART_OF = "applyset.kubernetes.io/part-of"
ID = "applyset-K7w8bQd_VO17i7z77Syga6rygRJOgH8n7yIqXpAyp74-v1"
SET = ApplySet.named("mistral", "ml")


def ref(api_version: str, kind: str, name: str = "x", namespace: str | None = "ml") -> ObjectRef:
    found = builtin(api_version, kind)
    assert found is not None
    return ObjectRef(found, namespace if found.namespaced else None, name)


def manifest(where: ObjectRef, labels: Any = None, **more: Any) -> Manifest:
    metadata = {"name": where.name, "namespace": where.namespace}
    if labels is not None:
        metadata["labels"] = labels
    body = {"apiVersion": where.kind.api_version, "kind": where.kind.kind, "metadata": metadata, "data": {"a": "1"}}
    return Manifest(where, body, "model.yml", **more)


def parent(labels: Any = None, **annotations: str) -> dict[str, Any]:
    marks = {f"applyset.kubernetes.io/{name.replace('_', '-')}": value for name, value in annotations.items()}
    return {
        "metadata": {"labels": {"applyset.kubernetes.io/id": ID} if labels is None else labels, "annotations": marks}
    }
