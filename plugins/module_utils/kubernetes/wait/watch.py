# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One list and watch: a copy of some objects of the cluster that follows them, in a thread of its own."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from ...core.deadline import backoff
from ...core.errors import HttpError
from ...http.streams import Stream
from ..client.api import KubernetesApi
from ..client.resources import Kind

WATCH_SECONDS = 50
"""How long one watch lasts: below an HTTP session's patience with a silent server, and most proxies' too."""

_POLL_SECONDS = 1.0
"""Between two lists, where the server lists but does not let us watch."""

_GONE = 410
_LISTED_AGAIN = frozenset({401, 403, 404, 405})
_SLOWEST = 5.0

Key = "tuple[str | None, str]"


class Expired(Exception):
    """The server no longer knows the version from which a watch was to go on."""


class Watch:
    """The objects of one kind in one namespace (only the one called ``name`` where given), as they are now.

    changed is called after each change. objects: by namespace and name, None until they have been listed once.
    trouble: what keeps us from following them just now, in words. problem: why there is no more to come; it is the
    reader's to raise.
    """

    def __init__(
        self, api: KubernetesApi, kind: Kind, namespace: str | None, name: str | None, changed: Callable[[], None]
    ) -> None:
        self.objects: dict[Key, dict[str, Any]] | None = None
        self.trouble = ""
        self.problem: Exception | None = None
        self._api, self._kind, self._namespace = api, kind, namespace
        self._selector = f"metadata.name={name}" if name else None
        self._changed = changed
        self._at_first: dict[Key, dict[str, Any]] | None = None
        self._ended = threading.Event()
        self._stream: Stream | None = None
        self._thread = threading.Thread(target=self._run, daemon=True, name=f"watch {kind.plural}")
        self._thread.start()

    def at_first(self, obj: dict[str, Any]) -> dict[str, Any] | None:
        """The object as the first list had it; None where it came later."""
        return (self._at_first or {}).get(_key(obj))

    def end(self) -> None:
        """Stop following; does not wait for the thread."""
        self._ended.set()
        stream = self._stream
        if stream is not None:
            stream.interrupt()

    def join(self, seconds: float) -> None:
        """Wait until the thread has ended, but not for ever: it may be amid a request to a slow server."""
        self._thread.join(seconds)

    def _run(self) -> None:
        try:
            while not self._ended.is_set():
                try:
                    self._follow(self._list())
                except Expired:
                    self._ended.wait(_POLL_SECONDS)
                except HttpError as error:
                    if not self._may_pass(error):
                        raise
                    self._ended.wait(_POLL_SECONDS)
        except Exception as error:
            # Whatever it is, the reader is to hear of it: a thread that dies in silence looks like a cluster at rest.
            if not self._ended.is_set():
                self.problem = error
                self._changed()

    def _may_pass(self, error: HttpError) -> bool:
        """Whether to go on: a control plane may be upgraded; a token that ran out is minted anew by the next list;
        whoever may list but not watch looks again and again."""
        if _passes(error) and self.trouble != error.message:
            self.trouble = error.message
            self._changed()
        return _passes(error) or (self.objects is not None and error.status in _LISTED_AGAIN)

    def _list(self) -> str:
        found, version = self._api.snapshot(self._kind, self._namespace, field_selector=self._selector)
        self.objects = {_key(obj): obj for obj in found}
        if self._at_first is None:
            self._at_first = dict(self.objects)
        self.trouble = ""
        self._changed()
        return version

    def _follow(self, version: str) -> None:
        """Watch from ``version`` on, again and again; what breaks on the way is taken up where it broke."""
        pauses = backoff(first=0.1, most=_SLOWEST)
        while not self._ended.is_set():
            began, seen = time.monotonic(), version
            try:
                version = self._watch(version)
            except HttpError as error:
                if error.status == _GONE:
                    raise Expired from error
                if not _passes(error):
                    raise
            if version != seen or time.monotonic() - began > _SLOWEST:
                pauses = backoff(first=0.1, most=_SLOWEST)
            if time.monotonic() - began < _SLOWEST:
                self._ended.wait(next(pauses))

    def _watch(self, version: str) -> str:
        """One watch, to its end; gives the version that the next one goes on from."""
        seconds = max(1, min(WATCH_SECONDS, int(self._api.http.deadline.remaining())))
        opened = self._api.watch(self._kind, self._namespace, version, seconds=seconds, field_selector=self._selector)
        with opened as stream:
            self._stream = stream
            try:
                # It may have been ended while the server was still asked.
                if self._ended.is_set():
                    return version
                for line in stream:
                    if line:
                        version = self._take(self._api.event(self._kind, self._namespace, line))
            except HttpError as error:
                if error.status:
                    raise
            finally:
                self._stream = None
        return version

    def _take(self, event: dict[str, Any]) -> str:
        """Note one event; gives the version that it brings."""
        if "type" not in event:
            # Whatever stands in between has answered by something else, such as a list.
            raise Expired
        happened, obj = event["type"], event["object"]
        if happened == "ERROR":
            if obj.get("code") == _GONE:
                raise Expired
            raise HttpError(
                f"watch {self._kind.kind}: the API server ended it: {obj.get('message')}",
                status=obj.get("code") or 500,
                method="GET",
                url=self._kind.path(self._namespace),
                reason=obj.get("reason", ""),
                server_message=obj.get("message", ""),
            )
        if happened != "BOOKMARK":
            # A new dictionary each time: readers are other threads.
            objects = dict(self.objects or {})
            if happened == "DELETED":
                objects.pop(_key(obj), None)
            else:
                objects[_key(obj)] = obj
            self.objects = objects
            self._changed()
        return obj["metadata"]["resourceVersion"]


def _passes(error: HttpError) -> bool:
    return error.status in (0, 429) or error.status >= 500


def _key(obj: dict[str, Any]) -> Key:
    return obj["metadata"].get("namespace"), obj["metadata"]["name"]
