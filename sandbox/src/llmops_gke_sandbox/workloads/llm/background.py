# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A model server in a thread of its own, for code that blocks: tests, benchmarks, a Python prompt."""

from __future__ import annotations

import asyncio
import threading
from types import TracebackType

from llmops_gke_sandbox.workloads.llm.server import ModelServer


class Background:
    """``with Background(TgiServer(Timing(ttft=0.05, itl=0.01))) as running: … running.url``."""

    def __init__(self, server: ModelServer) -> None:
        self.server = server
        self.url = server.url
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Background:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self.server.start(), self._loop).result()
        return self

    def stop(self) -> None:
        """End the server as its container's end does, and come back when it has."""
        asyncio.run_coroutine_threadsafe(self.server.stop(), self._loop).result()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
