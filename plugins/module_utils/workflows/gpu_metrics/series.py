# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The GPUs' figures over the time of a measurement, read beside it."""

from __future__ import annotations

import threading
import time
from collections.abc import Collection
from types import TracebackType
from typing import Any

from ...core.errors import LlmopsError
from ...kubernetes.client.api import KubernetesApi
from .diagnosis import figures
from .exporters import exporter_pods, read_exporter

UNITS = {"DCGM_FI_DEV_GPU_UTIL": "%", "DCGM_FI_DEV_FB_USED": "MiB", "DCGM_FI_DEV_POWER_USAGE": "W"}
"""What is read, by DCGM's names, and in which units it is."""

_LAST_READING = 5.0
"""Seconds that a reading which is under way at the end may still take."""


class Watcher:
    """While its block lasts, one request every ``interval`` seconds to the exporters on ``nodes``, each in its turn.

    The first reading is taken before the block begins and the last when it has ended. They go over the connection of
    ``api``, which the block must not use. An exporter that does not answer leaves a gap and no error.
    """

    def __init__(self, api: KubernetesApi, nodes: Collection[str], interval: float = 1.0) -> None:
        self._api, self._nodes, self._interval = api, nodes, interval
        self._pods: list[dict[str, Any]] = []
        self._points: dict[tuple[str, str, str], list[list[float]]] = {}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="gpu-metrics", daemon=True)
        self._began = 0.0

    def __enter__(self) -> Watcher:
        try:
            self._pods = [pod for pod in exporter_pods(self._api) if pod["spec"]["nodeName"] in self._nodes]
        except LlmopsError:
            # The measurement is what was asked for; that no exporter can be found shows as no series.
            return self
        self._began = time.monotonic()
        for pod in self._pods:
            self._read(pod)
        if self._pods:
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        if not self._pods:
            return
        self._thread.join(_LAST_READING)
        if kind is None and not self._thread.is_alive():
            for pod in self._pods:
                self._read(pod)

    def series(self) -> list[dict[str, Any]]:
        """``{name, unit, node, gpu, points}`` for each GPU and figure; points: pairs of seconds from the first reading
        and value."""
        return [
            {"name": name, "unit": UNITS[name], "node": node, "gpu": gpu, "points": points}
            for (name, node, gpu), points in sorted(self._points.items())
        ]

    def _watch(self) -> None:
        turn = 0
        while not self._ended.wait(self._interval):
            self._read(self._pods[turn % len(self._pods)])
            turn += 1

    def _read(self, pod: dict[str, Any]) -> None:
        try:
            exporter = read_exporter(self._api, pod)
        except LlmopsError:
            return
        moment = round(time.monotonic() - self._began, 3)
        for gpu in figures([exporter], tuple(UNITS)):
            for name, value in gpu["figures"].items():
                self._points.setdefault((name, gpu["node"], gpu["gpu"]), []).append([moment, value])
