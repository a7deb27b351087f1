# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Namespaces: a default ServiceAccount at birth, and everything in them goes with them."""

from __future__ import annotations

from llmops_gke_sandbox.control.controller import Controller
from llmops_gke_sandbox.control.objects import is_deleting
from llmops_gke_sandbox.control.plane import Plane
from llmops_gke_sandbox.control.resources import DEFINITIONS, Resources

# Objects with finalizers of their own take their time.
_LOOK_AGAIN_SECONDS = 5.0


class NamespaceController(Controller):
    """Empties a namespace that is Terminating, then lets it go."""

    component = "namespace-controller"

    def __init__(self, plane: Plane) -> None:
        super().__init__(plane)
        self._namespaces = self.follow("namespaces")
        self._resources = Resources(self.store(DEFINITIONS))
        self._accounts = self.follow("serviceaccounts", lambda account: [account["metadata"]["namespace"]])

    async def reconcile(self, key: str) -> None:
        namespace = self._namespaces.by_key(key)
        if namespace is None:
            return
        if is_deleting(namespace):
            await self._empty(namespace)
        elif self._accounts.get("default", key) is None:
            account = {
                "apiVersion": "v1",
                "kind": "ServiceAccount",
                "metadata": {"name": "default", "namespace": key},
            }
            await self.client.create("serviceaccounts", account, key)

    async def _empty(self, namespace: dict) -> None:
        name, left = namespace["metadata"]["name"], 0
        for resource in [one.name for one in self._resources if one.namespaced]:
            for obj in await self.plane.api.list(resource, name):
                if not is_deleting(obj):
                    await self.client.delete(resource, obj)
            left += len(await self.plane.api.list(resource, name))
        if left:
            self.enqueue_after(name, _LOOK_AGAIN_SECONDS)
            return
        if "kubernetes" in (namespace["spec"].get("finalizers") or []):
            await self.client.patch("namespaces", name, {"spec": {"finalizers": []}}, subresource="finalize")
