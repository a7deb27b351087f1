# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ends of containers' logs, as far as they come soon: they explain something, and are not worth a long wait."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ...core.errors import HttpError
from ..client.api import KubernetesApi
from ..diagnosis.cluster_view import LOG_LINES

PATIENCE = 2.0
"""Seconds for which all logs of a wait together are waited for."""


@dataclass
class _Reading:
    """One run's log. version: of the pod, when it was asked for. left: nobody waits for it any more."""

    version: str
    done: threading.Event = field(default_factory=threading.Event)
    lines: list[str] = field(default_factory=list)
    failed: bool = False
    left: bool = False


class ContainerLogs:
    """Reads each run of a container once; one that cannot be read, never again.

    changed: called where a log has come that nobody waited for any more.
    """

    def __init__(self, api: KubernetesApi, changed: Callable[[], None]) -> None:
        self._api, self._changed = api, changed
        self._patience = PATIENCE
        self._readings: dict[tuple[Any, ...], _Reading] = {}

    def lines(self, pod: dict[str, Any], container: str, run: int, *, previous: bool) -> list[str]:
        """The last lines of one run (counted by restarts) of a container; empty where they are not there (yet)."""
        metadata = pod["metadata"]
        key = (metadata.get("uid"), metadata["name"], container, run, previous)
        version = metadata.get("resourceVersion", "")
        reading = self._readings.get(key)
        if reading is None or self._is_worth_another(reading, version):
            reading = self._readings[key] = _Reading(version)
            arguments = (reading, metadata["namespace"], metadata["name"], container, previous)
            threading.Thread(target=self._read, args=arguments, daemon=True).start()
        if not reading.done.is_set():
            began = time.monotonic()
            reading.left = not reading.done.wait(self._patience)
            self._patience = max(0.0, self._patience - (time.monotonic() - began))
        return reading.lines if reading.done.is_set() else []

    @staticmethod
    def _is_worth_another(reading: _Reading, version: str) -> bool:
        """Whether a log was empty, and may have begun with what has changed since."""
        return reading.done.is_set() and not reading.failed and not reading.lines and reading.version != version

    def _read(self, reading: _Reading, namespace: str, pod: str, container: str, previous: bool) -> None:
        try:
            reading.lines = self._api.read_log(
                namespace, pod, container, lines=LOG_LINES, previous=previous, patience=0.0
            )
        except HttpError as error:
            # 400: the container has not started, and may yet.
            reading.failed = error.status != 400
        reading.done.set()
        if reading.left:
            self._changed()
