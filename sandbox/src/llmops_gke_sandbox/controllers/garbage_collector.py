# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Garbage collection: what is owned goes with its owners, before or after them, or is set free."""

from __future__ import annotations

from llmops_gke_sandbox.control.controller import Controller
from llmops_gke_sandbox.control.objects import is_deleting, key_of, uid_of
from llmops_gke_sandbox.control.plane import Plane
from llmops_gke_sandbox.control.resources import BUILTIN, DEFINITIONS, Resource, Resources
from llmops_gke_sandbox.kubernetes.errors import ApiError

_FOREGROUND, _ORPHAN = "foregroundDeletion", "orphan"
# Events own nothing and are owned by nothing, and there are many of them.
_LEFT_OUT = frozenset({"events"})


class GarbageCollector(Controller):
    """Watches every resource. Its keys are "resource|namespace/name"."""

    component = "garbage-collector-controller"

    def __init__(self, plane: Plane) -> None:
        super().__init__(plane)
        self._resources = Resources(self.store(DEFINITIONS))
        self._present: dict[str, str] = {}
        self._dependents: dict[str, set[str]] = {}
        for resource in BUILTIN:
            self._watch(resource)
        self._resources.on_new(self._watch)

    async def reconcile(self, key: str) -> None:
        resource, _bar, object_key = key.partition("|")
        obj = self.store(resource).by_key(object_key)
        if obj is None:
            return
        finalizers = obj["metadata"].get("finalizers") or []
        if is_deleting(obj) and _ORPHAN in finalizers:
            await self._set_free(resource, obj)
        elif is_deleting(obj) and _FOREGROUND in finalizers:
            await self._delete_before(resource, obj)
        elif not is_deleting(obj) and obj["metadata"].get("ownerReferences"):
            await self._judge(resource, obj)

    async def _judge(self, resource: str, obj: dict) -> None:
        """Delete an object whose owners are all gone; drop the references to some that are."""
        references = obj["metadata"]["ownerReferences"]
        solid = [one for one in references if await self._exists(one, obj["metadata"].get("namespace"))]
        if not solid:
            await self.client.delete(resource, obj)
        elif len(solid) < len(references):
            await self._patch(resource, obj, {"ownerReferences": solid})

    async def _delete_before(self, resource: str, owner: dict) -> None:
        """Foreground deletion: the owner goes when no dependent blocks it any more."""
        blocked = False
        for dependent_resource, dependent in self._dependents_of(owner):
            blocked |= any(
                one["uid"] == uid_of(owner) and one.get("blockOwnerDeletion")
                for one in dependent["metadata"]["ownerReferences"]
            )
            if not is_deleting(dependent):
                propagation = "Foreground" if self._dependents.get(uid_of(dependent)) else "Background"
                await self.client.delete(dependent_resource, dependent, propagation=propagation)
        if not blocked:
            await self._drop_finalizer(resource, owner, _FOREGROUND)

    async def _set_free(self, resource: str, owner: dict) -> None:
        """Orphaning: dependents forget the owner, which then goes."""
        for dependent_resource, dependent in self._dependents_of(owner):
            kept = [one for one in dependent["metadata"]["ownerReferences"] if one["uid"] != uid_of(owner)]
            await self._patch(dependent_resource, dependent, {"ownerReferences": kept or None})
        await self._drop_finalizer(resource, owner, _ORPHAN)

    async def _drop_finalizer(self, resource: str, obj: dict, finalizer: str) -> None:
        kept = [one for one in obj["metadata"]["finalizers"] if one != finalizer]
        await self._patch(resource, obj, {"finalizers": kept or None})

    async def _patch(self, resource: str, obj: dict, metadata: dict) -> None:
        meta = obj["metadata"]
        try:
            await self.client.patch(resource, meta["name"], {"metadata": metadata}, meta.get("namespace"))
        except ApiError as error:
            if error.status != 404:
                raise

    async def _exists(self, reference: dict, namespace: str | None) -> bool:
        """Tell whether an owner is there. The copies may lag behind, so its absence is asked of the API itself."""
        if reference["uid"] in self._present:
            return True
        resource = self._resources.of_kind(reference["apiVersion"], reference["kind"])
        if resource is None:
            return True
        owner = await self.plane.api.get(resource.name, reference["name"], namespace if resource.namespaced else None)
        return owner is not None and uid_of(owner) == reference["uid"]

    def _dependents_of(self, owner: dict) -> list[tuple[str, dict]]:
        found = []
        for key in sorted(self._dependents.get(uid_of(owner), ())):
            resource, _bar, object_key = key.partition("|")
            obj = self.store(resource).by_key(object_key)
            if obj is not None and uid_of(owner) in _owners(obj):
                found.append((resource, obj))
        return found

    def _watch(self, resource: Resource) -> None:
        if resource.name in _LEFT_OUT:
            return

        def changed(old: dict | None, new: dict | None) -> None:
            self._changed(resource.name, old, new)

        store = self.store(resource.name)
        store.subscribe(changed)
        for obj in store.all():
            changed(None, obj)

    def _changed(self, resource: str, old: dict | None, new: dict | None) -> None:
        key = f"{resource}|{key_of(new or old)}"
        owners, former = _owners(new), _owners(old)
        for uid in former - owners:
            self._dependents.get(uid, set()).discard(key)
        for uid in owners:
            self._dependents.setdefault(uid, set()).add(key)
        if new is not None:
            self._present[uid_of(new)] = key
            finalizers = new["metadata"].get("finalizers") or []
            waits = is_deleting(new) and (_FOREGROUND in finalizers or _ORPHAN in finalizers)
            if waits or (owners and (old is None or owners != former)):
                self.enqueue(key)
            return
        self._present.pop(uid_of(old), None)
        for dependent in self._dependents.pop(uid_of(old), ()):
            self.enqueue(dependent)
        # An owner may be waiting in the foreground for this one.
        for uid in former:
            if uid in self._present:
                self.enqueue(self._present[uid])


def _owners(obj: dict | None) -> set[str]:
    return {one["uid"] for one in (obj["metadata"].get("ownerReferences") or [])} if obj else set()
