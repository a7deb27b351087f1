# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tasks of a play know in common, by memory alone: one token, and only for the same credentials."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from ansible_collections.llmops.gke.plugins.module_utils.core import play_memory
from ansible_collections.llmops.gke.plugins.module_utils.core.deadline import Deadline
from ansible_collections.llmops.gke.plugins.module_utils.core.errors import InvalidOption
from ansible_collections.llmops.gke.plugins.module_utils.core.play_memory import PlayMemory
from ansible_collections.llmops.gke.plugins.module_utils.google import credentials
from tests.unit.fake_http import FakeServer, Reply, google_error

ROOT = Path(__file__).resolve().parents[3]
MINE, YOURS, ELSEWHERE = (bytes([0, place, number]) + bytes(29) for place, number in ((7, 1), (7, 2), (8, 1)))
SLOTS = 16
CLUSTERS = "/v1/projects/my-project/locations/us-central1/clusters"


def test_a_fact_is_recalled_under_its_own_identity_until_it_is_forgotten():
    memory = PlayMemory()
    assert memory.recall(MINE) is None
    memory.keep(MINE, ["mine", None, 1.5])
    memory.keep(ELSEWHERE, {"else": "where"})
    # Of the same place, but not the same fact.
    assert memory.recall(YOURS) is None
    memory.forget(YOURS)
    memory.keep(YOURS, "yours")
    assert memory.recall(MINE) == ["mine", None, 1.5]
    memory.keep(MINE, "newer")
    kept = [memory.recall(each) for each in (MINE, YOURS, ELSEWHERE)]
    assert kept == ["newer", "yours", {"else": "where"}]
    memory.forget(MINE)
    assert (memory.recall(MINE), memory.recall(YOURS)) == (None, "yours")
    memory.keep(YOURS, "still one")
    memory.forget(YOURS)
    assert memory.recall(YOURS) is None


@pytest.mark.parametrize("first", [1, SLOTS - 1])
def test_a_fact_is_displaced_only_where_there_is_no_room_beside_it(first):
    memory = PlayMemory(slots=SLOTS)
    same = [bytes([0, first, number]) + bytes(29) for number in range(play_memory._WAYS + 1)]
    for number, identity in enumerate(same):
        memory.keep(identity, number)
    assert [memory.recall(identity) for identity in same] == [None, *range(1, play_memory._WAYS + 1)]


def test_half_a_fact_and_one_that_is_too_long_are_none():
    memory = PlayMemory(size=1000)
    memory.keep(MINE, os.urandom(1000).hex())
    assert memory.recall(MINE) is None
    memory.keep(MINE, os.urandom(400).hex())
    assert memory.recall(MINE)
    memory.keep(MINE, "a fact")
    start = next(memory._places(MINE)) + play_memory._HEAD
    memory._pages[start : start + 2] = b"??"
    assert memory.recall(MINE) is None
    memory.keep(MINE, "a fact")
    assert memory.recall(MINE) == "a fact"


def test_a_fact_of_one_process_is_there_in_the_others():
    memory = PlayMemory()
    child = os.fork()
    if not child:
        memory.keep(MINE, "the child's")
        os._exit(0)
    os.waitpid(child, 0)
    assert memory.recall(MINE) == "the child's"


def test_what_several_processes_want_is_asked_for_by_one_of_them():
    memory, told = PlayMemory(), []
    asking, go = os.pipe(), os.pipe()

    def ask_slowly() -> str:
        os.write(asking[1], b"!")
        os.read(go[0], 1)
        return "the child's"

    child = os.fork()
    if not child:
        memory.once(MINE, ask_slowly, 60, Deadline(60))
        os._exit(0)
    os.read(asking[0], 1)
    waiting = threading.Thread(target=lambda: told.append(memory.once(MINE, lambda: "my own", 60, Deadline(60))))
    waiting.start()
    os.write(go[1], b"!")
    waiting.join()
    os.waitpid(child, 0)
    assert told == ["the child's"]


def test_who_was_killed_while_it_asked_keeps_nobody_waiting():
    memory, asking = PlayMemory(), os.pipe()
    child = os.fork()
    if not child:
        memory.once(MINE, lambda: (os.write(asking[1], b"!"), signal.pause()), 60, Deadline(60))
    os.read(asking[0], 1)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    assert memory.once(MINE, lambda: "my own", 60, Deadline(60)) == "my own"


def test_a_failure_and_an_old_answer_are_asked_again():
    memory, answers = PlayMemory(), iter(["one", "two"])

    def refuse() -> None:
        raise InvalidOption("x", 1, "2")

    with pytest.raises(InvalidOption):
        memory.once(MINE, refuse, 60, Deadline(60))
    assert memory.once(MINE, lambda: next(answers), 60, Deadline(60)) == "one"
    assert memory.once(MINE, lambda: next(answers), 60, Deadline(60)) == "one"
    assert memory.once(MINE, lambda: next(answers), 0, Deadline(60)) == "two"


