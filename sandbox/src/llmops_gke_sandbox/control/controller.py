# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The loop of a controller: a queue of keys, one worker, retries that back off."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from llmops_gke_sandbox.control.informers import Store
from llmops_gke_sandbox.control.objects import key_of
from llmops_gke_sandbox.control.plane import Plane
from llmops_gke_sandbox.kubernetes.errors import ApiError

_log = logging.getLogger(__name__)

_RETRY_FIRST_SECONDS, _RETRY_LAST_SECONDS = 0.02, 5.0


class Controller:
    """Brings objects of one kind to the state that they ask for.

    Subclasses subscribe in __init__ and write ``reconcile(key)``, which looks at the present state alone: it may be
    called at any time, and twice.
    """

    manager = "kube-controller-manager"
    component = ""

    def __init__(self, plane: Plane) -> None:
        self.plane = plane
        self.clock = plane.clock
        self.client = plane.client(self.manager)
        self.events = plane.recorder(self.component, self.manager)
        self._queue: dict[str, None] = {}
        self._filled = asyncio.Event()
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._failures: dict[str, int] = {}

    async def reconcile(self, key: str) -> None:
        """Bring one object towards the state it asks for."""
        raise NotImplementedError

    def store(self, resource: str) -> Store:
        """Return the local copy of a resource."""
        return self.plane.informers.store(resource)

    def follow(self, resource: str, keys: Callable[[dict], list[str]] | None = None) -> Store:
        """Queue, at each change of a resource, the object itself or the keys that ``keys(obj)`` names.

        Both the old and the new state are asked, so that an owner or selector left behind is seen to.
        """

        def changed(old: dict | None, new: dict | None) -> None:
            for obj in (old, new):
                if obj is not None:
                    for key in keys(obj) if keys else [key_of(obj)]:
                        self.enqueue(key)

        store = self.store(resource)
        store.subscribe(changed)
        return store

    def enqueue(self, key: str) -> None:
        """Queue a key; one that is queued already stays once."""
        self._queue[key] = None
        self._filled.set()

    def enqueue_after(self, key: str, seconds: float) -> None:
        """Queue a key after ``seconds`` of life's time; an earlier appointment of the same key stands."""
        self._after(key, self.clock.scaled(seconds))

    async def run(self) -> None:
        """Work until cancelled."""
        try:
            while True:
                await self._filled.wait()
                key = next(iter(self._queue))
                del self._queue[key]
                if not self._queue:
                    self._filled.clear()
                await self._work(key)
                await asyncio.sleep(0)  # calls to an API in the same process may never wait: let the others in
        finally:
            for timer in self._timers.values():
                timer.cancel()

    async def _work(self, key: str) -> None:
        try:
            await self.reconcile(key)
        except Exception as error:
            failures = self._failures[key] = self._failures.get(key, 0) + 1
            # A conflict or an object that has just gone is the everyday life of a controller.
            level = logging.DEBUG if isinstance(error, ApiError) and error.status in (404, 409) else logging.WARNING
            _log.log(level, "%s: %s: %r", type(self).__name__, key, error, exc_info=level > logging.DEBUG)
            self._after(key, min(_RETRY_FIRST_SECONDS * 2 ** min(failures, 10), _RETRY_LAST_SECONDS))
        else:
            self._failures.pop(key, None)

    def _after(self, key: str, wall_seconds: float) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time() + wall_seconds
        have = self._timers.get(key)
        if have is not None:
            if have.when() <= due:
                return
            have.cancel()

        def fire() -> None:
            self._timers.pop(key, None)
            self.enqueue(key)

        self._timers[key] = loop.call_at(due, fire)
