# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role benchmark runs in the cluster: the runner, and the server of known timing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import requests
from working_copy import ROOT

from ansible_collections.llmops.gke.plugins.module_utils.serving.inference_perf.calibration import compare
from ansible_collections.llmops.gke.plugins.module_utils.serving.inference_perf.log import read_reports
from tests.unit.fake_http import FakeServer, Reply

FILES = ROOT / "roles" / "benchmark" / "files"
KEY = "sk-canary-51c3"


def serve(ttft: str = "0.03", inter_token: str = "0.004") -> subprocess.Popen:
    command = [sys.executable, str(FILES / "calibration_server.py"), "--ttft", ttft, "--inter-token", inter_token]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def ask(session: requests.Session, url: str, tokens: int) -> list[str]:
    with session.post(f"{url}/v1/completions", json={"max_tokens": tokens}, stream=True, timeout=5) as answer:
        return [line.decode() for line in answer.iter_lines() if line]


def test_the_calibration_server_streams_what_was_asked_for_and_says_what_it_did():
    with serve() as server, requests.Session() as session:
        url = server.stdout.readline().strip()
        events = [ask(session, url, tokens) for tokens in (5, 1)][0]
        truth = json.loads(server.communicate()[0])
    *tokens, last, end = events
    assert [json.loads(event.removeprefix("data: "))["choices"][0]["text"] for event in tokens] == ["the"] * 5
    assert json.loads(last.removeprefix("data: "))["usage"]["completion_tokens"] == 5
    assert end == "data: [DONE]"
    assert truth["requests"] == 2
    # A first token that a busy machine sends late leaves the later ones less time.
    assert truth["ttft_seconds"] >= 0.03 and truth["tpot_seconds"] > 0


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    config = {
        "server": {"model_name": "m", "base_url": "http://127.0.0.1:9"},
        "data": {
            "type": "random",
            "input_distribution": {"type": "normal", "mean": 256, "std_dev": 64, "min": 64, "max": 512},
            "output_distribution": {"type": "fixed", "mean": 8},
        },
        "load": {"stages": [{"rate": 2, "duration": 1}]},
    }
    (tmp_path / "calibration_server.py").write_text((FILES / "calibration_server.py").read_text())
    (tmp_path / "timing.json").write_text('{"ttft_seconds": 0.03, "inter_token_seconds": 0.004, "duration": 1}')
    (tmp_path / "calibration.json").write_text(json.dumps(config))
    (tmp_path / "load.json").write_text(json.dumps(config))
    return tmp_path


def run(directory: Path) -> subprocess.CompletedProcess:
    environment = os.environ | {"PYTHONPATH": str(ROOT / "tests" / "fake_inference_perf"), "BENCHMARK_API_KEY": KEY}
    command = [sys.executable, str(FILES / "run.py"), str(directory)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_the_runner_calibrates_then_loads_and_tells_every_report(directory):
    with serve("0.001", "0.001") as server:
        load = json.loads((directory / "load.json").read_text())
        load["server"]["base_url"] = server.stdout.readline().strip()
        load["load"]["stages"] *= 2
        (directory / "load.json").write_text(json.dumps(load))
        done = run(directory)
        server.communicate()
    reports = read_reports(done.stdout.splitlines())
    assert done.returncode == 0 and len(reports.load) == 2
    assert compare(reports)["ttft"]["known"] >= 0.03
    assert "the key is not given" in done.stdout and "the key is known" in done.stdout
    assert KEY not in done.stdout + done.stderr


def refusal_of(directory: Path, url: str) -> str:
    load = json.loads((directory / "load.json").read_text())
    load["server"]["base_url"] = url
    (directory / "load.json").write_text(json.dumps(load))
    done = run(directory)
    assert done.returncode == 0, done.stderr
    reports = read_reports(done.stdout.splitlines())
    # Neither was the measuring path measured, which takes time.
    assert (reports.load, reports.calibration, reports.truth) == ([], [], None)
    assert KEY not in done.stdout + done.stderr
    return reports.refusal


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (200, 'data: {"error":"too long"}\n\ndata: [DONE]\n\n', 'data: {"error":"too long"} data: [DONE]'),
        (200, 'data:{"choices":[{"text":"Oh"}]}\n\n', 'data:{"choices":[{"text":"Oh"}]}'),
        (200, "", "an empty answer"),
        (401, '{"error": "not the key ' + KEY + '"}', 'HTTP Error 401: {"error": "not the key ***"}'),
        (422, "x" * 900, "HTTP Error 422: " + "x" * 500),
    ],
)
def test_a_server_that_gives_no_token_is_not_loaded(directory, status, body, said):
    asked = []

    def answer(request) -> Reply:
        asked.append(request.body["max_tokens"])
        return Reply(status, body, {"Content-Type": "text/event-stream"})

    with FakeServer(answer) as server:
        refused = refusal_of(directory, server.url)
    # The longest prompt there is, and the only length of an answer.
    assert refused == f"one request of 512 tokens for 8 got no token: {said}"
    assert asked == [8]


def test_a_server_that_is_not_there_is_not_loaded(directory):
    assert "got no token: URLError: " in refusal_of(directory, "http://127.0.0.1:9")


def test_a_run_that_fails_says_which_and_tells_no_load(directory):
    with serve("0.001", "0.001") as server:
        load = json.loads((directory / "load.json").read_text())
        load["server"]["base_url"] = server.stdout.readline().strip()
        load["load"]["stages"] = [{"duration": 1}]
        (directory / "load.json").write_text(json.dumps(load))
        done = run(directory)
        server.communicate()
    assert done.returncode == 1
    assert "inference-perf ended with code 1 in the run load" in done.stderr
    assert '"run":"calibration"' in done.stdout and '"run":"load"' not in done.stdout
