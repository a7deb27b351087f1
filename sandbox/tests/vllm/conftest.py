# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A vLLM server in the test's own loop, and a client of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest

from llmops_gke_sandbox.workloads.vllm import Settings, Timing, VllmServer

MODEL = "tiny-mistral"
OWN = ("capacity", "longest", "overloaded", "drain")


@asynccontextmanager
async def serving(timing: Timing | None = None, **options) -> AsyncIterator[aiohttp.ClientSession]:
    """A client of a server that lives as long as the block; options are those of Settings and VllmServer."""
    server_options = {name: options.pop(name) for name in OWN if name in options}
    settings = Settings(**{"model": "tiny", "names": (MODEL,), **options})
    server = await VllmServer(timing or Timing(), settings, **server_options).start()
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
