# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A client of the API server inside its own process, for controllers and agents: HTTP's semantics without HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator

from llmops_gke_sandbox.kubernetes.api import DEFAULT_MANAGER
from llmops_gke_sandbox.kubernetes.apply.patches import MERGE
from llmops_gke_sandbox.kubernetes.errors import ApiError
from llmops_gke_sandbox.kubernetes.options import DeleteOptions, WriteOptions
from llmops_gke_sandbox.kubernetes.schema.decode import copy
from llmops_gke_sandbox.kubernetes.schema.kinds import Kind
from llmops_gke_sandbox.kubernetes.selectors import field_matcher, label_matcher
from llmops_gke_sandbox.kubernetes.store import Change, Gone
from llmops_gke_sandbox.kubernetes.verbs import Verbs


class LocalApi:
    """The cluster of this process; see KubernetesApi.

    What is read can be had without waiting, too: get_now and list_now.
    """

    def __init__(self, verbs: Verbs) -> None:
        self._verbs = verbs

    def _kind(self, resource: str) -> Kind:
        return self._verbs.registry.named(resource)

    def get_now(self, resource: str, name: str, namespace: str | None = None) -> dict | None:
        """Return an object, None if there is none."""
        found = self._verbs.store.get(self._kind(resource), namespace or "", name)
        return None if found is None else copy(found)

    def list_now(
        self,
        resource: str,
        namespace: str | None = None,
        label_selector: str | None = None,
        field_selector: str | None = None,
    ) -> list[dict]:
        """Return the objects of one namespace, or of all, ordered by namespace and name."""
        kind = self._kind(resource)
        labels, fields = label_matcher(label_selector), field_matcher(kind, field_selector)
        return [copy(obj) for obj in self._verbs.store.items(kind, namespace or "") if labels(obj) and fields(obj)]

    async def get(self, resource: str, name: str, namespace: str | None = None) -> dict | None:
        return self.get_now(resource, name, namespace)

    async def list(self, resource: str, namespace: str | None = None) -> list[dict]:
        return self.list_now(resource, namespace)

    async def create(
        self, resource: str, obj: dict, namespace: str | None = None, manager: str = DEFAULT_MANAGER
    ) -> dict:
        kind = self._kind(resource)
        namespace = namespace or obj.get("metadata", {}).get("namespace", "")
        return copy(self._verbs.create(kind, namespace, copy(obj), WriteOptions(manager)))

    async def patch(
        self,
        resource: str,
        name: str,
        body: dict,
        namespace: str | None = None,
        subresource: str | None = None,
        manager: str = DEFAULT_MANAGER,
    ) -> dict:
        kind, options = self._kind(resource), WriteOptions(manager)
        obj, _ = self._verbs.patch(kind, namespace or "", name, copy(body), MERGE, options, subresource or "")
        return copy(obj)

    async def delete(
        self,
        resource: str,
        name: str,
        namespace: str | None = None,
        propagation: str = "Background",
        uid: str | None = None,
        grace_period: int | None = None,
    ) -> None:
        options = DeleteOptions(propagation=propagation, grace=grace_period, uid=uid)
        try:
            self._verbs.delete(self._kind(resource), namespace or "", name, options)
        except ApiError as error:
            if error.status != 404:
                raise

    async def snapshot(self, resource: str) -> tuple[list[dict], str]:
        return self.list_now(resource), str(self._verbs.store.revision)

    async def watch(
        self, resource: str, namespace: str | None = None, since: str | None = None
    ) -> AsyncIterator[tuple[str, dict]]:
        kind, store = self._kind(resource), self._verbs.store
        subscription = store.subscribe(kind)
        try:
            if since is None:
                for obj in store.items(kind, namespace or ""):
                    yield "ADDED", copy(obj)
            else:
                for change in self._since(kind, int(since)):
                    subscription.put(change)
            while True:
                change = await subscription.next()
                obj = change.after or change.last
                if namespace in (None, "", obj["metadata"].get("namespace")):
                    yield change.type, copy(obj)
        finally:
            subscription.close()

    def _since(self, kind: Kind, revision: int) -> list[Change]:
        try:
            return self._verbs.store.since(kind, revision)
        except Gone as error:
            raise ApiError(410, "Expired", str(error)) from None
