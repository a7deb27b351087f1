# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the Job runs: inference-perf for one request to the model, for a server of known timing, and for the load.

    python run.py DIRECTORY

DIRECTORY holds calibration.json and load.json (configurations of inference-perf; JSON is YAML), timing.json (of the
calibration server) and calibration_server.py. Each report becomes one line of the log, so that nobody needs a volume
or a bucket to get at it:

    inference-perf-result {"run": "load", "report": "stage_0_lifecycle_metrics", "content": {...}}

BENCHMARK_API_KEY is the key of the model server; it is in no ConfigMap and in no line of the log.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

MARK = "inference-perf-result"
LENGTHS = ("input_distribution", "output_distribution")
PROGRAM = [sys.executable, "-m", "inference_perf.main"]


def tell(run: str, report: str, content: object) -> None:
    """One line of the log."""
    line = json.dumps({"run": run, "report": report, "content": content}, separators=(",", ":"))
    print(f"{MARK} {line}", flush=True)


def reports_of(run: str, config: dict) -> dict[str, object]:
    """The reports of inference-perf by their names; ends the whole job with its code where it fails."""
    with tempfile.TemporaryDirectory() as directory:
        file, reports = Path(directory, "config.json"), Path(directory, "reports")
        config = {**config, "storage": {"local_storage": {"path": str(reports)}}}
        # A key stands in the file, so it is nobody else's.
        file.touch(mode=0o600)
        file.write_text(json.dumps(config))
        # At level INFO it would print the whole configuration.
        command = [*PROGRAM, "--config_file", str(file), "--log-level", "WARNING"]
        done = subprocess.run(command, check=False)
        if done.returncode:
            sys.exit(f"inference-perf ended with code {done.returncode} in the run {run}")
        found = sorted(reports.glob("*_lifecycle_metrics.json"))
        return {report.stem: json.loads(report.read_text()) for report in found}


def measure(run: str, config: dict) -> None:
    """Run inference-perf and tell its reports."""
    for report, content in reports_of(run, config).items():
        tell(run, report, content)


def refusal(config: dict) -> str:
    """What comes of one request as long as any of the load: nothing where it gets a token, else words about it.

    An error that is an event of the stream counts as an answer for inference-perf, which does not say what it was.
    """
    data = {name: longest(lengths) for name, lengths in config["data"].items() if name in LENGTHS}
    once = {
        **config,
        "data": {**config["data"], **data},
        "load": {**config["load"], "type": "constant", "num_workers": 1, "stages": [{"rate": 1, "duration": 1}]},
        "report": {"request_lifecycle": {"summary": False, "per_stage": False, "per_request": True}},
    }
    request, *_others = reports_of("of one request", once)["per_request_lifecycle_metrics"]
    metrics = (request["info"] or {}).get("response_metrics") or {}
    error = request["error"] or {}
    if metrics.get("output_token_times") and not error:
        return ""
    said = error.get("error_msg") or request["response"] or "an empty answer"
    if key := config["server"].get("api_key"):
        said = said.replace(key, "***")
    prompt, answer = (data[name]["mean"] for name in LENGTHS)
    kind = f"{error['error_type']}: " if error else ""
    return f"one request of {prompt} tokens for {answer} got no token: {kind}{' '.join(said.split())[:500]}"


def longest(lengths: dict) -> dict:
    """The distribution of nothing but the greatest length of another one."""
    most = lengths["mean"] if lengths["type"] == "fixed" else lengths["max"]
    return {"type": "fixed", "mean": most, "std_dev": 0, "min": most, "max": most}


def calibrate(directory: Path, config: dict) -> None:
    """Measure the calibration server, and tell what it says of itself."""
    timing = json.loads((directory / "timing.json").read_text())
    command = [sys.executable, str(directory / "calibration_server.py")]
    command += ["--ttft", str(timing["ttft_seconds"]), "--inter-token", str(timing["inter_token_seconds"])]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        config["server"]["base_url"] = server.stdout.readline().strip()
        try:
            measure("calibration", config)
        finally:
            truth, _errors = server.communicate()
    tell("calibration", "truth", json.loads(truth))


def main() -> None:
    """Least first: what one request shows need not be calibrated, and a path that measures wrongly not be loaded."""
    directory = Path(sys.argv[1])
    load = json.loads((directory / "load.json").read_text())
    if key := os.environ.get("BENCHMARK_API_KEY"):
        load["server"]["api_key"] = key
    if said := refusal(load):
        tell("load", "refusal", said)
        return
    calibrate(directory, json.loads((directory / "calibration.json").read_text()))
    measure("load", load)


if __name__ == "__main__":
    main()
