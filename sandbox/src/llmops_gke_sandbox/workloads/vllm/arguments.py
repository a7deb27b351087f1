# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line of ``vllm serve``: the names it knows, the types of their values, and its refusals."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import NoReturn

from llmops_gke_sandbox.workloads.llm.workload import LaunchError

PROGRAM = "vllm serve"

_CHOICES = {
    "--dtype": ("auto", "bfloat16", "float", "float16", "float32", "half"),
    "--tokenizer-mode": ("auto", "deepseek_v32", "hf", "mistral", "slow"),
    "--config-format": ("auto", "hf", "mistral"),
    "--kv-cache-dtype": ("auto", "bfloat16", "float16", "fp8", "fp8_e4m3", "fp8_e5m2", "fp8_inc", "fp8_ds_mla"),
    "--uvicorn-log-level": ("critical", "debug", "error", "info", "trace", "warning"),
    "--chat-template-content-format": ("auto", "openai", "string"),
    "--runner": ("auto", "draft", "generate", "pooling"),
    "--scheduling-policy": ("fcfs", "priority"),
    "--safetensors-load-strategy": ("eager", "lazy", "prefetch", "torchao"),
}
_INTEGERS = (
    "--port",
    "--tensor-parallel-size",
    "--pipeline-parallel-size",
    "--data-parallel-size",
    "--api-server-count",
    "--max-num-seqs",
    "--max-logprobs",
    "--block-size",
    "--seed",
    "--max-loras",
    "--max-lora-rank",
    "--max-num-queued-reqs",
    "--max-log-len",
    "--shutdown-timeout",
    "--num-gpu-blocks-override",
    "--max-parallel-loading-workers",
    "--stream-interval",
)
_HUMAN_READABLE = ("--max-num-batched-tokens", "--kv-cache-memory-bytes", "--max-num-queued-tokens")
_FLOATS = ("--gpu-memory-utilization", "--cpu-offload-gb")
_TEXTS = (
    "--model",
    "--host",
    "--uds",
    "--quantization",
    "--load-format",
    "--download-dir",
    "--tokenizer",
    "--revision",
    "--code-revision",
    "--tokenizer-revision",
    "--chat-template",
    "--response-role",
    "--root-path",
    "--ssl-keyfile",
    "--ssl-certfile",
    "--ssl-ca-certs",
    "--tool-call-parser",
    "--reasoning-parser",
    "--generation-config",
    "--override-generation-config",
    "--hf-overrides",
    "--hf-token",
    "--hf-config-path",
    "--distributed-executor-backend",
    "--limit-mm-per-prompt",
    "--speculative-config",
    "--compilation-config",
    "--kv-transfer-config",
    "--model-loader-extra-config",
    "--otlp-traces-endpoint",
    "--attention-backend",
    "--kv-offloading-size",
    "--kv-offloading-backend",
)
_LISTS = (
    "--served-model-name",
    "--api-key",
    "--lora-modules",
    "--allowed-origins",
    "--allowed-methods",
    "--allowed-headers",
    "--middleware",
)
_SWITCHES = (
    "--trust-remote-code",
    "--enforce-eager",
    "--enable-prefix-caching",
    "--enable-chunked-prefill",
    "--enable-lora",
    "--enable-auto-tool-choice",
    "--enable-expert-parallel",
    "--enable-sleep-mode",
    "--enable-prompt-tokens-details",
    "--enable-server-load-tracking",
    "--enable-force-include-usage",
    "--enable-log-requests",
    "--enable-log-outputs",
    "--enable-request-id-headers",
    "--disable-log-stats",
    "--disable-uvicorn-access-log",
    "--disable-fastapi-docs",
    "--disable-sliding-window",
    "--disable-custom-all-reduce",
    "--disable-frontend-multiprocessing",
    "--async-scheduling",
    "--skip-tokenizer-init",
    "--use-tqdm-on-load",
    "--language-model-only",
    "--allow-credentials",
)
_SHORT = {
    "--quantization": "-q",
    "--tensor-parallel-size": "-tp",
    "--pipeline-parallel-size": "-pp",
    "--data-parallel-size": "-dp",
    "--compilation-config": "-cc",
}
_UNITS = {"k": 1000, "m": 1000**2, "g": 1000**3, "K": 2**10, "M": 2**20, "G": 2**30}


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise LaunchError(f"usage: {PROGRAM} [model_tag] [options]\n{PROGRAM}: error: {message}")


def human_readable_int(value: str) -> int:
    """Return a number that may end in a unit (16k, 16K, 1.5k)."""
    if value[-1:] in _UNITS:
        return int(float(value[:-1]) * _UNITS[value[-1]])
    return int(value)


def human_readable_int_or_auto(value: str) -> int:
    """Return the same, or -1 for ``auto``."""
    return -1 if value == "auto" else human_readable_int(value)


def parse(words: Sequence[str]) -> argparse.Namespace:
    """Return the values that a command line sets, each under its name with underscores; others are not there.

    :raises LaunchError: as the program ends for what it does not know.
    """
    parser = _Parser(
        prog=PROGRAM, add_help=False, allow_abbrev=True, argument_default=argparse.SUPPRESS, conflict_handler="error"
    )
    parser.add_argument("model_tag", nargs="?")
    for name, choices in _CHOICES.items():
        parser.add_argument(name, choices=choices)
    for names, kind in ((_INTEGERS, int), (_HUMAN_READABLE, human_readable_int), (_FLOATS, float), (_TEXTS, str)):
        for name in names:
            parser.add_argument(name, *([_SHORT[name]] if name in _SHORT else []), type=kind)
    parser.add_argument("--max-model-len", type=human_readable_int_or_auto)
    for name in _LISTS:
        parser.add_argument(name, nargs="+")
    for name in _SWITCHES:
        parser.add_argument(name, action=argparse.BooleanOptionalAction)
    return parser.parse_args([_dashed(word) for word in words])


def _dashed(word: str) -> str:
    """As its parser takes them: ``--max_model_len`` is ``--max-model-len``."""
    if not word.startswith("--"):
        return word
    name, equals, value = word.partition("=")
    return name.replace("_", "-") + equals + value
