"""The documents that the server gives of itself: ``/info``, ``/docs``, ``/api-doc/openapi.json``."""

from __future__ import annotations

from typing import Any

from llmops_gke_sandbox.workloads.tgi.settings import Settings

DOCS = """<!doctype html><title>Text Generation Inference (simulated)</title>
<h1>Text Generation Inference</h1>
<p>This server is simulated by llmops-gke-sandbox: it speaks TGI's protocol and answers from a small vocabulary.</p>
<p><a href="/api-doc/openapi.json">OpenAPI document</a></p>
"""

_SUMMARIES = {
    ("/", "post"): "Generate tokens if `stream == false` or a stream of token if `stream == true`",
    ("/generate", "post"): "Generate tokens",
    ("/generate_stream", "post"): "Generate a stream of token using Server-Sent Events",
    ("/tokenize", "post"): "Tokenize inputs",
    ("/chat_tokenize", "post"): "Template and tokenize ChatRequest",
    ("/v1/chat/completions", "post"): "Generate tokens",
    ("/v1/completions", "post"): "Generate tokens",
    ("/v1/models", "get"): "Get model info",
    ("/info", "get"): "Text Generation Inference endpoint info",
    ("/health", "get"): "Health check method",
    ("/metrics", "get"): "Prometheus metrics scrape endpoint",
}


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


def openapi(settings: Settings) -> dict[str, Any]:
    """Return an OpenAPI document that names the routes."""
    paths: dict[str, dict[str, Any]] = {}
    for (path, method), summary in _SUMMARIES.items():
        answers = {"200": {"description": "see TGI's documentation"}}
        paths.setdefault(path, {})[method] = {"summary": summary, "responses": answers}
    return {
        "openapi": "3.0.3",
        "info": {
            "title": "Text Generation Inference",
            "description": "Text Generation Webserver, simulated by llmops-gke-sandbox",
            "version": settings.version_text,
        },
        "paths": paths,
    }
