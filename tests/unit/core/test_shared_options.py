# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Variables that reach every task of a module: the control plane's endpoint and proxy, the factor of all timeouts; and
every task of a role: the credentials."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.unit.core.test_carriers import ROOT, TOKEN, run_module
from tests.unit.fake_http import FakeServer, Reply, google_error

CLUSTERS = "/v1/projects/my-project/locations/us-central1/clusters"
LIVE = {
    "name": "c1",
    "status": "RUNNING",
    "endpoint": "203.0.113.9",
    "masterAuth": {"clusterCaCertificate": "Q0E="},
    "controlPlaneEndpointsConfig": {
        "dnsEndpointConfig": {"endpoint": "gke-1.us-central1.gke.goog", "allowExternalTraffic": True},
        "ipEndpointsConfig": {"enabled": True, "privateEndpoint": "10.0.0.2"},
    },
}
PROXY = "http://127.0.0.1:8888"


def kubeconfig(tmp_path: Path, given: dict[str, Any], *, in_process: bool = True, **variables: Any) -> dict[str, Any]:
    """The result of gke_kubeconfig, which writes nothing."""
    gone = google_error(404, "NOT_FOUND", "Not found.")
    with FakeServer({("GET", f"{CLUSTERS}/c1"): LIVE, ("GET", f"{CLUSTERS}/gone"): gone}) as server:
        place = {"project": "my-project", "location": "us-central1", "name": "c1", "access_token": TOKEN}
        arguments = {**place, "container_api_endpoint": f"{server.url}/", **given}
        return run_module(tmp_path, arguments, in_process=in_process, module="gke_kubeconfig", variables=variables)[0]


def cluster_of(result: dict[str, Any]) -> dict[str, Any]:
    return result["kubeconfig"]["clusters"][0]["cluster"]


@pytest.mark.parametrize("in_process", [True, False])
def test_the_variables_are_taken_where_the_task_says_nothing(tmp_path, in_process):
    variables = {"llmops_cluster_endpoint": "dns", "llmops_cluster_proxy_url": PROXY, "llmops_timeout_factor": 1.5}
    result = kubeconfig(tmp_path, {"timeout": 11}, in_process=in_process, **variables)
    assert cluster_of(result) == {"server": "https://gke-1.us-central1.gke.goog", "proxy-url": PROXY}
    assert result["invocation"]["module_args"]["timeout"] == 17


def test_what_the_task_says_wins_and_what_is_empty_says_nothing(tmp_path):
    variables = {"llmops_cluster_endpoint": "dns", "llmops_cluster_proxy_url": "", "llmops_timeout_factor": "2"}
    result = kubeconfig(tmp_path, {"cluster_endpoint": "private"}, **variables)
    assert cluster_of(result) == {"server": "https://10.0.0.2", "certificate-authority-data": "Q0E="}
    assert result["invocation"]["module_args"]["timeout"] == 240


def test_the_factor_reaches_a_timeout_within_an_option_as_well(tmp_path):
    place = {"project": "my-project", "location": "us-central1", "cluster": "c1", "access_token": TOKEN}
    given = {"service": "s", "prompt": "hi", "load": {"autoscaler": "a"}, "report": {}, "timeout": 4}
    arguments = {**place, **given, "container_api_endpoint": "http://127.0.0.1:9/"}
    result = run_module(
        tmp_path, arguments, in_process=True, module="llm_verify", variables={"llmops_timeout_factor": 0.5}
    )[0]
    told = result["invocation"]["module_args"]
    assert (told["timeout"], told["load"]["timeout"], told["load"]["autoscaler"]) == (2, 900, "a")


@pytest.mark.parametrize("factor", [0, -1, "twice"])
def test_a_factor_that_is_none_is_refused_by_name(tmp_path, factor):
    result = kubeconfig(tmp_path, {}, llmops_timeout_factor=factor)
    assert result["failed"] is True
    assert "llmops_timeout_factor:" in result["msg"] and "it takes a number above 0" in result["msg"]


@pytest.mark.parametrize("in_process", [True, False])
@pytest.mark.parametrize(("only", "failed"), [("yes", False), (True, False), (False, True)])
def test_a_task_that_only_compares_tells_its_error_and_does_not_fail(tmp_path, in_process, only, failed):
    result = kubeconfig(tmp_path, {"name": "gone"}, in_process=in_process, llmops_compare_only=only)
    assert (result.get("failed", False), result["changed"], result["error"]["kind"]) == (failed, False, "error")


@pytest.mark.parametrize(("only", "changed"), [(True, False), (False, True)])
def test_a_task_that_only_compares_tells_its_plan_and_does_not_change(tmp_path, only, changed):
    given = {"path": str(tmp_path / "kubeconfig")}
    result = kubeconfig(tmp_path, given, llmops_compare_only=only)
    assert (result["changed"], bool(result["plan"])) == (changed, True)


