# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Environment variables of vLLM 0.32 that are set most; most of what it can do is set by arguments."""

from __future__ import annotations

ALLOWS_LONG = "VLLM_ALLOW_LONG_MAX_MODEL_LEN"

KNOWN = frozenset(
    {
        ALLOWS_LONG,
        "VLLM_ALLOW_RUNTIME_LORA_UPDATING",
        "VLLM_API_KEY",
        "VLLM_CACHE_ROOT",
        "VLLM_CONFIGURE_LOGGING",
        "VLLM_ENGINE_READY_TIMEOUT_S",
        "VLLM_HTTP_TIMEOUT_KEEP_ALIVE",
        "VLLM_LOGGING_CONFIG_PATH",
        "VLLM_LOGGING_LEVEL",
        "VLLM_NO_USAGE_STATS",
        "VLLM_USE_MODELSCOPE",
        "VLLM_WORKER_MULTIPROC_METHOD",
        "XDG_CACHE_HOME",
    }
)
