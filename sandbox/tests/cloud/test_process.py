# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The process: started once, stopped without a trace, two beside each other, reasons where it fails."""

import json
import os
import signal
import stat
import subprocess
import sys
import time
import urllib.request

import pytest

from llmops_gke_sandbox.rundir import RunDirectory


def run(*arguments, **kwargs):
    return subprocess.run(
        [sys.executable, "-m", "llmops_gke_sandbox", *map(str, arguments)], capture_output=True, text=True, **kwargs
    )


@pytest.fixture
def directory(tmp_path):
    path = tmp_path / "sandbox"
    yield path
    run("stop", "--directory", path)


def start(directory, *arguments) -> dict:
    result = run("start", "--directory", directory, *arguments)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def ends(pid: int) -> bool:
    """Return whether a process has ended, be it unreaped, or does so before long: it is told first, and goes then."""
    for _ in range(100):
        state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True).stdout.strip()
        if not state or state.startswith("Z"):
            return True
        time.sleep(0.1)
    return False


def answers(url: str) -> int:
    with urllib.request.urlopen(url, timeout=5) as answer:
        return answer.status


def test_start_waits_until_ready_and_stop_leaves_nothing(directory):
    first = start(directory, "--speed", "100")
    assert first["changed"] is True
    assert answers(f"{first['admin']}/status") == 200
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    written = json.loads((directory / "endpoints.json").read_text())
    assert {"changed": True, "directory": str(directory)} | written == first
    assert start(directory) == first | {"changed": False}
    foretold = run("stop", "--check", "--directory", directory)
    assert answers(f"{first['admin']}/status") == 200
    stopped = run("stop", "--directory", directory)
    assert json.loads(stopped.stdout) == json.loads(foretold.stdout) == {"changed": True, "directory": str(directory)}
    assert not directory.exists()
    assert json.loads(run("stop", "--check", "--directory", directory).stdout)["changed"] is False
    assert ends(first["pid"])
    with pytest.raises(OSError):
        answers(f"{first['admin']}/status")
    assert json.loads(run("stop", "--directory", directory).stdout)["changed"] is False


def test_a_killed_sandbox_is_started_anew(directory):
    first = start(directory)
    os.kill(first["pid"], signal.SIGKILL)
    while RunDirectory(directory).pid() is not None:
        pass
    assert json.loads(run("status", "--directory", directory).stdout)["running"] is False
    second = start(directory)
    assert (second["changed"], second["pid"] != first["pid"]) == (True, True)


def test_of_two_starts_at_once_one_starts_it(directory):
    command = [sys.executable, "-m", "llmops_gke_sandbox", "start", "--directory", directory]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    one, two = (json.loads(process.communicate(timeout=30)[0]) for process in processes)
    assert {one["changed"], two["changed"]} == {True, False}
    assert one["pid"] == two["pid"]


@pytest.mark.parametrize("sees", ["the process alone", "whose directory it is"])
def test_a_start_that_was_killed_is_gone_on_with_by_the_next(directory, sees):
    """Its sandbox may have come up by then, or have the directory and not answer yet, or not even have it."""
    command = [sys.executable, "-m", "llmops_gke_sandbox", "start", "--directory", directory]
    killed = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    begun = RunDirectory(directory)
    log = directory / "sandbox.log"
    while begun.pid() is None if sees == "whose directory it is" else not log.exists():
        pass
    killed.kill()
    killed.wait()
    mended = start(directory)
    assert mended["pid"] == begun.pid() and answers(f"{mended['admin']}/status") == 200


def test_of_stops_at_once_one_stops_it_and_none_leaves_a_directory(directory):
    start(directory)
    command = [sys.executable, "-m", "llmops_gke_sandbox", "stop", "--directory", directory]
    with RunDirectory(directory).alone():
        processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(4)]
        time.sleep(1)
    changed = [json.loads(process.communicate(timeout=60)[0])["changed"] for process in processes]
    assert sorted(changed) == [False, False, False, True]
    assert not directory.exists()


def test_files_that_are_not_a_sandboxes_are_left_alone(directory):
    (directory / "gcloud").mkdir(parents=True)
    result = run("start", "--directory", directory)
    assert result.returncode == 1
    assert result.stderr == f"llmops-gke-sandbox: {directory}/gcloud is not a sandbox's; choose another directory\n"
    assert json.loads(run("stop", "--directory", directory).stdout)["changed"] is False
    assert (directory / "gcloud").is_dir()
    (directory / "gcloud").rename(directory / "mine")
    start(directory)
    run("stop", "--directory", directory)
    assert [path.name for path in directory.iterdir()] == ["mine"]


