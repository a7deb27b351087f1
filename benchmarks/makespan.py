# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long a first deployment takes in life, beside the least that it can take and the tutorial's own sequence.

    PYTHONPATH=collections python -m benchmarks.makespan [--speed 1] [--only WAY]

On the sandbox's clock, with the durations of critical_path.py. What we and the tutorial's tools do ourselves takes as
long as it takes, so a fast clock makes it dear: at speed 10 a second of ours counts as ten. All run side by side; most
of the time they wait.
"""

from __future__ import annotations

import argparse
import re
import tempfile
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.playbooks.playground import Sandbox

from . import tutorial
from .critical_path import DURATIONS, critical_path, steps
from .page.report import markdown

SPEED = 1
_UNSTREAMED = "ghcr.io/huggingface/text-generation-inference:3.3.5"
_MILESTONES = {
    "the cluster": re.compile("POST .*/clusters"),
    "its GPU pool": re.compile("POST .*/nodePools"),
    "the Deployment": re.compile("(POST .*/deployments|PATCH .*/deployments/[^/]+)"),
}
"""What is asked for, as ``METHOD path``."""


@dataclass(frozen=True)
class Span:
    """One way to a model that serves, and its simulated seconds. bound: the least that are possible.
    asked: when each milestone was asked for, in simulated seconds."""

    way: str
    seconds: float
    bound: float
    asked: dict[str, float]

    def to_dict(self) -> dict[str, Any]:
        """As JSON keeps it."""
        return asdict(self)


def _ours(image: str = "") -> Callable[[Sandbox, Path], None]:
    variables = {"gke_cluster_kubeconfig": "", **({"tgi_mistral_image": image} if image else {})}

    def deploy(sandbox: Sandbox, _directory: Path) -> None:
        run = sandbox.play("deploy.yml", "--skip-tags", "verify", variables=variables)
        if run.code:
            raise RuntimeError(run.output)

    return deploy


WAYS: dict[str, tuple[bool, Callable[[Sandbox, Path], None]]] = {
    "deploy.yml": (True, _ours()),
    "deploy.yml, an image that is not streamed": (False, _ours(_UNSTREAMED)),
    "the tutorial's commands": (True, tutorial.serve),
}
"""Whether the image is streamed, and what runs, by the name of the way."""


def spans(directory: Path, speed: float = SPEED, only: str = "") -> list[Span]:
    """The makespan of each way."""
    chosen = [way for way in WAYS if only in way]
    with ThreadPoolExecutor(len(chosen)) as pool:
        return list(pool.map(lambda way: _measured(way, directory / f"way-{[*WAYS].index(way)}", speed), chosen))


def _measured(way: str, directory: Path, speed: float) -> Span:
    streaming, serve = WAYS[way]
    directory.mkdir()
    sandbox = Sandbox(directory / "sandbox", speed=speed, durations=DURATIONS)
    try:
        began, at = time.monotonic(), time.time()
        serve(sandbox, directory)
        seconds = (time.monotonic() - began) * speed
        asked = milestones(sandbox.requests(), at, speed)
    finally:
        sandbox.stop()
    print(f"{way}: {seconds:.0f} simulated s at speed {speed:g}", flush=True)
    return Span(way, seconds, critical_path(steps(DURATIONS, streaming=streaming))[0], asked)


def milestones(requests: list[Mapping[str, Any]], began: float, speed: float) -> dict[str, float]:
    """When each milestone was first asked for, in simulated seconds from ``began`` (Unix time)."""
    found: dict[str, float] = {}
    for request in requests:
        path, _mark, query = request["path"].partition("?")
        for name, asked in _MILESTONES.items():
            if asked.fullmatch(f"{request['method']} {path}") and "dryRun" not in query:
                moment = datetime.fromisoformat(request["time"]).timestamp()
                found.setdefault(name, (moment - began) * speed)
    return found


def table(found: list[Mapping[str, Any]]) -> str:
    """The spans as Markdown."""
    lines = []
    for span in found:
        asked = [f"{span['asked'][name]:.0f}" if name in span["asked"] else "" for name in _MILESTONES]
        ratio = span["seconds"] / span["bound"]
        lines.append([span["way"], *asked, f"{span['seconds']:.0f}", f"{span['bound']:.0f}", f"{ratio:.2f}"])
    heads = ["way", *(f"asks for {name} at" for name in _MILESTONES), "serves at", "least possible", "ratio"]
    return markdown(heads, lines)


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--speed", type=float, default=SPEED, help="how many of life's seconds pass in one")
    parser.add_argument("--only", default="", metavar="WAY", help=f"part of a name: {', '.join(WAYS)}")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="makespan-") as directory:
        found = [span.to_dict() for span in spans(Path(directory), given.speed, given.only)]
    print(table(found))


if __name__ == "__main__":
    main()
