# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Holds llm_latency against servers of known timing: what it measures beside what the server's own clock says.

Each server runs in a process of its own, so that neither slows the other.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from statistics import median
from typing import Any

from ansible_collections.llmops.gke.plugins.module_utils.core.result import silent
from ansible_collections.llmops.gke.plugins.module_utils.engines.serving.llm_latency import measure_latency
from ansible_collections.llmops.gke.plugins.module_utils.serving.measure import OVERHEAD_SAMPLES
from ansible_collections.llmops.gke.plugins.module_utils.serving.options import SAMPLING

from .page.report import markdown

TOKENS = 100
WARMUP = 3


@dataclass(frozen=True)
class Case:
    """A server: its name in the table, and its command line."""

    name: str
    arguments: tuple[str, ...]


CASES = (
    Case("TTFT 50 ms, inter-token 10 ms", ("--ttft", "0.05", "--itl", "0.01")),
    Case("4 tokens an event", ("--ttft", "0.05", "--itl", "0.01", "--tokens-per-event", "4")),
    Case("every 3rd token empty", ("--ttft", "0.05", "--itl", "0.01", "--empty-every", "3")),
    Case("no space after data", ("--ttft", "0.05", "--itl", "0.01", "--no-space-after-data")),
    Case("2 s cold", ("--ttft", "0.05", "--itl", "0.01", "--cold", "2")),
    Case("inter-token 1 ms", ("--ttft", "0.005", "--itl", "0.001")),
)


def measure(case: Case, samples: int) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return what llm_latency measured, and what the server says of each request, in order."""
    command = [sys.executable, "-m", "llmops_gke_sandbox.workloads.tgi", *case.arguments]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        options = {
            **dict.fromkeys(SAMPLING),
            "engine": "tgi",
            "url": server.stdout.readline().strip(),
            "api_key": None,
            "prompt": "[INST] What is a secret in the gardens of Wonderland? [/INST]",
            "max_tokens": TOKENS,
            "warmup": WARMUP,
            "samples": samples,
            "thresholds": None,
            "enforce": True,
            "timeout": 600,
        }
        measured = measure_latency(options, False, silent).values
        server.stdin.close()
        return measured, json.loads(server.stdout.read())


def rows(samples: int) -> list[dict[str, Any]]:
    """The figures of each server."""
    return [_row(case, samples) for case in CASES]


def _row(case: Case, samples: int) -> dict[str, Any]:
    measured, served = measure(case, samples)
    cold, hot = served[0], served[1 + WARMUP : -OVERHEAD_SAMPLES]
    first = round(measured["tokens_per_arrival"])
    return {
        "server": case.name,
        "samples": samples,
        "ttft": [median(one["ttft_seconds"] for one in hot), measured["hot"]["ttft_seconds"]["median"]],
        "tpot": [
            median(one["decode_seconds"] / (one["tokens"] - first) for one in hot),
            measured["hot"]["tpot_seconds"]["median"],
        ],
        "cold": [cold["ttft_seconds"], measured["cold"]["ttft_seconds"]],
        "overhead": measured["hot"]["overhead_seconds"]["median"],
    }


def table(found: list[dict[str, Any]]) -> str:
    """The figures as Markdown; of each pair the true one comes first."""
    heads = (
        f"server ({TOKENS} tokens, n = {found[0]['samples']})",
        "TTFT true, ms",
        "measured",
        "off by",
        "TPOT true, ms",
        "measured",
        "ratio",
        "cold TTFT true, ms",
        "measured",
        "overhead, ms",
    )
    lines = []
    for one in found:
        (ttft, seen), (tpot, pace), cold = one["ttft"], one["tpot"], one["cold"]
        lines.append(
            [
                one["server"],
                f"{ttft * 1000:.2f}",
                f"{seen * 1000:.2f}",
                f"{(seen - ttft) * 1000:+.2f}",
                f"{tpot * 1000:.3f}",
                f"{pace * 1000:.3f}",
                f"{pace / tpot:.4f}",
                *(f"{seconds * 1000:.0f}" for seconds in cold),
                f"{one['overhead'] * 1000:.2f}",
            ]
        )
    return markdown(heads, lines)
