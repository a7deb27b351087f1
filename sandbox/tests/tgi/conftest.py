# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A TGI server in the test's own loop, and a client of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest

from llmops_gke_sandbox.workloads.tgi import Settings, TgiServer, Timing

MODEL = "mistralai/Mistral-7B-Instruct-v0.1"


@asynccontextmanager
async def serving(timing: Timing | None = None, **options) -> AsyncIterator[aiohttp.ClientSession]:
    """A client of a server that lives as long as the block; options are those of Settings and TgiServer."""
    server_options = {name: options.pop(name) for name in ("capacity", "overloaded") if name in options}
    server = await TgiServer(timing or Timing(), Settings(model=MODEL, **options), **server_options).start()
    try:
        async with aiohttp.ClientSession(server.url) as client:
            client.server = server
            yield client
    finally:
        await server.stop()


@pytest.fixture
def serve():
    """The function ``serving``, so that a test says in one place what its server is like."""
    return serving
