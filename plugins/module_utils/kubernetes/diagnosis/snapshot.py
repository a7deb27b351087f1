# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A diagnosis of one moment: what it may look at, read when it is needed."""

from __future__ import annotations

from collections.abc import Set
from typing import Any

from ..client.api import KubernetesApi
from ..client.resources import Kind
from .events import EVENT

_LOG_LINES = 5


class Reading:
    """The Surroundings of one look at pods.

    before: versions of the events that are no news.
    """

    def __init__(self, api: KubernetesApi, before: Set[tuple[str | None, str | None]] = frozenset()) -> None:
        self._api, self._before = api, before
        self._events: list[dict[str, Any]] | None = None

    def all(self, kind: Kind, namespace: str | None) -> list[dict[str, Any]]:
        """A namespace's events; nothing else is asked for."""
        if kind != EVENT:
            return []
        if self._events is None:
            self._events = self._api.list(EVENT, namespace)
        return self._events

    def is_news(self, event: dict[str, Any]) -> bool:
        """Whether an event is in another state than those that are no news."""
        return version(event) not in self._before

    def has_changed(self, _kind: Kind, _obj: dict[str, Any]) -> bool:
        """One look knows of no former one: what it finds counts."""
        return True

    def log(self, pod: dict[str, Any], container: str, _run: int, *, previous: bool) -> list[str]:
        """The last lines of a container."""
        metadata = pod["metadata"]
        return self._api.logs(metadata["namespace"], metadata["name"], container, lines=_LOG_LINES, previous=previous)


def version(event: dict[str, Any]) -> tuple[str | None, str | None]:
    """An event in the state that it has now: one that happens again has another version."""
    return event["metadata"].get("uid"), event["metadata"].get("resourceVersion")
