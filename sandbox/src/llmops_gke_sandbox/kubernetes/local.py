"""A client of the API server inside its own process, for controllers and agents: HTTP's semantics without HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator

from .decode import copy
from .errors import ApiError
from .kinds import Kind
from .options import DeleteOptions, WriteOptions
from .patches import MERGE
from .selectors import field_matcher, label_matcher
from .store import Change, Gone
from .verbs import Verbs

DEFAULT_MANAGER = "kube-controller-manager"


class LocalApi:
    """Reads and writes one cluster.

    ``resource`` is the plural with its group: ``pods``, ``deployments.apps``. Objects that are returned belong to the
    caller. Every write raises ApiError(status, reason, message) where HTTP would answer with a failure.
    """

    def __init__(self, verbs: Verbs) -> None:
        self._verbs = verbs

    def _kind(self, resource: str) -> Kind:
        try:
            return self._verbs.registry.named(resource)
        except KeyError:
            raise ApiError(404, "NotFound", f"the server has no resource {resource}") from None

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
        """Return an object, None if there is none."""
        return self.get_now(resource, name, namespace)

    async def list(
        self,
        resource: str,
        namespace: str | None = None,
        label_selector: str | None = None,
        field_selector: str | None = None,
    ) -> list[dict]:
        """Return the objects of one namespace, or of all, ordered by namespace and name."""
        return self.list_now(resource, namespace, label_selector, field_selector)

    async def create(
        self, resource: str, obj: dict, namespace: str | None = None, manager: str = DEFAULT_MANAGER
    ) -> dict:
        """Create an object; the namespace is the object's own if none is given."""
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
        """Apply a JSON merge patch to an object or to its status."""
        kind, options = self._kind(resource), WriteOptions(manager)
        obj, _ = self._verbs.patch(kind, namespace or "", name, copy(body), MERGE, options, subresource or "")
        return copy(obj)

    async def replace(
        self,
        resource: str,
        name: str,
        obj: dict,
        namespace: str | None = None,
        subresource: str | None = None,
        manager: str = DEFAULT_MANAGER,
    ) -> dict:
        """Replace an object or its status; with a resourceVersion in it, only if that is still the latest."""
        kind, options = self._kind(resource), WriteOptions(manager)
        return copy(self._verbs.update(kind, namespace or "", name, copy(obj), options, subresource or ""))

    async def delete(
        self,
        resource: str,
        name: str,
        namespace: str | None = None,
        propagation: str = "Background",
        uid: str | None = None,
        grace_period: int | None = None,
    ) -> None:
        """Delete an object; one that is absent already is fine."""
        options = DeleteOptions(propagation=propagation, grace=grace_period, uid=uid)
        try:
            self._verbs.delete(self._kind(resource), namespace or "", name, options)
        except ApiError as error:
            if error.status != 404:
                raise

    async def snapshot(self, resource: str) -> tuple[list[dict], str]:
        """Return all objects of a resource, and the version from which a watch goes on."""
        return self.list_now(resource), str(self._verbs.store.revision)

    async def watch(
        self, resource: str, namespace: str | None = None, since: str | None = None
    ) -> AsyncIterator[tuple[str, dict]]:
        """Yield (ADDED, MODIFIED or DELETED, object) for each change after ``since``.

        Without it, (ADDED, object) for all that is there comes first.

        :raises ApiError: 410 where the history does not reach back to ``since``.
        """
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
