# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests in time: those that wait for room, those that are generated for at once, and when each token is due."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from llmops_gke_sandbox.workloads.llm.timing import Timing


@dataclass(frozen=True)
class Served:
    """One request's times in seconds of a monotonic clock: received, queued, begun, first token, end."""

    received: float
    queued: float
    begun: float
    first: float
    end: float
    tokens: int

    @property
    def total(self) -> float:
        """From the request to its last token."""
        return self.end - self.received

    @property
    def per_token(self) -> float:
        """The mean of the whole inference over all tokens, the first one included."""
        return (self.end - self.begun) / self.tokens


@dataclass(frozen=True)
class Due:
    """Tokens that are sent together, the index-th ones. at: when they were due and there. begun, first: when the
    request's first step began and was over."""

    index: int
    tokens: slice
    begun: float
    first: float
    at: float


class Batch:
    """The one batch of a server.

    :param capacity: tokens that it can hold. most: requests that it can hold.
    :param changed: called after each change of what waits or is held.
    """

    def __init__(self, timing: Timing, capacity: int, changed: Callable[[Batch], None], most: float = math.inf) -> None:
        self.waiting = 0
        self._timing = timing
        self._capacity = capacity
        self._most = most
        self._changed = changed
        self._held: dict[object, int] = {}
        self._room = asyncio.Condition()
        self._cold = True
        self._closed = False

    def __len__(self) -> int:
        return len(self._held)

    @property
    def tokens(self) -> int:
        """Tokens that it holds now."""
        return sum(self._held.values())

    @property
    def is_closed(self) -> bool:
        """Whether close() was called."""
        return self._closed

    async def close(self) -> None:
        """Let nobody wait any more: whoever generates may look at is_closed at each step, and end."""
        self._closed = True
        async with self._room:
            self._room.notify_all()

    @asynccontextmanager
    async def place(self, tokens: int) -> AsyncIterator[None]:
        """Wait until there is room for a request, and hold it. One that is longer than the whole batch runs alone."""
        entry = object()
        await self._enter(entry, tokens)
        try:
            yield
        finally:
            await self._leave(entry)

    async def steps(self, prompt_tokens: int, total: int) -> AsyncIterator[Due]:
        """Yield the tokens of a request that has its place as their time comes."""
        # Each step has its own moment on the clock, so a late wake-up is made good and the rate holds.
        begun = moment = time.monotonic()
        moment += self._timing.first_token(prompt_tokens)
        if self._cold:
            self._cold = False
            moment += self._timing.cold
        first = 0.0
        size = self._timing.tokens_per_event
        for index, start in enumerate(range(0, total, size), 1):
            end = min(start + size, total)
            if start:
                moment += self._timing.step(self.tokens) * (end - start)
            await _sleep_until(moment)
            first = first or time.monotonic()
            yield Due(index, slice(start, end), begun, first, time.monotonic())

    async def _enter(self, entry: object, tokens: int) -> None:
        self.waiting += 1
        self._changed(self)
        try:
            async with self._room:
                await self._room.wait_for(lambda: self._takes(tokens))
                self._held[entry] = tokens
        finally:
            self.waiting -= 1
            self._changed(self)

    def _takes(self, tokens: int) -> bool:
        return self._closed or not self._held or (self.tokens + tokens <= self._capacity and len(self) < self._most)

    async def _leave(self, entry: object) -> None:
        if self._held.pop(entry, None) is not None:
            self._changed(self)
            async with self._room:
                self._room.notify_all()


async def _sleep_until(moment: float) -> None:
    # Late or not, everything else in the loop gets its turn, or what was sent would leave the process in bursts.
    await asyncio.sleep(max(0.0, moment - time.monotonic()))
