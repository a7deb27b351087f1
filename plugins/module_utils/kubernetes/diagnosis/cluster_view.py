# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a diagnosis may look at."""

from __future__ import annotations

from collections.abc import Set
from typing import Any, Protocol

from ...core.errors import HttpError
from ..client.api import KubernetesApi
from ..client.resources import EVENT, Kind

LOG_LINES = 200
"""Lines read of a container's log to explain why it ended. A program of several processes tells the cause first, and
then in dozens of lines what became of those that waited for the one that failed."""


class ClusterView(Protocol):
    """The cluster as a diagnosis sees it; all but logs is known already."""

    def all(self, kind: Kind, namespace: str | None) -> list[dict[str, Any]]:
        """The objects of a kind in a namespace."""

    def is_new(self, event: dict[str, Any]) -> bool:
        """Whether an event has happened, or happened again, since the wait began: an older one may be out of date."""

    def outdate(self, event: dict[str, Any]) -> None:
        """Count an event as old from now on, until it happens again."""

    def at_first(self, kind: Kind, obj: dict[str, Any]) -> dict[str, Any] | None:
        """An object of a kind that is watched as it was when the wait began; None where it came later."""

    def log(self, pod: dict[str, Any], container: str, run: int, *, previous: bool) -> list[str]:
        """The last lines of one run (counted by restarts) of a container."""


class Snapshot:
    """The ClusterView of a single look at pods and their events.

    before: versions of the events that count as old.
    """

    def __init__(self, api: KubernetesApi, before: Set[tuple[str | None, str | None]] = frozenset()) -> None:
        self._api, self._before = api, before
        self._events: list[dict[str, Any]] | None = None

    def all(self, kind: Kind, namespace: str | None) -> list[dict[str, Any]]:
        """A namespace's events, read when first needed; no other kind is known."""
        if kind != EVENT:
            return []
        if self._events is None:
            self._events = self._api.list(EVENT, namespace)
        return self._events

    def is_new(self, event: dict[str, Any]) -> bool:
        """Whether an event is in another state than the old ones."""
        return event_version(event) not in self._before

    def outdate(self, event: dict[str, Any]) -> None:
        """Count an event as old."""
        self._before = self._before | {event_version(event)}

    def at_first(self, _kind: Kind, _obj: dict[str, Any]) -> dict[str, Any] | None:
        """A single look has nothing to compare with: whatever it finds counts."""
        return None

    def log(self, pod: dict[str, Any], container: str, _run: int, *, previous: bool) -> list[str]:
        """The last lines of a container's log."""
        metadata = pod["metadata"]
        try:
            return self._api.logs(
                metadata["namespace"], metadata["name"], container, lines=LOG_LINES, previous=previous, patience=0.0
            )
        except HttpError:
            return []


def event_version(event: dict[str, Any]) -> tuple[str | None, str | None]:
    """An event in its present state: one that happens again has another version."""
    return event["metadata"].get("uid"), event["metadata"].get("resourceVersion")
