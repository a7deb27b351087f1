# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kinds that the API server keeps but that nothing here brings to life: an event says so."""

from __future__ import annotations

from llmops_gke_sandbox.control.controller import Controller
from llmops_gke_sandbox.control.plane import Plane

_RESOURCES = (
    "replicationcontrollers",
    "cronjobs.batch",
    "persistentvolumeclaims",
    "ingresses.networking.k8s.io",
)


class Unsupported(Controller):
    """Keys are "resource|namespace/name"."""

    component = "llmops-gke-sandbox"

    def __init__(self, plane: Plane) -> None:
        super().__init__(plane)
        for resource in _RESOURCES:
            self._follow_new(resource)

    async def reconcile(self, key: str) -> None:
        resource, _bar, object_key = key.partition("|")
        obj = self.store(resource).by_key(object_key)
        if obj is not None:
            text = f"The sandbox has no controller for {resource}: nothing will come of this {obj['kind']}"
            await self.events.warning(obj, "NotSimulated", text)

    def _follow_new(self, resource: str) -> None:
        def changed(old: dict | None, new: dict | None) -> None:
            if old is None and new is not None:
                meta = new["metadata"]
                self.enqueue(f"{resource}|{meta['namespace']}/{meta['name']}")

        self.store(resource).subscribe(changed)
