# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How playbooks end: what was foretold is what is told afterwards, in words, as data, on eighty columns.

The tests of this file build on each other, in their order.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from typing import Any

import pytest

from tests.playbooks.playground import ROOT, Run, Sandbox

KEY = "sk-canaryPq73wX9"
BASE: dict[str, Any] = {"verify_latency_samples": 1, "llmops_api_key": KEY}
CHANGED = BASE | {"gpu_nodepool_max_node_count": 3, "model_server_pod_monitoring": False, "llmops_namespace": "default"}
WRONG = {"llmops_namespace": "team-c", "llmops_model": "mistralai/no-such-model"}
COLUMNS = 80


def summary(run: Run) -> list[str]:
    """The lines of its last task."""
    block = run.output.rpartition("TASK [Summary]")[2].partition("\nok: [")[0]
    return block.splitlines()[1:]


def resources(run: Run) -> list[str]:
    """What was, or would be, done to each."""
    return [line.strip().partition(":")[0] for line in summary(run) if re.match(r" +[+~-] ", line)]


def sum_of(run: Run) -> str:
    """The sum, in the words of afterwards."""
    (line,) = [line for line in summary(run) if re.match(r"  (to do|changed)  +\d", line)]
    for before, after in (("to create", "created"), ("to change", "changed"), ("to remove", "removed")):
        line = line.replace(before, after)
    return line.partition("  ")[2].strip().removeprefix("to do").removeprefix("changed").strip()


def data(run: Run, name: str = "llmops_summary") -> Any:
    """What an automation controller keeps."""
    (line,) = [line for line in run.output.splitlines() if "RUN:" in line]
    return json.loads(line[line.index("{") :])[name]


def play(sandbox: Sandbox, playbook: str, *arguments: str, **variables: Any) -> Run:
    printed = {"ANSIBLE_SHOW_CUSTOM_STATS": "True", "ANSIBLE_CALLBACK_RESULT_FORMAT": "json", "COLUMNS": str(COLUMNS)}
    run = sandbox.play(playbook, *arguments, variables=BASE | variables, **printed)
    assert KEY not in run.output
    for line in summary(run):
        # A path or a name that is longer than a line stays whole.
        assert len(line) <= COLUMNS or len(line.removesuffix("\\").split()) <= 2, line
    return run


@pytest.mark.parametrize(
    ("playbook", "variables", "expected"),
    [
        ("deploy.yml", {}, "9 created, 0 changed, 0 removed"),
        ("deploy.yml", CHANGED, "0 created, 2 changed, 1 removed"),
        ("teardown.yml", {}, "0 created, 0 changed, 8 removed"),
    ],
)
def test_what_is_foretold_is_what_is_done(sandbox, playbook, variables, expected):
    foretold = play(sandbox, playbook, "--check", "--diff", **variables)
    happened = play(sandbox, playbook, **variables)
    assert (foretold.code, happened.code) == (0, 0), foretold.output + happened.output
    assert sum_of(foretold) == sum_of(happened) == expected
    assert resources(foretold) == resources(happened)
    assert "nothing was" in summary(foretold)[0]
    host = data(happened)["mistral-7b"]
    assert host["changes"]["text"] == expected
    assert data(foretold)["mistral-7b"]["changes"] | {"text": expected} == host["changes"]
    # Each diff says what it is about.
    headers = re.findall(r"^--- before(.*)$", foretold.output, re.MULTILINE)
    assert headers and all(header.startswith(": ") for header in headers)


def test_a_host_that_fails_has_its_row_and_the_others_go_on(sandbox, tmp_path):
    hosts = {"one": {}, "two": {"llmops_namespace": "team-b"}, "wrong": WRONG}
    (tmp_path / "hosts.json").write_text(json.dumps({"all": {"hosts": hosts}}))
    folder = tmp_path / "group_vars"
    folder.symlink_to((ROOT / "inventories" / "sandbox" / "group_vars").resolve())
    run = play(sandbox, "deploy.yml", "-i", str(tmp_path), gpu_nodepool_max_node_count=4, verify_report_path="")
    assert run.code == 2
    told, found = summary(run), data(run)
    assert [line.split()[:2] for line in told if line and line[0] != " "] == [
        ["host", "state"],
        ["one", "serving"],
        ["two", "serving"],
        ["wrong", "failed"],
        ["total", "3"],
    ]
    assert any("has no such model" in " ".join(told[place : place + 2]) for place in range(len(told)))
    assert "no such model" in found["wrong"]["error"]
    assert [found[host]["state"] for host in hosts] == ["serving", "serving", "failed"]
    total = data(run, "llmops_total")
    assert (total["hosts"], total["states"], total["clusters"]) == (3, {"serving": 2, "failed": 1}, 1)
    # A cluster that they share is paid for once.
    assert total["hour"] < found["one"]["cost"]["hour"] + found["two"]["cost"]["hour"]
    # Progress is told by its host.
    assert re.search(r"^  two: k8s_apply: Deployment team-b/mistral-7b: ready", run.output, re.MULTILINE)


def test_the_request_to_try_it_with_is_answered_with_a_key_that_it_does_not_show(sandbox):
    told = "\n".join(summary(play(sandbox, "verify.yml")))
    command = re.search(r"^  try it +(curl .*?}]}')$", told, re.MULTILINE | re.DOTALL)
    assert command, told
    for key, works in ((KEY, True), ("wrong", False)):
        done = subprocess.run(
            ["bash", "-c", command[1].replace("curl", "curl --silent --fail", 1)],
            env=os.environ | {"LLMOPS_API_KEY": key},
            capture_output=True,
            check=False,
            timeout=60,
        )
        assert (done.returncode == 0) == works, done
        assert (b'"choices"' in done.stdout) == works


@pytest.mark.parametrize(("callback", "progress"), [("minimal", True), ("oneline", False)])
def test_a_callback_that_prints_results_gets_the_summary_in_them(sandbox, callback, progress):
    run = sandbox.play("verify.yml", variables=BASE, ANSIBLE_STDOUT_CALLBACK=callback)
    assert run.code == 0, run.output
    assert ("llm_verify: hot" in run.output) == progress
    assert run.output.count("this only asks and measures") == 1
    assert KEY not in run.output


def test_what_is_kept_is_told_with_its_reason(sandbox):
    run = play(sandbox, "teardown.yml")
    assert run.code == 0, run.output
    told, host = " ".join(" ".join(summary(run)).split()), data(run)["mistral-7b"]
    assert "stays, because others run on it: team-b/mistral-7b" in told
    assert "USD an hour" in told
    assert {one["resource"] for one in host["kept"]} >= {"cluster mistral-cluster-gke", "node pool mistral-gpu-pool"}
    assert host["kept"][0]["workloads"] == ["team-b/mistral-7b"]
    assert "cluster mistral-cluster-gke" in host["exists"]
