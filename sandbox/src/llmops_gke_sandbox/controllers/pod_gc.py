# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pods whose node is gone: nobody is left to end them, so they are removed."""

from __future__ import annotations

from llmops_gke_sandbox.control.controller import Controller
from llmops_gke_sandbox.control.objects import key_of
from llmops_gke_sandbox.control.plane import Plane

# kube-controller-manager's podgc waits as long before it believes that a node is gone.
_QUARANTINE_SECONDS = 40.0


class PodGarbageCollector(Controller):
    """Removes pods that are bound to a node that does not exist."""

    component = "pod-garbage-collector"

    def __init__(self, plane: Plane) -> None:
        super().__init__(plane)
        self._pods = self.store("pods")
        self._nodes = self.store("nodes")
        self._pods.subscribe(self._pod_changed)
        self._nodes.subscribe(self._node_changed)

    async def reconcile(self, key: str) -> None:
        pod = self._pods.by_key(key)
        if pod is not None and self._is_lost(pod):
            await self.client.delete("pods", pod, grace_period=0)

    def _pod_changed(self, _old: dict | None, new: dict | None) -> None:
        if new is not None and self._is_lost(new):
            self.enqueue_after(key_of(new), _QUARANTINE_SECONDS)

    def _node_changed(self, _old: dict | None, new: dict | None) -> None:
        if new is None:
            for pod in self._pods.all():
                self._pod_changed(None, pod)

    def _is_lost(self, pod: dict) -> bool:
        node = pod["spec"].get("nodeName")
        return bool(node) and self._nodes.get(node) is None
