# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Objects in memory, one counter of versions for all of them, and the history that watches are served from."""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from llmops_gke_sandbox.kubernetes.schema.kinds import Kind

HISTORY = 3_000
"""How many changes are kept for watches that start in the past."""

Key = tuple[str, str]


class Gone(LookupError):
    """The history does not reach back that far."""

    def __init__(self, wanted: int, oldest: int) -> None:
        super().__init__(f"too old resource version: {wanted} ({oldest})")


@dataclass(frozen=True)
class Change:
    """One write. Before and after are whole objects; None before a create and after a delete.

    ``last`` is what a reader of a delete sees: the object with the delete's own version.
    """

    revision: int
    resource: str
    before: dict | None
    after: dict | None
    last: dict | None = None

    @property
    def type(self) -> str:
        """The change as a watch names it."""
        return "ADDED" if self.before is None else "DELETED" if self.after is None else "MODIFIED"


def key_of(obj: dict) -> Key:
    """Return (namespace, name) of an object; the namespace is empty for cluster-scoped ones."""
    return obj["metadata"].get("namespace", ""), obj["metadata"]["name"]


class Subscription:
    """The changes of one resource from now on, in order."""

    def __init__(self, close: Callable[[Subscription], None]) -> None:
        self._queue: asyncio.Queue[Change] = asyncio.Queue()
        self._close = close

    def put(self, change: Change) -> None:
        """Hand a change to the reader."""
        self._queue.put_nowait(change)

    async def next(self) -> Change:
        """Wait for a change."""
        return await self._queue.get()

    def close(self) -> None:
        """Receive no more."""
        self._close(self)


class Store:
    """What the cluster knows. Stored objects are never changed in place; readers must not change them either."""

    def __init__(self) -> None:
        self.revision = 0
        self._objects: dict[str, dict[Key, dict]] = {}
        self._history: deque[Change] = deque(maxlen=HISTORY)
        self._subscriptions: dict[str, list[Subscription]] = {}
        self._observers: list[tuple[str, Callable[[Change], None]]] = []

    def get(self, kind: Kind, namespace: str, name: str) -> dict | None:
        """Return an object, None if there is none."""
        return self._objects.get(kind.resource, {}).get((namespace, name))

    def items(self, kind: Kind, namespace: str = "") -> list[dict]:
        """Return a kind's objects, all or those of one namespace, ordered by namespace and name."""
        found = self._objects.get(kind.resource, {})
        return [found[key] for key in sorted(found) if namespace in ("", key[0])]

    def put(self, kind: Kind, obj: dict) -> dict:
        """Store an object under a new resourceVersion and return it."""
        self.revision += 1
        stored = {**obj, "metadata": {**obj["metadata"], "resourceVersion": str(self.revision)}}
        objects = self._objects.setdefault(kind.resource, {})
        before = objects.get(key_of(stored))
        objects[key_of(stored)] = stored
        self._publish(Change(self.revision, kind.resource, before, stored))
        return stored

    def remove(self, kind: Kind, obj: dict) -> dict:
        """Remove an object and return its last state, which carries the delete's version."""
        self.revision += 1
        last = {**obj, "metadata": {**obj["metadata"], "resourceVersion": str(self.revision)}}
        before = self._objects[kind.resource].pop(key_of(obj))
        self._publish(Change(self.revision, kind.resource, before, None, last))
        return last

    def subscribe(self, kind: Kind) -> Subscription:
        """Return the changes of a kind from now on; close it when done."""
        subscriptions = self._subscriptions.setdefault(kind.resource, [])
        subscription = Subscription(subscriptions.remove)
        subscriptions.append(subscription)
        return subscription

    def observe(self, kind: Kind, observer: Callable[[Change], None]) -> None:
        """Call ``observer`` with each change of a kind, before the write returns."""
        self._observers.append((kind.resource, observer))

    def since(self, kind: Kind, revision: int) -> list[Change]:
        """Return the changes of a kind after a version.

        :raises Gone: if the history does not reach back that far.
        """
        oldest = self._history[0].revision if self._history else self.revision + 1
        if revision + 1 < oldest:
            raise Gone(revision, oldest)
        changes = list(self._history)
        start = bisect_right(changes, revision, key=lambda change: change.revision)
        return [change for change in changes[start:] if change.resource == kind.resource]

    def items_at(self, kind: Kind, namespace: str, revision: int) -> list[dict]:
        """Return a kind's objects as they were at a version.

        :raises Gone: if the history does not reach back that far.
        """
        found = dict(self._objects.get(kind.resource, {}))
        for change in reversed(self.since(kind, revision)):
            key = key_of(change.after or change.before or {})
            if change.before is None:
                found.pop(key, None)
            else:
                found[key] = change.before
        return [found[key] for key in sorted(found) if namespace in ("", key[0])]

    def _publish(self, change: Change) -> None:
        self._history.append(change)
        for subscription in self._subscriptions.get(change.resource, ()):
            subscription.put(change)
        for resource, observer in self._observers:
            if resource == change.resource:
                observer(change)
