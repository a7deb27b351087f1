# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""k8s_apply, kubernetes.core.k8s and kubectl: 1, 10, 100 ConfigMaps, first and unchanged, on one API server.

That of the sandbox, which counts the requests, and that of BENCH_KUBECONFIG where this is set. kubectl's own time is
whole; those of the playbooks, of one task each, are less that of a playbook without one.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import yaml

from tests.playbooks.playground import Sandbox

from .converge import SPEED, ours
from .measure import Cost, Row, counted, median, net, timed
from .peers import Plays

KUBECTL = "kubectl apply --server-side"
SANDBOX = "the sandbox"
RUNS = ("first", "unchanged")
Task = Callable[[list[dict[str, Any]], str], dict[str, Any]]
TASKS: dict[str, Task] = {
    "llmops.gke.k8s_apply": lambda objects, kubeconfig: {
        "llmops.gke.k8s_apply": {"kubeconfig": kubeconfig, "manifests": objects}
    },
    "kubernetes.core.k8s": lambda objects, kubeconfig: {
        "kubernetes.core.k8s": {"kubeconfig": kubeconfig, "definition": objects}
    },
    "kubernetes.core.k8s, server-side apply": lambda objects, kubeconfig: {
        "kubernetes.core.k8s": {
            "kubeconfig": kubeconfig,
            "definition": objects,
            "apply": True,
            "server_side_apply": {"field_manager": "benchmark"},
        }
    },
}


def manifests(count: int, namespace: str) -> list[dict[str, Any]]:
    """So many ConfigMaps of a namespace."""
    return [
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": f"config-{index:03}", "namespace": namespace},
            "data": {"key": "value"},
        }
        for index in range(count)
    ]


class _Server:
    """An API server, and each way to put objects on it. kubeconfig: how it is reached."""

    def __init__(self, name: str, sandbox: Sandbox, plays: Plays, kubeconfig: Path, directory: Path) -> None:
        self.name = name
        self._sandbox, self._plays, self._kubeconfig, self._directory = sandbox, plays, kubeconfig, directory
        # kubectl keeps what it has discovered there.
        self._environment = {**os.environ, "HOME": str(directory), "KUBECONFIG": str(kubeconfig)}

    def put(self, way: str, objects: list[dict[str, Any]]) -> Cost:
        """Put the objects there, in one of the ways."""
        cost = self._by_kubectl(objects) if way == KUBECTL else self._by_playbook(TASKS[way], objects)
        # Of a real server's requests nobody knows.
        return cost if self.name == SANDBOX else replace(cost, requests=None, connections=None)

    def _by_playbook(self, task: Task, objects: list[dict[str, Any]]) -> Cost:
        return self._plays.run({"tasks": [task(objects, str(self._kubeconfig))]})

    def _by_kubectl(self, objects: list[dict[str, Any]]) -> Cost:
        file = self._directory / "objects.yaml"
        file.write_text(yaml.safe_dump_all(objects), encoding="utf-8")
        self._sandbox.forget_requests()
        cost, _output = timed([*KUBECTL.split(), "--filename", str(file)], self._environment, self._directory)
        return counted(cost, self._sandbox.requests())

    def nothing(self) -> Cost:
        """A playbook without a task."""
        return self._plays.run({"tasks": []})

    @contextmanager
    def namespace(self, name: str) -> Iterator[None]:
        """A namespace for as long as the block runs."""
        self._kubectl("create", "namespace", name)
        try:
            yield
        finally:
            self._kubectl("delete", "namespace", name, "--wait=false")

    def _kubectl(self, *arguments: str) -> None:
        timed(["kubectl", *arguments], self._environment, self._directory)


def rows(directory: Path, runs: int, sizes: tuple[int, ...] = (1, 10, 100)) -> list[Row]:
    """Each number of objects, first and unchanged, in each way."""
    sandbox = Sandbox(directory / "sandbox", speed=SPEED)
    try:
        plays = Plays(sandbox, directory / "plays")
        plays.run(ours(["gke_cluster"]), {"llmops_cluster": "objects", "gke_cluster_kubeconfig": ""})
        kubeconfigs = {SANDBOX: sandbox.directory / "kubeconfig-us-central1-objects"}
        if real := os.environ.get("BENCH_KUBECONFIG"):
            kubeconfigs["a real API server"] = Path(real).absolute()
        found = []
        for name, kubeconfig in kubeconfigs.items():
            found += _of_server(_Server(name, sandbox, plays, kubeconfig, directory), runs, sizes)
        return found
    finally:
        sandbox.stop()


def _of_server(server: _Server, runs: int, sizes: tuple[int, ...]) -> list[Row]:
    # A real server may still be removing those of the last run.
    own = f"bench-{os.getpid()}"
    ways = [*TASKS, KUBECTL]
    with server.namespace(f"{own}-warm"):
        for way in ways:
            # Whatever Python compiles and kubectl discovers, they have after this.
            server.put(way, manifests(1, f"{own}-warm"))
    costs: dict[tuple[int, str, str], list[Cost]] = {}
    nothing = []
    # All sizes in each round: a machine that is slow for a minute is so for all of them.
    for turn, size in product(range(runs), sizes):
        nothing.append(server.nothing())
        for index, way in enumerate(ways):
            name = f"{own}-{size}-{turn}-{index}"
            with server.namespace(name):
                for run in RUNS:
                    costs.setdefault((size, run, way), []).append(server.put(way, manifests(size, name)))
    found = []
    for size, run, way in product(sizes, RUNS, ways):
        cost = median(costs[size, run, way])
        what = f"{size} {'object' if size == 1 else 'objects'} on {server.name}"
        found.append(Row(what, run, way, cost if way == KUBECTL else net(cost, median(nothing))))
    return found
