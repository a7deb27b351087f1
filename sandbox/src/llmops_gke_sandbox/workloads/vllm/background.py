# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A vLLM server in a thread of its own, for code that blocks: tests, benchmarks, a Python prompt."""

from __future__ import annotations

from llmops_gke_sandbox.workloads.llm.background import Background
from llmops_gke_sandbox.workloads.llm.timing import Timing
from llmops_gke_sandbox.workloads.vllm.server import VllmServer
from llmops_gke_sandbox.workloads.vllm.settings import Settings


class BackgroundServer(Background):
    """``with BackgroundServer(Timing(ttft=0.05, itl=0.01)) as server: … server.url``."""

    def __init__(self, timing: Timing | None = None, settings: Settings | None = None, **options: object) -> None:
        super().__init__(VllmServer(timing or Timing(), settings, **options))
