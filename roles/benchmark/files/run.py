# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the Job runs: inference-perf against a server of known timing, then against the model.

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
PROGRAM = [sys.executable, "-m", "inference_perf.main"]


def tell(run: str, report: str, content: object) -> None:
    """One line of the log."""
    line = json.dumps({"run": run, "report": report, "content": content}, separators=(",", ":"))
    print(f"{MARK} {line}", flush=True)


def measure(run: str, config: dict) -> None:
    """Run inference-perf and tell its reports; end the whole job with its code where it fails."""
    with tempfile.TemporaryDirectory() as directory:
        file, reports = Path(directory, "config.json"), Path(directory, "reports")
        config["storage"] = {"local_storage": {"path": str(reports)}}
        # A key stands in the file, so it is nobody else's.
        file.touch(mode=0o600)
        file.write_text(json.dumps(config))
        # At level INFO it would print the whole configuration.
        command = [*PROGRAM, "--config_file", str(file), "--log-level", "WARNING"]
        done = subprocess.run(command, check=False)
        if done.returncode:
            sys.exit(f"inference-perf ended with code {done.returncode} in the run {run}")
        for report in sorted(reports.glob("*_lifecycle_metrics.json")):
            tell(run, report.stem, json.loads(report.read_text()))


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
    """Calibration first: a path that does not measure right need not load the model."""
    directory = Path(sys.argv[1])
    calibrate(directory, json.loads((directory / "calibration.json").read_text()))
    load = json.loads((directory / "load.json").read_text())
    if key := os.environ.get("BENCHMARK_API_KEY"):
        load["server"]["api_key"] = key
    measure("load", load)


if __name__ == "__main__":
    main()
