# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Watches: changes as a stream of JSON lines, with bookmarks, from a version on or from what is there."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator, Mapping

from llmops_gke_sandbox.kubernetes.errors import ApiError, flag, internal, number
from llmops_gke_sandbox.kubernetes.options import refuse_list_options
from llmops_gke_sandbox.kubernetes.rest.listing import matcher, not_a_version
from llmops_gke_sandbox.kubernetes.rest.representations import Form
from llmops_gke_sandbox.kubernetes.schema.kinds import Kind
from llmops_gke_sandbox.kubernetes.selectors import Matches
from llmops_gke_sandbox.kubernetes.store import Change, Gone, Store

DEFAULT_SECONDS = 1800
_BOOKMARK_SECONDS = 60.0
_INITIAL_END = {"annotations": {"k8s.io/initial-events-end": "true"}}

Send = Callable[[bytes], Awaitable[None]]


class Watch:
    """One watch of one client.

    :param query: resourceVersion, timeoutSeconds, allowWatchBookmarks, sendInitialEvents, selectors.
    :param name: of the only object that is watched; empty for all.
    :raises ApiError: 400 for a selector that does not parse.
    """

    def __init__(
        self, store: Store, kind: Kind, namespace: str, name: str, query: Mapping[str, str], form: Form
    ) -> None:
        self._store = store
        self._kind = kind
        self._namespace = namespace
        self._query = query
        self._form = form
        self._matches: Matches = matcher(kind, query, name)
        self._headed = False
        self._bookmarks = flag(query, "allowWatchBookmarks")
        self._seconds = number(query, "timeoutSeconds") or DEFAULT_SECONDS
        refuse_list_options(query, watch=True)
        version = query.get("resourceVersion") or "0"
        if not version.isdigit():
            raise internal(not_a_version(version))
        self._version = int(version)

    async def run(self, send: Send) -> None:
        """Send events until the time is up or the task is cancelled."""
        subscription = self._store.subscribe(self._kind)
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._seconds
        try:
            try:
                first = b"".join(self._first())
            except Gone as error:
                await send(_line("ERROR", ApiError(410, "Expired", str(error)).body()))
                return
            if first:
                await send(first)
            while (now := loop.time()) < deadline:
                wait = self._until_bookmark(deadline - now)
                try:
                    change = await asyncio.wait_for(subscription.next(), wait)
                except TimeoutError:
                    if self._bookmarks and loop.time() < deadline:
                        await send(self._bookmark())
                    continue
                line = self._shown(change)
                if line:
                    await send(line)
        finally:
            subscription.close()

    def _until_bookmark(self, left: float) -> float:
        """Return how long to wait: bookmarks come each minute, and twice in the last two seconds."""
        if not self._bookmarks:
            return left
        if left > 2:
            return min(_BOOKMARK_SECONDS, left - 2)
        return left - 1 if left > 1 else left

    def _first(self) -> Iterator[bytes]:
        initial = flag(self._query, "sendInitialEvents")
        if not self._version or initial:
            for obj in self._store.items(self._kind, self._namespace):
                if self._matches(obj):
                    yield self._event("ADDED", obj)
            if initial:
                yield self._bookmark(_INITIAL_END)
            return
        for change in self._store.since(self._kind, self._version):
            yield self._shown(change)

    def _shown(self, change: Change) -> bytes:
        """Return a change as this watch sees it: what leaves the selector is deleted, what enters it is added."""
        obj = change.after or change.last or {}
        if self._namespace and obj["metadata"].get("namespace") != self._namespace:
            return b""
        before = change.before is not None and self._matches(change.before)
        after = change.after is not None and self._matches(change.after)
        if after:
            return self._event("MODIFIED" if before else "ADDED", change.after)
        if not before:
            return b""
        last = change.last
        if last is None:
            metadata = {**change.before["metadata"], "resourceVersion": str(change.revision)}
            last = {**change.before, "metadata": metadata}
        return self._event("DELETED", last)

    def _event(self, event: str, obj: dict) -> bytes:
        shown = self._form.event(self._kind, event, obj, not self._headed)
        self._headed = True
        return json.dumps(shown, separators=(",", ":")).encode() + b"\n"

    def _bookmark(self, extra: dict | None = None) -> bytes:
        metadata = {"resourceVersion": str(self._store.revision), **(extra or {})}
        kind = {"kind": self._kind.kind, "apiVersion": self._kind.api_version, "metadata": metadata}
        return _line("BOOKMARK", kind)


def _line(event: str, obj: dict) -> bytes:
    return json.dumps({"type": event, "object": obj}, separators=(",", ":")).encode() + b"\n"
