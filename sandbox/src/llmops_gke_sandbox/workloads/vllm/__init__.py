# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""vLLM's OpenAI-compatible server as its clients see it: protocol, validation, timing, failures."""

from llmops_gke_sandbox.workloads.llm.timing import Timing
from llmops_gke_sandbox.workloads.vllm.server import VllmServer
from llmops_gke_sandbox.workloads.vllm.settings import Settings
from llmops_gke_sandbox.workloads.vllm.workload import VllmWorkload

__all__ = ["Settings", "Timing", "VllmServer", "VllmWorkload"]