def test_a_choice_that_is_none_is_refused(tmp_path):
    result = kubeconfig(tmp_path, {}, llmops_cluster_endpoint="internal")
    assert "value of cluster_endpoint must be one of: auto, dns, public, private" in result["msg"]


def by_role(tmp_path: Path, answer: Any, in_process: bool = True, **variables: Any) -> tuple[int, str]:
    """Exit code and output of a play that has the role gke_cluster and nothing else, as the role's README shows it."""
    play = {"hosts": "localhost", "gather_facts": False, "connection": "local", "roles": ["llmops.gke.gke_cluster"]}
    (tmp_path / "play.json").write_text(json.dumps([play]))
    with FakeServer(answer) as server:
        variables = {
            "ansible_python_interpreter": sys.executable,
            "llmops_project": "my-project",
            "llmops_zones": ["us-central1-a"],
            "llmops_google_auth": {"access_token": TOKEN, "container_api_endpoint": f"{server.url}/"},
            "llmops_in_process": in_process,
            "there": f"{server.url}/",
            **variables,
        }
        command = [str(Path(sys.executable).parent / "ansible-playbook"), str(tmp_path / "play.json")]
        environment = os.environ | {"LC_ALL": "C.UTF-8", "ANSIBLE_HOME": str(tmp_path / "home")}
        done = subprocess.run(
            [*command, "--inventory", "localhost,", "--extra-vars", json.dumps(variables)],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
    return done.returncode, " ".join((done.stdout + done.stderr).split())


@pytest.mark.parametrize("in_process", [True, False])
def test_a_role_takes_the_inventorys_credentials_without_the_plays_help(tmp_path, in_process):
    refused = google_error(403, "PERMISSION_DENIED", "not for you")
    code, said = by_role(tmp_path, lambda _request: refused, in_process)
    assert code != 0
    assert "not for you" in said, said


@pytest.mark.parametrize(
    ("credentials", "told"),
    [
        (
            {"acces_token": TOKEN},
            "llmops_google_auth: acces_token is not accepted; it takes auth_kind, service_account_file",
        ),
        (TOKEN, "llmops_google_auth: its value is not accepted; it takes a dictionary of options"),
        ([TOKEN], "llmops_google_auth: its value is not accepted; it takes a dictionary of options"),
    ],
)
def test_no_role_acts_as_somebody_else_because_of_a_slip_in_the_credentials(tmp_path, credentials, told):
    code, said = by_role(
        tmp_path, lambda _request: google_error(403, "PERMISSION_DENIED", "no"), llmops_google_auth=credentials
    )
    assert code != 0
    assert told in said and TOKEN not in said, said


def test_what_a_roles_task_says_wins_over_what_stands_beside_the_credentials(tmp_path):
    refused = google_error(403, "PERMISSION_DENIED", "not for you")
    credentials = "{{ {'access_token': 'any', 'container_api_endpoint': there, 'project': 'another-project'} }}"
    _code, said = by_role(tmp_path, lambda _request: refused, llmops_google_auth=credentials)
    assert "not for you" in said and "another-project" not in said, said


def test_credentials_may_be_text_as_extra_variables_give_them(tmp_path):
    refused = google_error(403, "PERMISSION_DENIED", "not for you")
    text = f"{{{{ {{'access_token': '{TOKEN}', 'container_api_endpoint': there}} | to_json }}}}"
    code, said = by_role(tmp_path, lambda _request: refused, llmops_google_auth=text)
    assert code != 0
    assert "not for you" in said, said


def test_so_does_one_that_writes_a_kubeconfig(tmp_path):
    """To other modules an option of that name says how to reach a cluster, and then credentials are no part of it."""
    refused = google_error(403, "PERMISSION_DENIED", "not for you")
    code, said = by_role(tmp_path, lambda _request: refused, gke_cluster_kubeconfig=str(tmp_path / "kubeconfig"))
    assert code != 0
    assert "not for you" in said, said


def test_a_timeout_names_its_budget_and_the_factor_of_all(tmp_path):
    """By a role, whose variables the message names."""
    running = {"name": "operation-1", "operationType": "CREATE_CLUSTER", "status": "RUNNING"}

    def answer(request: Any) -> Reply:
        if request.method == "POST" or "/operations/" in request.path:
            return Reply(200, running)
        return google_error(404, "NOT_FOUND", "Not found.")

    code, said = by_role(tmp_path, answer, llmops_timeout_factor=0.5, gke_cluster_timeout=2)
    assert code != 0
    assert "not done after 1 s" in said, said
    assert "raise gke_cluster_timeout (llmops_timeout_factor multiplies" in said
