# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One engine, two carriers: a module in its own process and an action in the controller's give the same result."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.unit.fake_http import FakeServer, google_error

ROOT = Path(__file__).resolve().parents[3]
TOKEN = "ya29.canary-that-must-not-be-seen"


def run_module(
    tmp_path: Path,
    arguments: dict[str, Any],
    *,
    in_process: bool,
    module: str = "gke_cluster_info",
    variables: dict[str, Any] | None = None,
) -> tuple[dict[str, Any], str]:
    """Run a module by ``ansible``; returns the task's result and everything that was printed at -vvv.

    The result gets ``failed`` from the exit status, because the file that it is read from leaves it out.
    """
    results = tmp_path / ("action" if in_process else "module")
    command = [sys.executable, "-m", "ansible", "adhoc", "localhost", "--inventory", "localhost,", "-vvv"]
    command += ["--module-name", f"llmops.gke.{module}", "--args", json.dumps(arguments), "--tree", str(results)]
    command += [
        "--extra-vars",
        json.dumps({"llmops_in_process": in_process, "ansible_connection": "local", **(variables or {})}),
    ]
    command += ["--extra-vars", f"ansible_python_interpreter={sys.executable}"]
    environment = os.environ | {"ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "LC_ALL": "C.UTF-8"}
    environment["ANSIBLE_HOME"] = str(tmp_path / "home")
    # From core 2.21 on, a result holds its arguments only where that is asked for.
    environment["ANSIBLE_INJECT_INVOCATION"] = "true"
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    written = results / "localhost"
    assert written.exists(), done.stdout + done.stderr
    result = {**json.loads(written.read_text()), "failed": done.returncode != 0}
    return result, done.stdout + done.stderr


def without_the_unequal(result: dict[str, Any]) -> dict[str, Any]:
    """The parts of a result that both carriers must give alike."""
    return {name: value for name, value in result.items() if name not in ("duration", "invocation", "ansible_facts")}


@pytest.mark.parametrize("refused", [False, True])
def test_both_carriers_give_the_same_result(tmp_path, refused):
    answer = google_error(403, "PERMISSION_DENIED", "no way") if refused else {"clusters": [{"name": "one"}]}
    results = []
    with FakeServer({("GET", "/v1/projects/my-project/locations/us-central1/clusters"): answer}) as server:
        options = {
            "project": "my-project",
            "location": "us-central1",
            "access_token": TOKEN,
            "container_api_endpoint": f"{server.url}/",
        }
        for in_process in (True, False):
            result, printed = run_module(tmp_path, options, in_process=in_process)
            assert ("AnsiballZ" in printed) != in_process, "the other carrier ran"
            assert TOKEN not in printed.replace(json.dumps(options), "")
            assert result["invocation"]["module_args"]["access_token"] == "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"
            results.append(without_the_unequal(result))
    assert results[0] == results[1]
    assert results[0]["failed"] is refused


@pytest.mark.parametrize("in_process", [True, False])
def test_an_option_that_does_not_exist_is_refused_by_name(tmp_path, in_process):
    result, _printed = run_module(
        tmp_path, {"project": "my-project", "location": "us-central1", "nmae": "x"}, in_process=in_process
    )
    assert result["failed"] is True
    assert "Unsupported parameters" in result["msg"] and "nmae" in result["msg"]


@pytest.mark.parametrize("in_process", [True, False])
def test_a_definition_is_completed_by_what_is_given_beside_it(tmp_path, in_process):
    pool = {"name": "gpu", "status": "RUNNING", "autoscaling": {"enabled": True, "maxNodeCount": 2, "minNodeCount": 1}}
    path = "/v1/projects/my-project/locations/us-central1/clusters/c1/nodePools/gpu"
    with FakeServer({("GET", path): pool}) as server:
        place = {"access_token": TOKEN, "container_api_endpoint": f"{server.url}/"}
        limits = {"enabled": True, "max_node_count": "2", "min_node_count": 5}
        place |= {"project": "my-project", "location": "us-central1", "cluster": "c1"}
        given = {**place, "definition": {"name": "gpu", "autoscaling": limits}, "autoscaling": {"min_node_count": 1}}
        result, _printed = run_module(tmp_path, given, in_process=in_process, module="gke_node_pool")
    assert (result["changed"], result["plan"]) == (False, [])


@pytest.mark.parametrize(
    ("definition", "message"),
    [
        ({"state": "absent"}, "Unsupported parameters for (llmops.gke.gke_cluster) module: definition.state."),
        ({"release_channel": {"channel": "FAST"}}, "value of channel must be one of: RAPID, REGULAR"),
    ],
    ids=["not a field", "choice"],
)
def test_a_mistake_in_a_definition_is_refused_as_that_of_an_option(tmp_path, definition, message):
    place = {"project": "my-project", "location": "us-central1", "name": "c1", "access_token": TOKEN}
    told = set()
    for in_process in (True, False):
        arguments = {**place, "definition": definition}
        result, _printed = run_module(tmp_path, arguments, in_process=in_process, module="gke_cluster")
        assert result["failed"] is True
        assert message in result["msg"]
        told.add(result["msg"])
    assert len(told) == 1


def test_the_module_carrier_keeps_secrets_among_other_options_out_of_syslog(monkeypatch, capsys):
    from ansible.module_utils import basic
    from ansible.module_utils.testing import patch_module_args

    from ansible_collections.llmops.gke.plugins.modules import k8s_apply

    logged: list[str] = []
    monkeypatch.setattr(basic.AnsibleModule, "log", lambda _self, msg, **_kwargs: logged.append(str(msg)))
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "stringData": {"HF_TOKEN": TOKEN}}
    with patch_module_args({"manifests": [secret], "kubeconfig": "/nowhere"}), pytest.raises(SystemExit):
        k8s_apply.main()
    assert TOKEN not in "".join(logged)
    assert TOKEN not in capsys.readouterr().out


