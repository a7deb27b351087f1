# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether tokens are collected on their way is told apart from a machine that has no time for its programs."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.core.result import Result, silent
from ansible_collections.llmops.gke.plugins.module_utils.engines.serving.llm_latency import measure_latency
from ansible_collections.llmops.gke.plugins.module_utils.serving.options import SAMPLING
from tests.unit.fake_http import FakeServer, Reply

TOKENS, SAMPLES, PACE = 16, 4, 0.008


class Server:
    """Makes a token each PACE seconds by its own clock, late or not, and counts what it did."""

    def __init__(self, several: int, headers: dict[str, str] | None = None) -> None:
        self._several, self._headers = several, headers or {}
        self._done: list[tuple[int, float]] = []
        self.routes = {
            ("GET", "/health"): "",
            ("GET", "/info"): {"model_id": "m"},
            ("GET", "/metrics"): lambda _request: self._counters(),
            ("POST", "/generate"): lambda _request: self._one(),
            ("POST", "/generate_stream"): lambda _request: Reply(200, lines=self._events()),
        }

    def _counters(self) -> str:
        tokens, seconds = (sum(values) for values in zip((0, 0.0), *self._done, strict=True))
        return (
            f"tgi_request_count {len(self._done)}\ntgi_request_duration_count {len(self._done)}\n"
            f"tgi_request_duration_sum {seconds}\ntgi_request_generated_tokens_sum {tokens}\n"
        )

    def _one(self) -> Reply:
        self._done.append((1, 0.001))
        details = {"generated_tokens": 1, "finish_reason": "length"}
        return Reply(200, {"generated_text": "a", "details": details}, {"x-compute-time": "0.001", **self._headers})

    def _events(self) -> Iterator[bytes]:
        began, held = time.monotonic(), []
        self._done.append((TOKENS, PACE * TOKENS))
        for token in range(1, TOKENS + 1):
            time.sleep(max(0.0, began + PACE * token - time.monotonic()))
            last = b',"generated_text":"a","details":{"generated_tokens":%d}' % TOKENS if token == TOKENS else b""
            held.append(b'data: {"index":%d%b}\n\n' % (token, last))
            if len(held) == self._several or last:
                yield b"".join(held)
                held.clear()


@pytest.fixture
def busy() -> Iterator[None]:
    hogs = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _hog in range(4 * (os.cpu_count() or 1))]
    yield
    for hog in hogs:
        hog.kill()
        hog.wait()


def measured(server: Server) -> Result:
    options = {**dict.fromkeys(SAMPLING), "engine": "tgi", "api_key": None, "prompt": "hi", "warmup": 0}
    options |= {"samples": SAMPLES, "thresholds": None, "enforce": True, "timeout": 60}
    with FakeServer(server.routes) as fake:
        return measure_latency({**options, "url": fake.url}, False, silent)


@pytest.mark.parametrize(("headers", "warned"), [({}, True), ({"x-simulated": "sandbox"}, False)])
def test_nobody_is_warned_of_a_simulation_that_collects_tokens(headers, warned):
    """It is as fast as the machine lets it be; the figures say so all the same."""
    result = measured(Server(TOKENS, headers))
    assert result.values["buffered"]
    assert any("buffering proxy" in warning for warning in result.warnings) is warned


@pytest.mark.usefixtures("busy")
@pytest.mark.parametrize(("several", "told"), [(1, False), (TOKENS, True)])
def test_on_a_busy_machine(several, told):
    result = measured(Server(several))
    assert result.values["buffered"] is told
    assert any("buffering proxy" in warning for warning in result.warnings) is told
