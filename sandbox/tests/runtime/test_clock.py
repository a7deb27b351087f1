# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Time that passes faster, and whose speed changes."""

from __future__ import annotations

import asyncio

from llmops_gke_sandbox.clock import Clock


async def test_a_sleeper_hears_of_another_speed():
    clock = Clock(0.001)
    sleeper = asyncio.create_task(clock.sleep(60.0))
    await asyncio.sleep(0)
    assert not sleeper.done()
    clock.speed = 1_000_000.0
    # At its first speed it would sleep for most of a day.
    await sleeper
