# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a server asks for its key wherever it generates: the routes tried, and what counts as shut."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import yaml
from working_copy import ROOT

from ansible_collections.llmops.gke.plugins.module_utils.serving import registry
from ansible_collections.llmops.gke.plugins.module_utils.serving.key_guard import KeyNotAsked, require_key
from tests.unit.fake_http import FakeServer, Reply

KEY = "sk-canary-51c3"
MODELS = {"object": "list", "data": [{"id": "m", "object": "model", "owned_by": "vllm", "max_model_len": 4096}]}
IDENTITY = {
    "tgi": {"/info": {"model_id": "m", "version": "3.3.7"}},
    "vllm": {"/v1/models": MODELS, "/version": {"version": "0.32.0"}, "/metrics": "", "/health": ""},
}


def server(name: str, statuses: dict[str, int], other: int) -> FakeServer:
    """A server that answers every route with ``other`` but for these, whoever asks; it tells what it is."""

    def answer(request: Any) -> Reply:
        if request.method == "GET":
            return Reply(200, IDENTITY[name][request.path])
        return Reply(statuses.get(request.path, other), {"error": "Unauthorized"})

    return FakeServer(answer)


def look(name: str, there: FakeServer) -> int:
    return require_key(registry.engine(name), {"url": there.url, "api_key": KEY, "timeout": 10})


@pytest.mark.parametrize("name", ["tgi", "vllm"])
@pytest.mark.parametrize("status", [401, 403, 404, 405])
def test_a_server_that_refuses_everywhere_is_shut(name, status):
    with server(name, {}, status) as there:
        sent = look(name, there)
    assert sent == len(there.requests)
    posted = [one for one in zip(there.requests, there.headers, strict=True) if one[0].method == "POST"]
    assert [one.path for one, _headers in posted] == list(registry.engine(name).generating_routes("m"))
    assert all("authorization" not in headers for _request, headers in posted)


@pytest.mark.parametrize(("route", "status"), [("/invocations", 200), ("/v1/completions", 400), ("/invocations", 500)])
@pytest.mark.parametrize("name", ["tgi", "vllm"])
def test_a_route_that_does_anything_but_refuse_is_named(name, route, status):
    with server(name, {route: status}, 401) as there, pytest.raises(KeyNotAsked) as caught:
        look(name, there)
    assert caught.value.fields["routes"] == {route: status}
    assert f"answers without the API key at {route} ({status})" in caught.value.message
    assert KEY not in str(caught.value)


def guarded(path: str, kind: str = "http") -> tuple[bool, list[dict[str, Any]]]:
    """Whether the role's middleware lets a request through to vLLM, and what it sends where it does not."""
    known: dict[str, Any] = {}
    text = yaml.safe_load((ROOT / "roles" / "vllm" / "vars" / "main.yml").read_text())["__vllm_only_guarded"]
    exec(compile(text, "only_guarded.py", "exec"), known)
    passed, sent = [], []

    async def application(*_given: Any) -> None:
        passed.append(True)

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    asyncio.run(known["OnlyGuarded"](application)({"type": kind, "path": path}, None, send))
    return bool(passed), sent


@pytest.mark.parametrize(
    "path", ["/v1/completions", "/v1/chat/completions", "/health", "/metrics", "/ping", "/version"]
)
def test_the_middleware_lets_what_the_key_guards_and_what_watches_through(path):
    assert guarded(path) == (True, [])


@pytest.mark.parametrize(
    "path", ["/invocations", "/inference/v1/generate", "/tokenize", "/v1", "/v10/a", "/", "//v1/a"]
)
def test_the_middleware_shuts_all_else(path):
    passed, sent = guarded(path)
    assert not passed
    assert (sent[0]["status"], sent[1]["body"]) == (404, b'{"detail":"Not Found"}')
    assert guarded(path, "websocket") == (False, [{"type": "websocket.close", "code": 1008}])


def test_the_middleware_leaves_the_server_s_start_alone():
    assert guarded("", "lifespan") == (True, [])
