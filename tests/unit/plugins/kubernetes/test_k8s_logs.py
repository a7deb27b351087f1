# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""k8s_logs: which logs are read, and what is said where there is none."""

from __future__ import annotations

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.core.errors import HttpError, InvalidOption
from ansible_collections.llmops.gke.plugins.modules.k8s_logs import SPEC
from tests.unit.fake_http import FakeServer, Reply
from tests.unit.plugins.kubernetes.k8s_support import not_found, run

PODS = "/api/v1/namespaces/golden/pods"


def pod(name):
    containers = {"initContainers": [{"name": "fetch"}], "containers": [{"name": "tgi"}, {"name": "sidecar"}]}
    return {"metadata": {"name": name, "namespace": "golden"}, "spec": containers}


def status(code, message):
    return Reply(code, {"kind": "Status", "message": message, "code": code})


def test_all_containers_of_a_pod_are_read_those_of_its_start_first():
    answers = {("GET", f"{PODS}/m"): pod("m"), ("GET", f"{PODS}/m/log"): Reply(200, "one\ntwo\n")}
    with FakeServer(answers) as server:
        logs = run(SPEC, server.url, name="m")["logs"]
        assert [(entry["container"], entry["lines"]) for entry in logs] == [
            (name, ["one", "two"]) for name in ("fetch", "tgi", "sidecar")
        ]
        assert sorted(server.calls()[1:]) == [
            f"GET {PODS}/m/log?container={name}&tailLines=100" for name in ("fetch", "sidecar", "tgi")
        ]


def test_pods_by_selector_and_one_container_s_former_run():
    answers = {("GET", PODS): {"items": [pod("a"), pod("b")]}}
    answers |= {("GET", f"{PODS}/{name}/log"): Reply(200, f"log of {name}") for name in "ab"}
    asked = {"label_selectors": ["app=m"], "container": "tgi", "previous": True, "tail": 5, "since_seconds": 60}
    with FakeServer(answers) as server:
        logs = run(SPEC, server.url, **asked)["logs"]
        query = "container=tgi&tailLines=5&previous=true&sinceSeconds=60"
        assert sorted(server.calls()[1:]) == [f"GET {PODS}/{name}/log?{query}" for name in "ab"]
    assert [entry["lines"] for entry in logs] == [["log of a"], ["log of b"]]


def test_a_container_that_no_pod_has_is_refused_with_those_that_there_are():
    with (
        FakeServer({("GET", f"{PODS}/m"): pod("m")}) as server,
        pytest.raises(InvalidOption, match="fetch, sidecar, tgi"),
    ):
        run(SPEC, server.url, name="m", container="tgii")


def test_a_container_without_a_log_is_given_with_the_reason():
    waiting = status(400, 'container "tgi" in pod "m" is waiting to start: ContainerCreating')
    with FakeServer({("GET", f"{PODS}/m"): pod("m"), ("GET", f"{PODS}/m/log"): waiting}) as server:
        [entry] = run(SPEC, server.url, name="m", container="tgi")["logs"]
    assert entry["lines"] == []
    assert "waiting to start: ContainerCreating" in entry["why"]


def test_a_pod_that_is_not_there_has_no_logs_but_a_refusal_is_an_error():
    with FakeServer({("GET", f"{PODS}/m"): not_found()}) as server:
        assert run(SPEC, server.url, name="m")["logs"] == []
    answers = {("GET", f"{PODS}/m"): pod("m"), ("GET", f"{PODS}/m/log"): status(403, "cannot get pods/log")}
    with FakeServer(answers) as server, pytest.raises(HttpError, match="cannot get pods/log"):
        run(SPEC, server.url, name="m")
