# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One access token for the tasks of a play: shared by memory alone, and only among the same credentials."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from datetime import datetime
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from ansible_collections.llmops.gke.plugins.module_utils.google import credentials, token_cache
from ansible_collections.llmops.gke.plugins.module_utils.google.token_cache import TokenMemory
from tests.unit.fake_http import FakeServer, Reply, google_error

ROOT = Path(__file__).resolve().parents[3]
ENDS = datetime(2030, 1, 2, 3, 4, 5)
MINE, YOURS, ELSEWHERE = bytes(32), bytes([16]) + bytes(31), bytes([1]) + bytes(31)
CLUSTERS = "/v1/projects/my-project/locations/us-central1/clusters"


def test_a_token_is_recalled_for_its_own_credentials_until_it_is_displaced():
    memory = TokenMemory()
    assert memory.recall(MINE) is None
    memory.keep(MINE, "ya29.mine", ENDS)
    assert memory.recall(MINE) == ("ya29.mine", ENDS)
    memory.keep(ELSEWHERE, "ya29.elsewhere", ENDS)
    assert memory.recall(MINE) == ("ya29.mine", ENDS)
    # Of the same place, but not the same credentials.
    assert memory.recall(YOURS) is None
    memory.keep(YOURS, "ya29.yours", ENDS)
    assert memory.recall(MINE) is None


def test_half_a_token_and_one_that_is_too_long_are_none():
    memory = TokenMemory()
    memory.keep(MINE, "x" * token_cache._SIZE, ENDS)
    assert memory.recall(MINE) is None
    memory.keep(MINE, "ya29.first", ENDS)
    memory._pages[60:62] = b"??"
    assert memory.recall(MINE) is None


def key_file(path: Path, token_uri: str) -> str:
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    pem = private.private_bytes(encoding, form, serialization.NoEncryption()).decode()
    robot = {"type": "service_account", "client_email": "robot@p.iam.gserviceaccount.com"}
    path.write_text(json.dumps({**robot, "private_key": pem, "token_uri": token_uri}), encoding="utf-8")
    return str(path)


def place_of(path: str) -> int:
    """Where the token of a key file is kept."""
    identity = credentials._identity({"service_account_file": path, "scopes": [credentials.CLOUD_PLATFORM]})
    return token_cache._slot(identity)


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
        # Two keys may share a place in the memory by chance, and then drive each other out.
        second = next(
            path
            for number in itertools.count()
            if place_of(path := key_file(tmp_path / f"second{number}.json", f"{server.url}/token")) != place_of(first)
        )
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
