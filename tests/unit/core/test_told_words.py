# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a server says reaches a terminal and a log harmless and without any secret, by both carriers."""

from __future__ import annotations

import json

import pytest

from tests.unit.core.test_carriers import run_module
from tests.unit.core.test_play_memory import key_file
from tests.unit.fake_http import FakeServer, Reply, google_error

CANARY = "canary-of-a-kubeconfig-file"
FORGED = "\nTASK [fake] ****\nok: [host]\x1b[2J"


def forged_lines(printed: str) -> list[str]:
    return [line for line in printed.splitlines() if line.lstrip().startswith(("TASK [fake]", "ok: [host]"))]


@pytest.mark.parametrize("in_process", [True, False])
def test_a_token_of_a_kubeconfig_file_is_hidden_where_the_server_repeats_it(tmp_path, in_process):
    def echo(_request) -> Reply:
        sent = server.headers[-1]["authorization"]
        message = f"who are you? {sent}, {sent.removeprefix('Bearer ')} {FORGED}"
        return Reply(403, {"kind": "Status", "reason": "Forbidden", "message": message, "code": 403})

    with FakeServer(echo) as server:
        content = {
            "current-context": "c",
            "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
            "clusters": [{"name": "c", "cluster": {"server": server.url}}],
            "users": [{"name": "u", "user": {"token": CANARY}}],
        }
        (tmp_path / "kubeconfig").write_text(json.dumps(content))
        options = {"kubeconfig": str(tmp_path / "kubeconfig"), "kind": "Pod"}
        result, printed = run_module(tmp_path, options, in_process=in_process, module="k8s_info")
    assert server.headers[0]["authorization"] == f"Bearer {CANARY}"
    assert result["failed"] is True
    assert "who are you? Bearer ********, ********" in result["msg"]
    assert CANARY not in printed + json.dumps(result)
    assert "\x1b[2J" not in printed + result["msg"]
    assert "\n" not in result["msg"]
    assert forged_lines(printed) == []


@pytest.mark.parametrize("in_process", [True, False])
def test_a_minted_token_is_hidden_in_progress_and_in_errors(tmp_path, in_process):
    cluster = "/v1/projects/my-project/locations/us-central1/clusters/c1"
    operation = "/v1/projects/my-project/locations/us-central1/operations/operation-1"

    def answer(request) -> Reply:
        if request.path == "/token":
            return Reply(200, {"access_token": "ya29.minted-canary", "expires_in": 3600, "token_type": "Bearer"})
        sent = server.headers[-1]["authorization"]
        under_way = {"name": "operation-1", "status": "RUNNING", "detail": f"halfway by {sent}{FORGED}"}
        if request.method == "DELETE":
            return Reply(200, under_way)
        if request.path == cluster:
            return Reply(200, {"name": "c1", "status": "RUNNING", "location": "us-central1"})
        if server.calls().count(f"GET {operation}") < 2:
            return Reply(200, under_way)
        if request.path == operation:
            return google_error(403, "PERMISSION_DENIED", f"no longer for {sent}{FORGED}")
        return Reply(200, {})

    with FakeServer(answer) as server:
        options = {
            "project": "my-project",
            "location": "us-central1",
            "name": "c1",
            "state": "absent",
            "service_account_file": key_file(tmp_path / "key.json", f"{server.url}/token"),
            "container_api_endpoint": server.url,
        }
        result, printed = run_module(tmp_path, options, in_process=in_process, module="gke_cluster")
    assert result["failed"] is True
    assert "no longer for Bearer ******** TASK [fake]" in result["msg"]
    assert ("halfway by Bearer ********" in printed) == in_process
    assert "minted-canary" not in printed + json.dumps(result)
    assert "\x1b[2J" not in printed + result["msg"]
    assert forged_lines(printed) == []


@pytest.mark.parametrize("in_process", [True, False])
def test_an_endpoint_with_a_password_is_refused_and_the_password_hidden(tmp_path, in_process):
    options = {
        "project": "my-project",
        "location": "us-central1",
        "access_token": "ya29.canary",
        "container_api_endpoint": "https://me:pa55word@gke.invalid",
    }
    result, printed = run_module(tmp_path, options, in_process=in_process)
    assert result["failed"] is True
    assert result["msg"].startswith("container_api_endpoint: ")
    assert "an http(s) URL without user and password" in result["msg"]
    assert "pa55word" not in printed.replace(json.dumps(options), "") + json.dumps(result)
