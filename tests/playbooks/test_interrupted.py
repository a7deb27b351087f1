# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run that somebody interrupts says what to do about what it leaves, though it has no summary any more."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import requests

from tests.playbooks.playground import PATIENCE, ROOT, Sandbox, until

HOSTS = {"one": {}, "two": {"llmops_namespace": "team-b"}}
CLOSING = "Interrupted. What exists by now stays"


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory):
    """Slow enough for a run to be caught in the middle of a task."""
    running = Sandbox(tmp_path_factory.mktemp("interrupted") / "sandbox", speed=20)
    yield running
    running.stop()


@pytest.fixture(scope="module")
def inventory(tmp_path_factory):
    """Two hosts on one cluster, whose workers are interrupted together."""
    folder = tmp_path_factory.mktemp("inventory")
    (folder / "hosts.json").write_text(json.dumps({"all": {"hosts": HOSTS}}))
    (folder / "group_vars").symlink_to((ROOT / "inventories" / "sandbox" / "group_vars").resolve())
    return folder


def interrupted(sandbox: Sandbox, word: str, *arguments: str, when: Callable[[], object] = str) -> tuple[int, str]:
    """Exit status and output of a playbook that is interrupted as soon as it says a word, and ``when`` returns."""
    command = [str(Path(sys.executable).parent / "ansible-playbook"), *arguments]
    environment = sandbox.environment() | {"PYTHONUNBUFFERED": "1", "COLUMNS": "80"}
    # As in a shell in which the programs of the environment are found.
    environment |= {"PATH": f"{Path(sys.executable).parent}:{environment['PATH']}"}
    environment.pop("MAKELEVEL", None)
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as run:
        seen = ""
        for line in run.stdout:
            seen += line
            if word in line:
                when()
                run.send_signal(signal.SIGINT)
                break
        try:
            rest, _errors = run.communicate(timeout=PATIENCE)
        finally:
            run.kill()
    return run.returncode, seen + rest


def test_a_deployment_says_once_which_commands_show_finish_and_remove_it(sandbox, inventory):
    given = ["-i", str(inventory), "--limit", "one,two", "--extra-vars", "llmops_sandbox_speed=20"]
    code, printed = interrupted(sandbox, "create cluster", "playbooks/deploy.yml", *given)
    assert code == 99
    assert printed.count(CLOSING) == 1
    assert "goes on in Google" in printed.partition(CLOSING)[0]
    closing = " ".join(printed.rpartition(CLOSING)[2].replace("\\\n", " ").split())
    for label, playbook in (("look at it", "status"), ("deploy it", "deploy"), ("tear down", "teardown")):
        command = f"-i {inventory} playbooks/{playbook}.yml --limit one,two -e llmops_sandbox_speed=20"
        assert f"{label} ansible-playbook {command}" in closing


@pytest.mark.parametrize(
    ("word", "held", "arguments"),
    [
        # What a deployment checks before it makes anything, what a preview tells, what status reads.
        ("TASK [llmops.gke.preflight : Refuse", "/clusters", ["playbooks/deploy.yml"]),
        ("TASK [llmops.gke.gke_cluster", "/clusters/mistral-cluster-gke", ["playbooks/deploy.yml", "--check"]),
        ("TASK [Read the cluster", "/clusters/mistral-cluster-gke", ["playbooks/status.yml"]),
    ],
)
def test_where_a_run_makes_nothing_nothing_is_said(sandbox, word, held, arguments):
    """In a task that waits for an answer: Ansible itself may hang where a worker is ended while it tells a result."""
    faults = f"{sandbox.endpoints['admin']}/faults"
    match = {"service": "container", "path": f".*{held}"}
    slow = {"name": "http", "drop": "before", "delay": PATIENCE, "times": 99, "match": match}
    requests.post(faults, json=slow, timeout=10).raise_for_status()

    def asked() -> None:
        until(lambda: requests.get(faults, timeout=10).json()["faults"][0]["times"] < 99, "it is asked")

    try:
        _code, printed = interrupted(sandbox, word, *arguments, when=asked)
    finally:
        requests.delete(faults, timeout=10).raise_for_status()
    assert word in printed
    assert CLOSING not in printed


def test_modules_in_processes_of_their_own_say_the_same(sandbox, inventory):
    def followed() -> None:
        # The operations of the tasks before are none of its.
        sandbox.forget_requests()
        until(lambda: any("/operations/" in one["path"] for one in sandbox.requests()), "the cluster's is followed")

    given = ["-i", str(inventory), "--limit", "one,two", "--extra-vars", "llmops_in_process=false"]
    word = "TASK [llmops.gke.gke_cluster : Delete the cluster"
    code, printed = interrupted(sandbox, word, "playbooks/teardown.yml", *given, when=followed)
    assert code == 99
    assert printed.count(CLOSING) == 1
    assert "goes on in Google" in printed.partition(CLOSING)[0]