def test_who_has_no_time_left_to_wait_asks_by_itself():
    memory, asking, go = PlayMemory(), os.pipe(), os.pipe()
    child = os.fork()
    if not child:
        memory.once(MINE, lambda: (os.write(asking[1], b"!"), os.read(go[0], 1)) and "late", 60, Deadline(60))
        os._exit(0)
    os.read(asking[0], 1)
    assert memory.once(MINE, lambda: "my own", 60, Deadline(0)) == "my own"
    os.write(go[1], b"!")
    os.waitpid(child, 0)


def test_hosts_that_begin_at_once_mint_one_token(tmp_path, monkeypatch):
    monkeypatch.setattr(play_memory, "shared", PlayMemory())
    with FakeServer({("POST", "/token"): Reply(200, {"access_token": "ya29.one", "expires_in": 3600})}) as server:
        options = {"service_account_file": key_file(tmp_path / "key.json", f"{server.url}/token"), "scopes": ["s"]}
        # Each has looked for a token, and found none, before any of them mints one.
        first, second = credentials.authorizer(options), credentials.authorizer(options)
        assert first(False) == second(False) == {"Authorization": "Bearer ya29.one"}
        assert server.calls() == ["POST /token"]


@pytest.mark.parametrize(("left", "read"), [(3, True), (5, False)])
def test_a_key_is_read_only_where_no_token_of_its_own_is_kept_that_lasts(tmp_path, monkeypatch, left, read):
    monkeypatch.setattr(play_memory, "shared", PlayMemory())
    options = {"service_account_contents": '{"type": "service_account"}', "scopes": ["s"]}
    ends = (datetime.now(UTC) + timedelta(minutes=left)).replace(tzinfo=None)
    play_memory.shared.keep(credentials._identity(options), ["ya29.kept", ends.isoformat(), "payer"])
    if read:
        with pytest.raises(InvalidOption, match="service account key"):
            credentials.authorizer(options)
    else:
        authorize = credentials.authorizer(options)
        assert authorize(False) == {"Authorization": "Bearer ya29.kept", "x-goog-user-project": "payer"}
        with pytest.raises(InvalidOption, match="service account key"):
            authorize(True)


def test_a_bare_access_token_is_never_taken_from_another_task(monkeypatch):
    monkeypatch.setattr(play_memory, "shared", PlayMemory())
    options = {"access_token": "ya29.mine"}
    ends = (datetime.now(UTC) + timedelta(hours=1)).replace(tzinfo=None)
    play_memory.shared.keep(credentials._identity(options), ["ya29.kept", ends.isoformat(), None])
    assert credentials.authorizer(options)(False) == {"Authorization": "Bearer ya29.mine"}


def key_file(path: Path, token_uri: str) -> str:
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    pem = private.private_bytes(encoding, form, serialization.NoEncryption()).decode()
    robot = {"type": "service_account", "client_email": "robot@p.iam.gserviceaccount.com"}
    path.write_text(json.dumps({**robot, "private_key": pem, "token_uri": token_uri}), encoding="utf-8")
    return str(path)


def test_the_tasks_of_a_play_mint_one_token_for_each_of_their_credentials(tmp_path):
    minted: list[str] = []
    used: list[str] = []

    def answer(request) -> Reply:
        if request.path == "/token":
            minted.append(f"ya29.token-{len(minted)}")
            return Reply(200, {"access_token": minted[-1], "expires_in": 3600, "token_type": "Bearer"})
        token = server.headers[-1]["authorization"].removeprefix("Bearer ")
        used.append(token)
        # The second token is taken away once it has served.
        if used.count("ya29.token-1") > 1 and token == "ya29.token-1":
            return google_error(401, "UNAUTHENTICATED", "no")
        return Reply(200, {"clusters": []})

    with FakeServer(answer) as server:
        place = {"project": "my-project", "location": "us-central1", "container_api_endpoint": server.url}
        first = key_file(tmp_path / "first.json", f"{server.url}/token")
        second = key_file(tmp_path / "second.json", f"{server.url}/token")
        tasks = [
            {"llmops.gke.gke_cluster_info": {**place, "service_account_file": path}}
            for path in (first, first, second, first, second, second)
        ]
        play = {"hosts": "localhost", "connection": "local", "gather_facts": False, "tasks": tasks}
        playbook = tmp_path / "play.yml"
        playbook.write_text(json.dumps([play]), encoding="utf-8")
        environment = os.environ | {"ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "LC_ALL": "C.UTF-8"}
        environment["ANSIBLE_HOME"] = str(tmp_path / "home")
        command = [sys.executable, "-m", "ansible", "playbook", "-i", "localhost,", str(playbook), "-vvv"]
        command += ["--extra-vars", f"ansible_python_interpreter={sys.executable}"]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    numbers = [int(token.rpartition("-")[2]) for token in used]
    assert numbers == [0, 0, 1, 0, 1, 2, 2]
    assert "ya29" not in done.stdout + done.stderr
