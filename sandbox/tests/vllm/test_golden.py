# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the played vLLM answers, beside what a real one answered (vLLM 0.32 on a CPU, a random model)."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

GOLDEN = Path(__file__).parents[1] / "golden" / "vllm-0.32"
KEY = "sk-golden"
EXCHANGES = json.loads((GOLDEN / "errors.json").read_text(encoding="utf-8"))
CHAT = {"model": "tiny-mistral", "messages": [{"role": "user", "content": "Hi"}], "max_tokens": 6}
TEXT = {"model": "tiny-mistral", "prompt": "Hi", "max_tokens": 8, "temperature": 0}
USAGE = {"include_usage": True}
CONTINUOUS = {**USAGE, "continuous_usage_stats": True}


def shape(value):
    """The same with types in place of values; names and their order stay."""
    if isinstance(value, dict):
        return [(name, shape(part)) for name, part in value.items()]
    if isinstance(value, list):
        return [shape(part) for part in value[:1]]
    return type(value).__name__


def events(text: str) -> list:
    data = [line.removeprefix("data: ") for line in text.splitlines() if line]
    return [json.loads(line) if line != "[DONE]" else line for line in data]


@pytest.mark.parametrize("index", range(len(EXCHANGES)))
async def test_every_recorded_request_is_answered_alike(serve, index):
    recorded = EXCHANGES[index]
    asked = recorded["request"]
    headers = {"Content-Type": "application/json"}
    if asked["authorized"]:
        headers["Authorization"] = f"Bearer {KEY}"
    body = asked["body"]
    if len(body.get("prompt", "") if isinstance(body, dict) else "") > 100:
        # The recorded model's tokens are single letters.
        body = body | {"prompt": " ".join(body["prompt"])}
    data = body if isinstance(body, str) else json.dumps(body)
    async with (
        serve(keys=(KEY,), longest=2048) as client,
        client.post(asked["path"], data=data, headers=headers) as answer,
    ):
        given = await answer.json()
        assert (answer.status, answer.content_type) == (recorded["status"], recorded["content_type"])
    if recorded["status"] == 200:
        assert shape(given) == shape(recorded["body"])
    else:
        assert given == recorded["body"]


@pytest.mark.parametrize(
    ("file", "path", "body"),
    [
        ("chat.sse", "/v1/chat/completions", {**CHAT, "stream_options": CONTINUOUS}),
        ("completions.sse", "/v1/completions", {**TEXT, "stream_options": USAGE}),
        ("completions_usage.sse", "/v1/completions", {**TEXT, "logprobs": 1, "stream_options": CONTINUOUS}),
    ],
)
async def test_a_stream_has_the_recorded_events(serve, file, path, body):
    recorded = events((GOLDEN / file).read_text(encoding="utf-8"))
    async with serve() as client, client.post(path, json={**body, "stream": True}) as answer:
        given = events(await answer.text())
        assert answer.headers["Content-Type"] == "text/event-stream; charset=utf-8"
    assert [_unlike(event) for event in given] == [_unlike(event) for event in recorded]


def _unlike(event):
    """An event's shape; the likeliest tokens are named by their text."""
    if isinstance(event, dict):
        for choice in event["choices"]:
            if choice.get("logprobs"):
                choice["logprobs"]["top_logprobs"] = [list(top.values()) for top in choice["logprobs"]["top_logprobs"]]
    return shape(event) if isinstance(event, dict) else event


async def test_a_whole_answer_and_the_list_of_models(serve):
    async with serve() as client:
        async with client.post("/v1/completions", json=TEXT) as answer:
            assert shape(await answer.json()) == shape(json.loads((GOLDEN / "complete.json").read_bytes()))
        async with client.get("/v1/models") as answer:
            assert shape(await answer.json()) == shape(json.loads((GOLDEN / "models.json").read_bytes()))


def families(text: str) -> dict:
    """Of each family of vLLM: type, help, and its series without their values."""
    found: dict[str, list] = {}
    for line in text.splitlines():
        if line.startswith("#"):
            _mark, kind, name, words = line.split(" ", 3)
            if name.startswith("vllm:"):
                found.setdefault(name, []).append((kind, words.strip()))
        elif line.startswith("vllm:"):
            series = line.rpartition(" ")[0]
            if "cache_config_info" in line:
                series = str(sorted(re.findall(r'(\w+)="', series)))
            found.setdefault(series.partition("{")[0], []).append(series)
    return found


async def test_a_fresh_server_has_every_recorded_series(serve):
    async with serve() as client, client.get("/metrics") as answer:
        given = families(await answer.text())
    recorded = families((GOLDEN / "metrics_before.txt").read_text(encoding="utf-8"))
    assert list(given) == list(recorded)
    assert given == recorded


def counted(text: str) -> dict[str, float]:
    """Counters and the numbers of what histograms took, by series."""
    lines = (line.rpartition(" ") for line in text.splitlines() if line.startswith("vllm:"))
    return {series: float(value) for series, _, value in lines if re.search(r"(_total|_count)\{", series)}


async def test_two_requests_count_as_recorded(serve):
    """The recorded server had answered a chat of 6 tokens and a completion of 8."""
    async with serve() as client:
        for path, body in (("/v1/chat/completions", CHAT), ("/v1/completions", TEXT)):
            async with client.post(path, json={**body, "stream": True}) as answer:
                await answer.read()
        async with client.get("/metrics") as answer:
            given = counted(await answer.text())
    recorded = counted((GOLDEN / "metrics_after.txt").read_text(encoding="utf-8"))
    prompts = re.compile("prompt_tokens|prefix_cache_queries")
    assert {name: value for name, value in given.items() if not prompts.search(name)} == {
        name: value for name, value in recorded.items() if not prompts.search(name)
    }
