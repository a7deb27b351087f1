# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an unchanged deploy takes where each round trip to a server does: seconds, processor, requests, connections.

    PYTHONPATH=collections python -m benchmarks.round_trips [--clone OTHER ...]

deploy.yml without verify, on a sandbox behind a proxy that holds back each byte for half a round trip, and each
connection for a whole one. Other clones take turns with this one, on the same sandbox.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any, NamedTuple

from tests.playbooks.playground import ROOT, Sandbox

ROUND_TRIPS = (0.0, 0.06)
"""Seconds."""

RUNS = 3


class Cost(NamedTuple):
    """Of one run."""

    seconds: float
    processor: float
    tasks: int
    requests: int
    connections: int


class DistantServers:
    """The sandbox's servers as if they were elsewhere, each behind a port of its own; runs until the process ends.

    round_trip: seconds, which may be changed between two runs.
    """

    def __init__(self) -> None:
        self.round_trip = 0.0
        self._ports: dict[int, int] = {}
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True, name="distant servers").start()

    def moved(self, text: str) -> str:
        """A text whose addresses on this machine lead through here."""
        return re.sub(r"127\.0\.0\.1:(\d{5})\b", lambda found: f"127.0.0.1:{self._port(int(found[1]))}", text)

    def _port(self, server: int) -> int:
        if server not in self._ports:
            self._ports[server] = asyncio.run_coroutine_threadsafe(self._listen(server), self._loop).result()
        return self._ports[server]

    async def _listen(self, server: int) -> int:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await asyncio.sleep(self.round_trip)
            there, back = await asyncio.open_connection("127.0.0.1", server)
            await asyncio.gather(self._pass_on(reader, back), self._pass_on(there, writer, answers=True))

        listener = await asyncio.start_server(serve, "127.0.0.1", 0)
        return listener.sockets[0].getsockname()[1]

    async def _pass_on(
        self, source: asyncio.StreamReader, target: asyncio.StreamWriter, *, answers: bool = False
    ) -> None:
        try:
            while piece := await source.read(65536):
                await asyncio.sleep(self.round_trip / 2)
                # GKE tells where a cluster's API server is; a port here has as many digits.
                target.write(self._known(piece) if answers else piece)
                await target.drain()
        except ConnectionError:
            pass
        finally:
            target.close()

    def _known(self, piece: bytes) -> bytes:
        for server, port in self._ports.items():
            piece = piece.replace(b"127.0.0.1:%d" % server, b"127.0.0.1:%d" % port)
        return piece


def deploy(sandbox: Sandbox, clone: Path, variables: dict[str, Any]) -> Cost:
    """One unchanged deploy by the collection of a clone; raises where it fails or changes something."""
    sandbox.forget_requests()
    command = [str(Path(sys.executable).parent / "ansible-playbook"), "playbooks/deploy.yml", "--skip-tags", "verify"]
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.monotonic()
    done = subprocess.run(
        [*command, "--extra-vars", json.dumps(variables)],
        cwd=clone,
        env=sandbox.environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    seconds = time.monotonic() - began
    now = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode or not re.search(r"changed=0 ", done.stdout):
        raise RuntimeError(done.stdout + done.stderr)
    requests = sandbox.requests()
    return Cost(
        seconds=seconds,
        processor=now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime,
        tasks=len(re.findall(r"^TASK ", done.stdout, re.MULTILINE)),
        requests=len(requests),
        connections=len({request["connection"] for request in requests}),
    )


def distant(sandbox: Sandbox, servers: DistantServers) -> dict[str, Any]:
    """The variables by which a deploy speaks to the sandbox through the proxy."""
    endpoints = json.loads(servers.moved(json.dumps(sandbox.endpoints)))
    key = Path(endpoints["service_account_file"])
    moved = sandbox.directory.parent / "distant-service-account.json"
    moved.write_text(servers.moved(key.read_text()))
    moved.chmod(0o600)
    return {"llmops_sandbox": endpoints | {"service_account_file": str(moved)}}


def main() -> None:
    """Measure and print a table of medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clone", action="append", default=[], type=Path, help="another clone to compare with")
    clones = [*(clone.resolve() for clone in parser.parse_args().clone), ROOT]
    costs: dict[tuple[float, Path], list[Cost]] = {}
    with tempfile.TemporaryDirectory(prefix="round-trips-") as directory:
        sandbox = Sandbox(Path(directory) / "sandbox", speed=50)
        try:
            run = sandbox.play("deploy.yml", variables={"verify_latency_samples": 1})
            if run.code:
                raise RuntimeError(run.output)
            servers = DistantServers()
            for line in sandbox.requests():
                # Those of the clusters' API servers, whose ports only the requests tell.
                servers.moved(line["connection"].rpartition(" ")[2])
            variables = {"llmops_sandbox_speed": 50, "gke_cluster_kubeconfig": "", **distant(sandbox, servers)}
            for _run in range(RUNS):
                for servers.round_trip in ROUND_TRIPS:
                    for clone in clones:
                        costs.setdefault((servers.round_trip, clone), []).append(deploy(sandbox, clone, variables))
        finally:
            sandbox.stop()
    print(
        f"{'round trip':>10} {'seconds':>8} {'processor':>10} {'tasks':>6} {'requests':>9} {'connections':>12}  clone"
    )
    for (round_trip, clone), measured in costs.items():
        each = [statistics.median(values) for values in zip(*measured, strict=True)]
        figures = f"{each[0]:>8.1f} {each[1]:>10.2f} {each[2]:>6.0f} {each[3]:>9.0f} {each[4]:>12.0f}"
        print(f"{round_trip * 1000:>7.0f} ms {figures}  {clone}")


if __name__ == "__main__":
    main()
