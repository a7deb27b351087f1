# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Local copies of the API's objects, kept current by watches.

Controllers and agents read these copies and never poll. What they write is put into the copy at once, so that a
second look, before the watch has told, does not see the past and act twice.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterator

from llmops_gke_sandbox.control.objects import key_of, uid_of
from llmops_gke_sandbox.kubernetes.api import KubernetesApi

_log = logging.getLogger(__name__)

# Handlers get (old, new): old is None for an object that appeared, new is None for one that is gone.
Handler = Callable[[dict | None, dict | None], None]

_WATCH_RETRY_SECONDS = 1.0


class Store:
    """The copy of one resource. Objects are shared: read them, never change them."""

    def __init__(self, resource: str) -> None:
        self.resource = resource
        self._objects: dict[str, dict] = {}
        self._handlers: list[Handler] = []
        self._gone: deque[str] = deque(maxlen=1000)

    def get(self, name: str, namespace: str | None = None) -> dict | None:
        """Return one object, or None."""
        return self._objects.get(f"{namespace}/{name}" if namespace else name)

    def by_key(self, key: str) -> dict | None:
        """Return the object of a key, see key_of; or None."""
        return self._objects.get(key)

    def all(self, namespace: str | None = None) -> Iterator[dict]:
        """Yield the objects, of one namespace or of all."""
        for obj in list(self._objects.values()):
            if namespace is None or obj["metadata"].get("namespace") == namespace:
                yield obj

    def subscribe(self, handler: Handler) -> None:
        """Call ``handler(old, new)`` for each change from now on."""
        self._handlers.append(handler)

    def observe(self, obj: dict) -> None:
        """Take in an object that the API showed, unless a newer state of it is known."""
        key, old = key_of(obj), self._objects.get(key_of(obj))
        if uid_of(obj) in self._gone:
            return
        if old is not None and uid_of(old) == uid_of(obj):
            if _version(obj) <= _version(old):
                return
        elif old is not None:
            self.remove(old)
            old = None
        self._objects[key] = obj
        self._tell(old, obj)

    def remove(self, obj: dict) -> None:
        """Take note that an object is gone."""
        key = key_of(obj)
        self._gone.append(uid_of(obj))
        have = self._objects.get(key)
        if have is not None and uid_of(have) == uid_of(obj):
            del self._objects[key]
            self._tell(have, None)

    def replace(self, objects: list[dict]) -> None:
        """Take in a whole list: what it lacks is gone."""
        present = {uid_of(obj) for obj in objects}
        for obj in list(self._objects.values()):
            if uid_of(obj) not in present:
                self.remove(obj)
        for obj in objects:
            self.observe(obj)

    def _tell(self, old: dict | None, new: dict | None) -> None:
        for handler in self._handlers:
            handler(old, new)


class Informers:
    """One Store a resource, each fed by one watch, shared by everything in a cluster."""

    def __init__(self, api: KubernetesApi) -> None:
        self._api = api
        self._stores: dict[str, Store] = {}
        self._tasks: list[asyncio.Task] = []
        self._started = False

    def store(self, resource: str) -> Store:
        """Return the store of a resource. One asked for after start() fills a little later."""
        if resource not in self._stores:
            store = self._stores[resource] = Store(resource)
            if self._started:
                self._begin(store, None)
        return self._stores[resource]

    def known(self, resource: str) -> Store | None:
        """Return the store of a resource if anyone reads it."""
        return self._stores.get(resource)

    async def start(self) -> None:
        """Fill every store, then follow the changes. Returns once all are filled."""
        versions = {store.resource: await self._filled(store) for store in list(self._stores.values())}
        self._started = True
        # There may be more by now: what was filled may have told of custom resources.
        for store in self._stores.values():
            self._begin(store, versions.get(store.resource))

    async def stop(self) -> None:
        """End all watches."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()

    def _begin(self, store: Store, version: str | None) -> None:
        self._tasks.append(asyncio.create_task(self._follow(store, version), name=f"watch {store.resource}"))

    async def _filled(self, store: Store) -> str:
        """Fill a store anew, and return the version that it is of."""
        objects, version = await self._api.snapshot(store.resource)
        store.replace(objects)
        return version

    async def _follow(self, store: Store, version: str | None) -> None:
        while True:
            try:
                version = version or await self._filled(store)
                async for kind, obj in self._api.watch(store.resource, since=version):
                    if kind == "DELETED":
                        store.remove(obj)
                    else:
                        store.observe(obj)
            except Exception as error:
                _log.warning("watch of %s broke off: %r", store.resource, error)
            version = None
            await asyncio.sleep(_WATCH_RETRY_SECONDS)


def _version(obj: dict) -> int:
    return int(obj["metadata"]["resourceVersion"])
