# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When ansible ends, by whatever signal, the work of its tasks ends too and leaves no keys behind."""

from __future__ import annotations

import base64
import json
import os
import select
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.unit.fake_http import FakeServer, Reply

ROOT = Path(__file__).resolve().parents[3]
PATIENCE = 60
"""Seconds until a worker that lives on is taken for one that will; its task would go on for ten times as long."""


def kubeconfig(url: str) -> dict:
    """For a server without TLS, with a client's certificate and key inside, which go to files."""
    made_up = base64.b64encode(b"-").decode()
    return {
        "current-context": "c",
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
        "clusters": [{"name": "c", "cluster": {"server": url}}],
        "users": [{"name": "u", "user": {"client-certificate-data": made_up, "client-key-data": made_up}}],
    }


@pytest.mark.parametrize("in_process", [True, False])
def test_an_interrupted_task_says_which_operation_goes_on_in_google(tmp_path, in_process):
    followed = threading.Event()
    cluster = "/v1/projects/my-project/locations/us-central1/clusters/c1"

    def answer(request) -> Reply:
        if request.method == "GET" and request.path == cluster:
            return Reply(200, {"name": "c1", "status": "RUNNING", "location": "us-central1"})
        if request.method == "GET":
            followed.set()
        return Reply(200, {"name": "operation-7", "status": "RUNNING", "operationType": "DELETE_CLUSTER"})

    with FakeServer(answer) as server:
        options = {"project": "my-project", "location": "us-central1", "name": "c1", "state": "absent"}
        options |= {"access_token": "ya29.canary", "container_api_endpoint": server.url, "timeout": 10 * PATIENCE}
        command = [sys.executable, "-m", "ansible", "adhoc", "localhost", "--inventory", "localhost,"]
        command += ["--module-name", "llmops.gke.gke_cluster", "--args", json.dumps(options)]
        command += ["--extra-vars", f"ansible_connection=local ansible_python_interpreter={sys.executable}"]
        command += ["--extra-vars", json.dumps({"llmops_in_process": in_process})]
        environment = os.environ | {"ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "LC_ALL": "C.UTF-8"}
        environment |= {"ANSIBLE_HOME": str(tmp_path / "home")}
        ansible = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        try:
            assert followed.wait(PATIENCE)
            ansible.send_signal(signal.SIGINT)
            printed, _errors = ansible.communicate(timeout=PATIENCE)
        finally:
            ansible.kill()
            ansible.wait()
    assert "delete cluster c1: operation operation-7 goes on in Google" in printed
    assert "gcloud container operations wait operation-7 --location us-central1 --project my-project" in printed
    assert "canary" not in printed and "Traceback" not in printed


@pytest.mark.parametrize("in_process", [True, False])
@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_task_ends_with_ansible_and_its_keys_go(tmp_path, end, in_process):
    begun, held = threading.Event(), []
    temporary = tmp_path / "tmp"
    temporary.mkdir()

    def never_ready(_request) -> Reply:
        held[:] = [name for _folder, _folders, names in os.walk(temporary) for name in names]
        begun.set()
        return Reply(503, "later")

    reader, writer = os.pipe()
    with FakeServer(never_ready) as server:
        options = {"kubeconfig": kubeconfig(server.url), "kind": "Pod", "timeout": 10 * PATIENCE}
        command = [sys.executable, "-m", "ansible", "adhoc", "localhost", "--inventory", "localhost,"]
        command += ["--module-name", "llmops.gke.k8s_info", "--args", json.dumps(options)]
        command += ["--extra-vars", f"ansible_connection=local ansible_python_interpreter={sys.executable}"]
        command += ["--extra-vars", json.dumps({"llmops_in_process": in_process})]
        environment = os.environ | {"ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "LC_ALL": "C.UTF-8"}
        environment |= {"ANSIBLE_HOME": str(tmp_path / "home"), "TMPDIR": str(temporary)}
        # The pipe's end is held by ansible and all of its workers: the last one to go closes it.
        ansible = subprocess.Popen(
            command, cwd=ROOT, env=environment, pass_fds=[writer], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        os.close(writer)
        try:
            assert begun.wait(PATIENCE)
            assert any(name.endswith("client-key-data") for name in held)
            ansible.send_signal(end)
            ended, _writable, _failed = select.select([reader], [], [], PATIENCE)
        finally:
            ansible.kill()
            ansible.wait()
            os.close(reader)
    assert ended, "a worker lives on"
    assert not list(temporary.rglob("*client-key-data"))