def in_role(
    tmp_path: Path, task: dict[str, Any], variables: dict[str, Any], *, in_process: bool
) -> tuple[dict[str, Any], str]:
    """The result of a task in a role, and everything that was printed."""
    role = tmp_path / "roles" / "tiny"
    task = {**task, "register": "tiny_found", "ignore_errors": True}
    shown = {"ansible.builtin.copy": {"content": "{{ tiny_found }}", "dest": str(tmp_path / "result")}}
    for name, content in (("tasks", [task, shown]), ("vars", variables)):
        (role / name).mkdir(parents=True)
        (role / name / "main.yml").write_text(json.dumps(content))
    play = {"hosts": "all", "gather_facts": False, "roles": ["tiny"]}
    (tmp_path / "play.yml").write_text(json.dumps([play]))
    command = [sys.executable, "-m", "ansible", "playbook", "--inventory", "localhost,", str(tmp_path / "play.yml")]
    command += ["--extra-vars", json.dumps({"llmops_in_process": in_process, "ansible_connection": "local"})]
    command += ["--extra-vars", f"ansible_python_interpreter={sys.executable}"]
    environment = os.environ | {"ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "LC_ALL": "C.UTF-8"}
    environment["ANSIBLE_HOME"] = str(tmp_path / "home")
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads((tmp_path / "result").read_text()), done.stdout + done.stderr


@pytest.mark.parametrize("in_process", [True, False])
def test_in_a_role_a_failure_names_the_variable_of_the_inventory(tmp_path, in_process):
    options = {"project": "my-project", "location": "nowhere", "access_token": TOKEN}
    variables = {"__tiny_variables": {"location": "{{ tiny_prefix }}_location"}, "tiny_prefix": "tiny"}
    result, _printed = in_role(tmp_path, {"llmops.gke.gke_cluster_info": options}, variables, in_process=in_process)
    assert result["msg"].startswith("tiny_location: 'nowhere' is not accepted; it takes a region such as us-central1")
    assert (result["error"]["option"], result["error"]["variable"]) == ("location", "tiny_location")
    assert "marked" not in result["error"]


@pytest.mark.parametrize("in_process", [True, False])
def test_in_a_role_a_warning_names_the_variable_of_the_inventory(tmp_path, in_process):
    lack = {"code": "GCE_STOCKOUT", "message": "No machine is left."}
    live = {"name": "c1", "status": "DEGRADED", "conditions": [lack]}
    path = "/v1/projects/my-project/locations/us-central1/clusters/c1"
    with FakeServer({("GET", path): live}) as server:
        options = {"project": "my-project", "location": "us-central1", "name": "c1", "access_token": TOKEN}
        task = {"llmops.gke.gke_cluster": options | {"container_api_endpoint": server.url}}
        result, printed = in_role(
            tmp_path, task, {"__tiny_variables": {"locations": "tiny_zones"}}, in_process=in_process
        )
    (warning,) = result["warnings"]
    assert warning.startswith(
        "cluster c1 is DEGRADED: No machine is left; name other zones of the region in tiny_zones"
    )
    assert "marked_warnings" not in result
    told = " ".join(printed.split())
    assert told.count("in tiny_zones, or another machine type") == 1 and "region in locations" not in told


def test_what_tasks_share_is_loaded_before_ansible_forks_them():
    """Model servers are imported once, not in each task that speaks to one, and no collection in one looks at them."""
    program = (
        "import gc, importlib, sys\n"
        "package = 'ansible_collections.llmops.gke.plugins'\n"
        "importlib.import_module(f'{package}.action.llm_generate')\n"
        "engines = [f'{package}.module_utils.serving.{name}.engine' for name in ('tgi', 'vllm')]\n"
        "print([name for name in engines if name not in sys.modules], gc.isenabled())\n"
        "print(gc.get_freeze_count() > 9 * len(gc.get_objects()))"
    )
    environment = os.environ | {"PYTHONPATH": str(ROOT / "collections")}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[:2] == ["[] True", "True"]