def test_two_sandboxes_live_side_by_side(directory, tmp_path):
    other = tmp_path / "other"
    try:
        one, two = start(directory), start(other, "--project", "another-project")
        assert one["container"] != two["container"]
        assert (one["project"], two["project"]) == ("sandbox-project", "another-project")
        run("stop", "--directory", other)
        assert answers(f"{one['admin']}/status") == 200
    finally:
        run("stop", "--directory", other)


def test_settings_come_from_a_file_and_the_command_line_wins(directory, tmp_path):
    file = tmp_path / "settings.yml"
    file.write_text("speed: 7\nproject: from-file\n")
    started = start(directory, "--config", file, "--speed", "9")
    assert (started["speed"], started["project"]) == (9.0, "from-file")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("spede: 7", "unknown setting 'spede'; known: "),
        ("[1]", "a mapping of settings"),
        ("speed: 0", "speed must be a number above 0"),
        ("project: Mine", "project 'Mine' is no project id"),
    ],
)
def test_a_start_that_fails_says_why_in_one_line(directory, tmp_path, content, words):
    file = tmp_path / "settings.yml"
    file.write_text(content)
    result = run("start", "--directory", directory, "--config", file)
    assert result.returncode == 1
    assert words in result.stderr
    assert result.stderr.count("\n") == 1
    assert RunDirectory(directory).pid() is None


def test_a_process_that_dies_at_its_start_is_told_with_its_log_tail(directory, tmp_path):
    file = tmp_path / "settings.yml"
    file.write_text("quotas: {CPUS: many}\n")
    result = run("start", "--directory", directory, "--config", file)
    assert result.returncode == 1
    assert result.stderr.startswith("llmops-gke-sandbox: the sandbox did not start (exit code 1): ")
    assert "could not convert string to float: 'many'" in result.stderr
    assert start(directory)["changed"] is True


def test_the_directory_comes_from_the_environment(directory):
    env = os.environ | {"LLMOPS_GKE_SANDBOX_DIR": str(directory)}
    assert json.loads(run("status", env=env).stdout) == {"running": False, "directory": str(directory)}


def test_the_directory_is_that_of_the_clone_while_its_sandbox_runs(tmp_path):
    env = {name: value for name, value in os.environ.items() if name != "LLMOPS_GKE_SANDBOX_DIR"}
    env["XDG_STATE_HOME"] = str(tmp_path / "state")
    elsewhere = {"running": False, "directory": str(tmp_path / "state" / "llmops-gke-sandbox")}
    directory = tmp_path / ".sandbox"
    started = start(directory)
    try:
        assert json.loads(run("status", env=env, cwd=tmp_path).stdout)["directory"] == str(directory)
        assert json.loads(run("faults", "list", "--json", env=env, cwd=tmp_path).stdout)["faults"] == []
        assert json.loads(run("start", env=env, cwd=tmp_path).stdout) == started | {"changed": False}
        named = env | {"LLMOPS_GKE_SANDBOX_DIR": str(tmp_path / "named")}
        assert json.loads(run("status", env=named, cwd=tmp_path).stdout)["directory"] == str(tmp_path / "named")
    finally:
        stopped = run("stop", env=env, cwd=tmp_path).stdout
        run("stop", "--directory", directory)
    assert json.loads(stopped) == {"changed": True, "directory": str(directory)}
    directory.mkdir(exist_ok=True)
    (directory / "endpoints.json").write_text("{}")
    assert json.loads(run("status", env=env, cwd=tmp_path).stdout) == elsewhere


def test_env_is_for_a_shell_to_eval_and_keeps_proxies_off(directory):
    started = start(directory)
    lines = run("env", "--directory", directory, env=os.environ | {"NO_PROXY": "intranet", "no_proxy": ""}).stdout
    shown = subprocess.run(
        ["sh", "-c", 'eval "$1"; printf "%s\n" "$CLOUDSDK_CONFIG" "$HF_ENDPOINT" "$NO_PROXY"', "sh", lines],
        capture_output=True,
        text=True,
        check=True,
    )
    assert shown.stdout.splitlines() == [
        f"{directory}/gcloud",
        started["huggingface"],
        "intranet,127.0.0.1,localhost,127.0.0.0/8",
    ]
