# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Libraries that take longer to import than a task takes are imported by the tasks that need them alone."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from typing import Any

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.core.errors import MissingLibrary
from tests.unit.fake_http import FakeServer, Reply, google_error
from tests.unit.plugins.kubernetes import k8s_support

PLACE = {"project": "demo-project", "location": "us-central1", "cluster": "mistral"}
_COLLECTION = "ansible_collections.llmops.gke.plugins"
_SERVERS = f"{_COLLECTION}.module_utils.serving"
_TASK = f"""
import importlib, json, sys
from {_COLLECTION}.module_utils.core.result import silent

name, options = json.loads(sys.argv[1])
importlib.import_module("{_COLLECTION}.modules." + name).SPEC.run(options, False, silent)
print(json.dumps([*sys.modules]))
"""
_ACTION = f"""
import importlib, json, sys

importlib.import_module("{_COLLECTION}.action." + sys.argv[1])
print(json.dumps([*sys.modules]))
"""


def imported(program: str, argument: str) -> set[str]:
    """What a process has imported in the end."""
    command = [sys.executable, "-c", program, argument]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    return set(json.loads(done.stdout.splitlines()[-1]))


def by_task(name: str, **options: Any) -> set[str]:
    spec = importlib.import_module(f"{_COLLECTION}.modules.{name}").SPEC
    return imported(_TASK, json.dumps([name, k8s_support.options(spec, "", **options)]))


@pytest.mark.parametrize("user", [{"token": "t"}, {"username": "a", "password": "b"}])
def test_a_task_by_a_kubeconfig_without_plugins_needs_neither_package(user):
    with FakeServer([Reply(200, {"items": []})]) as server:
        found = by_task("k8s_info", kind="Pod", kubeconfig=k8s_support.kubeconfig(server.url, **user))
        assert len(server.requests) == 1
    assert not found & {"kubernetes", "google.auth", "google.oauth2"}


def test_a_plugin_is_run_by_the_kubernetes_package(tmp_path):
    told = {"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": {"token": "t"}}
    plugin = {
        "apiVersion": told["apiVersion"],
        "command": "echo",
        "args": [json.dumps(told)],
        "interactiveMode": "Never",
    }
    with FakeServer([Reply(200, {"items": []})]) as server:
        found = by_task("k8s_info", kind="Pod", kubeconfig=k8s_support.kubeconfig(server.url, exec=plugin))
        assert server.headers[0]["authorization"] == "Bearer t"
    assert "kubernetes" in found


def test_an_access_token_needs_nothing_of_google_auth():
    with FakeServer({("GET", k8s_support.GKE_CLUSTER): google_error(404, "NOT_FOUND", "Not found.")}) as gke:
        found = by_task("k8s_info", kind="Pod", access_token="t", container_api_endpoint=gke.url, **PLACE)
        assert gke.headers[0]["authorization"] == "Bearer t"
    assert "google.auth" not in found


@pytest.mark.parametrize(
    ("library", "module", "options"),
    [
        ("google-auth", "google.oauth2.service_account", {"service_account_contents": "{}", **PLACE}),
        ("google-auth", "google.auth.exceptions", PLACE),
        ("google-auth", "google.auth.impersonated_credentials", {"impersonate_service_account": "a@b", **PLACE}),
        ("kubernetes", "kubernetes.config", {"kubeconfig": k8s_support.kubeconfig("https://h", exec={"command": "a"})}),
    ],
)
def test_a_library_that_is_needed_and_not_there_is_named(monkeypatch, library, module, options):
    monkeypatch.setitem(sys.modules, module, None)
    spec = importlib.import_module(f"{_COLLECTION}.modules.k8s_info").SPEC
    token = {"access_token": "t"} if "impersonate_service_account" in options else {}
    with pytest.raises(MissingLibrary, match=f"^the Python library {library} is needed where this module runs"):
        k8s_support.run(spec, "", kind="Pod", **options, **token)


def test_a_model_server_that_does_not_crash_is_not_looked_up():
    manifest = {**k8s_support.CONFIG, "data": {}}
    with FakeServer(
        {
            ("PATCH", k8s_support.CONFIG_PATH): k8s_support.config(),
            ("GET", k8s_support.CONFIG_PATH): k8s_support.not_found("ConfigMap", "counters"),
        }
    ) as server:
        found = by_task("k8s_apply", kubeconfig=k8s_support.kubeconfig(server.url), manifests=[manifest], engine="tgi")
    assert f"{_SERVERS}.registry" in found
    assert f"{_SERVERS}.tgi.engine" not in found


@pytest.mark.parametrize(
    ("action", "google", "servers"),
    [
        ("llm_preflight", True, True),
        ("gke_cluster", True, False),
        ("k8s_apply", False, False),
        ("k8s_info", False, False),
        ("llm_verify", True, True),
        ("hf_model_info", False, True),
    ],
)
def test_what_every_task_of_a_module_needs_is_imported_before_the_forks(action, google, servers):
    found = imported(_ACTION, action)
    assert ("google.oauth2.service_account" in found) == google
    assert (f"{_SERVERS}.vllm.engine" in found) == servers
    assert "kubernetes" not in found


@pytest.mark.parametrize("action", ["gke_cluster", "gke_node_pool", "gke_node_pools"])
def test_only_a_pool_that_is_created_or_replaced_needs_a_client_of_its_cluster(action):
    found = imported(_ACTION, action)
    assert not [name for name in found if name.startswith(f"{_COLLECTION}.module_utils.kubernetes.")]
