# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is known now of the objects that a wait is about, and of what explains them."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from types import TracebackType
from typing import Any

from ...core.errors import DeadlineExceeded, HttpError
from ..client.api import KubernetesApi
from ..client.resources import EVENT, Kind, ObjectRef
from ..diagnosis.cluster_view import event_version
from .container_logs import ContainerLogs
from .watch import Watch

_PATIENCE = 1.0
"""Seconds for all watches together to end; what has not by then ends with the process."""

_LAG = 0.1
"""Seconds that one watch may be behind another of the same server."""


class Informer:
    """Watches kinds of objects, one watch a kind and namespace, for the time of a ``with`` block.

    What is watched as a whole (watch_optional) is to be named before what is watched by name (watch).
    """

    def __init__(self, api: KubernetesApi) -> None:
        self._api = api
        self._condition = threading.Condition()
        self._changes = 0
        self._watches: dict[tuple[Kind, str | None], Watch] = {}
        self._optional: set[tuple[Kind, str | None]] = set()
        self._logs = ContainerLogs(api, self._note)
        self._outdated: set[tuple[str | None, str | None]] = set()

    def watch(self, refs: Iterable[ObjectRef]) -> None:
        """Watch these objects; one that is alone of its kind in its namespace, by its name."""
        groups: dict[tuple[Kind, str | None], list[str]] = {}
        for ref in refs:
            groups.setdefault((ref.kind, ref.namespace), []).append(ref.name)
        for (kind, namespace), names in groups.items():
            self._optional.discard((kind, namespace))
            if (kind, namespace) not in self._watches:
                self._start(kind, namespace, names[0] if len(names) == 1 else None)

    def watch_optional(self, kind: Kind, namespace: str | None) -> None:
        """Watch all of a kind in a namespace, for what it explains: where that is not allowed, it explains nothing."""
        if (kind, namespace) not in self._watches:
            self._optional.add((kind, namespace))
            self._start(kind, namespace, None)

    def object(self, ref: ObjectRef) -> tuple[bool, dict[str, Any] | None]:
        """Whether a watched object's kind has been listed yet, and the object, None where it is not there."""
        objects = self._watches[(ref.kind, ref.namespace)].objects
        return objects is not None, (objects or {}).get((ref.namespace, ref.name))

    def all(self, kind: Kind, namespace: str | None) -> list[dict[str, Any]]:
        """The objects of a kind that is watched as a whole; none before they are listed, or where that is refused."""
        watch = self._watches.get((kind, namespace))
        return list((watch.objects or {}).values()) if watch else []

    def is_new(self, event: dict[str, Any]) -> bool:
        """Whether an event has happened, or happened again, since it is watched for."""
        first = self.at_first(EVENT, event)
        before = {event_version(first)} if first else set()
        return event_version(event) not in before | self._outdated

    def outdate(self, event: dict[str, Any]) -> None:
        """Count an event as old from now on, until it happens again."""
        self._outdated.add(event_version(event))

    def at_first(self, kind: Kind, obj: dict[str, Any]) -> dict[str, Any] | None:
        """An object of a watched kind as the first list had it; None where it came later."""
        watch = self._watches.get((kind, obj["metadata"].get("namespace")))
        return watch.at_first(obj) if watch else obj

    def log(self, pod: dict[str, Any], container: str, run: int, *, previous: bool) -> list[str]:
        """The last lines of one run (counted by restarts) of a container; empty where they cannot be read soon."""
        return self._logs.lines(pod, container, run, previous=previous)

    @property
    def trouble(self) -> str:
        """What keeps the cluster from being seen just now, in words."""
        return next((watch.trouble for watch in self._watches.values() if watch.trouble), "")

    @property
    def mark(self) -> int:
        """A mark of the present, for wait()."""
        return self._changes

    def wait(self, mark: int, seconds: float) -> None:
        """Return as soon as anything has changed since ``mark``, or ``seconds`` have gone by.

        Raises what has ended a watch that cannot be done without.
        """
        with self._condition:
            # A watch may have ended before the mark was taken.
            self._condition.wait_for(lambda: self._changes != mark or self._problem() is not None, seconds)
        problem = self._problem()
        if problem is not None:
            raise problem

    def settle(self) -> None:
        """Let the watches catch up with each other: each has a connection of its own, and one may be ahead."""
        with self._condition:
            self._condition.wait_for(
                lambda: all(watch.objects is not None or watch.problem for watch in self._watches.values()),
                _PATIENCE,
            )
        time.sleep(_LAG)

    def __enter__(self) -> Informer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for watch in self._watches.values():
            watch.end()
        for watch in self._watches.values():
            watch.join(_PATIENCE / len(self._watches))

    def _start(self, kind: Kind, namespace: str | None, name: str | None) -> None:
        self._watches[(kind, namespace)] = Watch(self._api, kind, namespace, name, self._note)

    def _note(self) -> None:
        with self._condition:
            self._changes += 1
            self._condition.notify_all()

    def _problem(self) -> Exception | None:
        """What has ended a watch that cannot be done without."""
        for place, watch in self._watches.items():
            if watch.problem is not None and not self._is_dispensable(place, watch.problem):
                return watch.problem
        return None

    def _is_dispensable(self, place: tuple[Kind, str | None], problem: Exception) -> bool:
        refused = isinstance(problem, HttpError) and problem.status in (403, 404)
        # Whoever waits has the same deadline, and says better what for.
        return isinstance(problem, DeadlineExceeded) or (refused and place in self._optional)
