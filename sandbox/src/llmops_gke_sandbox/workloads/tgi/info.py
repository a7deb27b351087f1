# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the server says of itself at ``/info``."""

from __future__ import annotations

from typing import Any

from llmops_gke_sandbox.workloads.tgi.settings import Settings


def info(settings: Settings) -> dict[str, Any]:
    """Return what ``/info`` answers (router/src/lib.rs, Info)."""
    return {
        "model_id": settings.model,
        "model_sha": None,
        "model_pipeline_tag": "text-generation",
        "max_concurrent_requests": settings.max_concurrent_requests,
        "max_best_of": settings.max_best_of,
        "max_stop_sequences": settings.max_stop_sequences,
        "max_input_tokens": settings.max_input_tokens,
        "max_total_tokens": settings.max_total_tokens,
        "validation_workers": 2,
        "max_client_batch_size": 4,
        "router": "text-generation-router",
        "version": settings.version_text,
        "sha": None,
        "docker_label": None,
    }
