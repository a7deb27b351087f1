# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hugging Face's text-generation-inference as its clients see it: protocol, validation, timing, failures."""

from llmops_gke_sandbox.workloads.llm.timing import Timing
from llmops_gke_sandbox.workloads.tgi.server import TgiServer
from llmops_gke_sandbox.workloads.tgi.settings import Settings
from llmops_gke_sandbox.workloads.tgi.workload import TgiWorkload

__all__ = ["Settings", "TgiServer", "TgiWorkload", "Timing"]
