# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A TGI server in a thread of its own, for code that blocks: tests, benchmarks, a Python prompt."""

from __future__ import annotations

import asyncio
import threading
from types import TracebackType

from llmops_gke_sandbox.workloads.tgi.server import TgiServer
from llmops_gke_sandbox.workloads.tgi.settings import Settings
from llmops_gke_sandbox.workloads.tgi.timing import Timing


class BackgroundServer:
    """``with BackgroundServer(Timing(ttft=0.05, itl=0.01)) as server: … server.url``."""

    def __init__(self, timing: Timing | None = None, settings: Settings | None = None, **options: object) -> None:
        self.server = TgiServer(timing or Timing(), settings, **options)
        self.url = self.server.url
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> BackgroundServer:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self.server.start(), self._loop).result()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        asyncio.run_coroutine_threadsafe(self.server.stop(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
