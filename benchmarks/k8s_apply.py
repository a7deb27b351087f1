# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""k8s_apply beside kubernetes.core.k8s: seconds, processor time and requests for 1, 10 and 100 objects.

    python -m benchmarks.k8s_apply

Both are run by the same ansible, that of PyPI's ``ansible`` package, which brings kubernetes.core along; it is
installed into .cache/benchmark-venv where it is not there yet. Both speak to the same API server of the sandbox, which
runs in this process, so that the processor time of the playbooks' processes is that of the clients alone. Each figure
is of one playbook with one task, less that of a playbook with none; the best of three.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

from tests.contract.kubernetes.conftest import Cluster

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".cache" / "benchmark-venv"
SIZES = (1, 10, 100)
REPEATS = 3


class Cost(NamedTuple):
    """Of one run: wall seconds, processor seconds, requests to the API server."""

    seconds: float
    processor: float
    requests: int


def install() -> None:
    """Make the environment that has kubernetes.core, once."""
    if not (VENV / "bin" / "ansible-playbook").exists():
        subprocess.run([sys.executable, "-m", "venv", str(VENV)], check=True)
        subprocess.run([str(VENV / "bin" / "pip"), "install", "--quiet", "ansible", "kubernetes"], check=True)


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


TASKS: dict[str, Any] = {
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


def measure(directory: Path, cluster: Cluster, tasks: list[dict[str, Any]]) -> Cost:
    """Run a playbook of these tasks; raises where it fails."""
    python = str(VENV / "bin" / "python")
    play = {"hosts": "localhost", "gather_facts": False, "vars": {"ansible_python_interpreter": python}, "tasks": tasks}
    # An empty one: the repository's own is not to count.
    (directory / "ansible.cfg").touch()
    path = directory / "play.yml"
    path.write_text(json.dumps([play]), encoding="utf-8")
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"} | {
        "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "collections"),
        "ANSIBLE_CONFIG": str(directory / "ansible.cfg"),
        "ANSIBLE_HOME": str(directory / "home"),
        "ANSIBLE_LOCALHOST_WARNING": "false",
        "LC_ALL": "C.UTF-8",
    }
    cluster.calls()
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    command = [python, str(VENV / "bin" / "ansible-playbook"), "-i", "localhost,", "-c", "local", str(path)]
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False
    )
    seconds, after = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise RuntimeError(done.stdout + done.stderr)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(seconds, spent, len(cluster.calls()))


def rows(directory: Path, cluster: Cluster) -> list[tuple[int, str, dict[str, Cost]]]:
    """The cost of each way for each number of objects, first and without a change: the quickest of REPEATS."""
    kubeconfig = directory / "kubeconfig"
    kubeconfig.write_text(json.dumps(cluster.kubeconfig), encoding="utf-8")
    for task in TASKS.values():
        # Whatever Python compiles, it has compiled after this.
        measure(directory, cluster, [task(manifests(1, "default"), str(kubeconfig))])
    nothing = _quickest([measure(directory, cluster, []) for _turn in range(REPEATS)])
    found: list[tuple[int, str, dict[str, Cost]]] = []
    for size in SIZES:
        costs: dict[str, dict[str, list[Cost]]] = {"first": {}, "no change": {}}
        for repeat in range(REPEATS):
            for index, (name, task) in enumerate(TASKS.items()):
                namespace = f"way-{index}-{size}-{repeat}"
                cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
                for run in costs.values():
                    cost = measure(directory, cluster, [task(manifests(size, namespace), str(kubeconfig))])
                    less = Cost(cost.seconds - nothing.seconds, cost.processor - nothing.processor, cost.requests)
                    run.setdefault(name, []).append(less)
        found += [
            (size, run, {name: _quickest(tries) for name, tries in by_name.items()}) for run, by_name in costs.items()
        ]
    return found


def _quickest(costs: list[Cost]) -> Cost:
    """The best of each figure: what else the machine does only ever adds."""
    return Cost(*(min(values) for values in zip(*costs, strict=True)))


def table(found: list[tuple[int, str, dict[str, Cost]]]) -> str:
    """The costs as Markdown; behind those of the others, how many times ours they are."""
    names = list(TASKS)
    lines = ["| objects | run | way | seconds | processor s | requests |", "|---|---|---|---|---|---|"]
    for size, run, costs in found:
        ours = costs[names[0]]
        for name in names:
            cells = [
                f"{mine:.2f} ({mine / base:.1f}x)" if name != names[0] else f"{mine:.2f}"
                for mine, base in zip(costs[name][:2], ours[:2], strict=True)
            ]
            requests = costs[name].requests
            cells.append(f"{requests} ({requests / ours.requests:.1f}x)" if name != names[0] else str(requests))
            lines.append(f"| {size} | {run} | {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    """Measure and print the table."""
    install()
    cluster = Cluster()
    try:
        with tempfile.TemporaryDirectory(prefix="k8s-apply-") as directory:
            print(table(rows(Path(directory), cluster)))
    finally:
        cluster.close()


if __name__ == "__main__":
    main()
