# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action deployment_plan: every option resolved and validated, no secret, and names that nobody knows."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template
from working_copy import ROOT

from ansible_collections.llmops.gke.plugins.action import deployment_plan
from ansible_collections.llmops.gke.plugins.plugin_utils.role_variables import (
    Role,
    read_roles,
    role_of,
    roles_of_play,
    unknown_variables,
)

SPECS = {
    "llmops": {
        "llmops_name": {"type": "str", "default": "x"},
        "llmops_replicas": {"type": "int"},
        "llmops_hf_token": {"type": "str", "no_log": True},
        "llmops_api_key": {"type": "str", "no_log": True},
        "llmops_zones": {"type": "list", "elements": "str"},
    },
    "pool": {
        "pool_count": {"type": "int"},
        "pool_machine": {"type": "str", "choices": ["small", "large"]},
        "pool_needed": {"type": "str", "required": True},
        "pool_env": {"type": "dict"},
        "pool_url": {"type": "str"},
        "pool_limits": {"type": "dict", "options": {"least": {"type": "int"}, "pin": {"type": "str", "no_log": True}}},
    },
    "other": {"other_timeout": {"type": "int"}},
    "later": {"later_count": {"type": "int"}, "later_kept": {"type": "str", "default": "of another entry point"}},
}
TOKEN = "hf_canary"


@pytest.fixture
def roles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the roles of SPECS, where the action looks."""
    for role, options in SPECS.items():
        entry = "deployment" if role == "llmops" else "main"
        (tmp_path / role / "meta").mkdir(parents=True)
        (tmp_path / role / "vars").mkdir()
        (tmp_path / role / "tasks").mkdir()
        specs = {"argument_specs": {entry: {"options": options}}}
        (tmp_path / role / "meta" / "argument_specs.yml").write_text(json.dumps(specs))
    (tmp_path / "pool" / "vars" / "main.yml").write_text("---\n__pool_plan:\n  nested_key: 1\npool_former: 2\n")
    (tmp_path / "pool" / "tasks" / "main.yml").write_text(
        "- name: One\n  ansible.builtin.command: x\n  register: pool_found\n"
        "- name: Two\n  ansible.builtin.set_fact:\n    pool_noted: 1\n"
    )
    for role, text in (("later", "---\n# How many.\nlater_count: 1\n"), ("llmops", "llmops_name: x\n")):
        (tmp_path / role / "defaults").mkdir()
        (tmp_path / role / "defaults" / "main.yml").write_text(text)
    monkeypatch.setattr(deployment_plan, "ROLES", read_roles(tmp_path))
    return tmp_path


def trusted(value: Any) -> Any:
    if isinstance(value, str):
        return trust_as_template(value)
    if isinstance(value, dict):
        return {key: trusted(item) for key, item in value.items()}
    return [trusted(item) for item in value] if isinstance(value, list) else value


def plan(*role_names: str, refuse: Sequence[str] = (), **variables: Any) -> dict[str, Any]:
    variables = {"inventory_hostname": "one", "ansible_play_role_names": list(role_names), **trusted(variables)}
    result = run(variables, {"refuse": list(refuse)} if refuse else {})
    assert not result.get("failed"), result
    found = json.loads(result["plan"])
    assert (result["changed"], result["errors"]) == (False, found["errors"])
    return found


def run(variables: dict[str, Any], arguments: dict[str, Any]) -> dict[str, Any]:
    """The result of a task with these variables in sight."""
    task = SimpleNamespace(args=arguments, async_val=0, check_mode=True, diff=False, delegate_to=None)
    templar = Templar(DataLoader(), variables=variables)
    connection = SimpleNamespace(_shell=SimpleNamespace(tmpdir="there"))
    action = deployment_plan.ActionModule(task, connection, SimpleNamespace(), DataLoader(), templar, None)
    return action.run(None, variables)


GOOD = {"llmops_name": "mistral", "pool_needed": "here"}


def test_the_options_of_the_plays_roles_and_of_the_shared_one_are_resolved(roles):
    found = plan("llmops.gke.pool", **GOOD, pool_count="{{ llmops_replicas + 1 }}", llmops_replicas=2, other_timeout=3)
    assert (found["host"], found["roles"]) == ("one", ["llmops", "pool"])
    assert found["options"] == {
        "llmops_name": "mistral",
        "llmops_replicas": 2,
        "pool_count": 3,
        "pool_needed": "here",
    }
    assert (found["errors"], found["refused"], found["unknown"]) == ([], [], [])


def test_plans_and_variables_of_the_roles_are_collected(roles):
    found = plan(
        "pool",
        **GOOD,
        __pool_plan={"node_pools": [{"name": "{{ llmops_name }}", "config": {"api_key": TOKEN}}]},
        __pool_variables={"config.count": "pool_{{ 'count' }}"},
        __other_plan={"never": 1},
    )
    assert found["plans"] == {"pool": {"node_pools": [{"name": "mistral", "config": {"api_key": "(hidden)"}}]}}
    assert found["variables"] == {"pool": {"config.count": "pool_count"}}


def test_a_role_whose_variables_are_not_in_sight_is_left_out_with_a_warning(roles, monkeypatch):
    said = []
    monkeypatch.setattr(deployment_plan.display, "warning", said.append)
    # As include_role leaves it before it runs, and for the next item of a loop.
    found = plan("pool", "llmops.gke.later", **GOOD, later_kept="by the inventory")
    assert (found["roles"], found["errors"], found["refused"]) == (["llmops", "pool"], [], [])
    assert said == [
        "the variables of role later are not checked, because include_role keeps them from the rest of the play; "
        "use import_role or roles to have them checked"
    ]
    # Without any role in the play, not even the shared variables are there.
    assert (plan()["roles"], len(said)) == (["llmops"], 1)
    found = plan("pool", "later", **GOOD, later_count=2)
    assert (found["roles"], len(said)) == (["llmops", "pool", "later"], 1)


def test_what_argument_specs_refuse_is_told_in_one_line_each(roles):
    found = plan("pool", llmops_replicas="many", pool_machine="huge", pool_limits={"lest": 1, "least": "x"})
    assert found["options"] == {}
    assert found["refused"] == ["llmops_replicas", "pool_machine", "pool_needed", "pool_limits"]
    told = "\n".join(found["errors"])
    for part in (
        "llmops_replicas",
        "value of pool_machine must be one of: small, large, got: huge",
        "pool_needed: is required; set it in your inventory",
        "pool_limits.lest. Supported parameters include: least, pin",
    ):
        assert part in told
    assert all("\n" not in line for line in found["errors"])


def test_what_has_its_wrong_value_from_another_option_is_not_told_again(roles):
    templates = {"pool_count": "{{ llmops_replicas }}", "pool_machine": "{{ pool_count }}"}
    found = plan("pool", llmops_name="mistral", llmops_replicas="many", pool_needed="{{ pool_needed }}", **templates)
    assert found["refused"] == ["llmops_replicas", "pool_count", "pool_machine", "pool_needed"]
    (replicas, needed) = found["errors"]
    assert replicas == 'llmops_replicas: "many" is not accepted; it takes a whole number'
    # Who asks itself has it from nobody else.
    assert needed.startswith("pool_needed: cannot be resolved: ")


def test_what_cannot_be_resolved_is_an_error_that_names_the_option(roles):
    found = plan("pool", **GOOD, pool_count="{{ nowhere.to.be.found }}", __pool_plan={"a": "{{ pool_count }}"})
    assert found["refused"] == ["pool_count", "__pool_plan"]
    (line,) = found["errors"]
    assert line.startswith("pool_count: cannot be resolved: ") and "nowhere" in line


def test_a_plan_that_cannot_be_resolved_is_an_error_where_no_option_is_to_blame(roles):
    (line,) = plan("pool", **GOOD, __pool_plan={"a": "{{ nowhere }}"})["errors"]
    assert line.startswith("__pool_plan: cannot be resolved: ")


def test_secrets_never_come_along(roles):
    found = plan(
        "pool",
        **GOOD,
        llmops_hf_token=TOKEN,
        pool_env={"HF_TOKEN": TOKEN, "api_key": TOKEN, "MAX_TOKENS": 5, "nested": [{"password": TOKEN}]},
        pool_url=f"http://user:{TOKEN}@host/path",
        pool_limits={"least": 1, "pin": TOKEN},
    )
    assert TOKEN not in json.dumps(found)
    assert found["secrets"] == {"llmops_hf_token": True}
    assert "llmops_hf_token" not in found["options"]
    assert found["options"]["pool_env"] == {
        "HF_TOKEN": "(hidden)",
        "api_key": "(hidden)",
        "MAX_TOKENS": 5,
        "nested": [{"password": "(hidden)"}],
    }
    assert found["options"]["pool_url"] == "http://***@host/path"
    assert found["options"]["pool_limits"] == {"least": 1, "pin": "(hidden)"}
    assert plan("pool", **GOOD, llmops_hf_token="")["secrets"] == {"llmops_hf_token": False}


@pytest.mark.parametrize("key", ["schl\u00fcssel", "two words", "canary\n", " "])
def test_a_key_that_no_client_could_send_is_refused_without_its_value(roles, key):
    found = plan("pool", **GOOD, llmops_api_key=key)
    (line,) = found["errors"]
    assert line.startswith("llmops_api_key: (hidden) is not accepted; it takes ") and "header" in line
    assert found["refused"] == ["llmops_api_key"]
    assert key.strip() not in json.dumps(found, ensure_ascii=False) or not key.strip()
    assert plan("pool", **GOOD, llmops_api_key="sk-A_b.c~1+/=!")["errors"] == []


def test_secrets_are_in_no_error(roles):
    found = plan("pool", **GOOD, llmops_hf_token=[TOKEN, {"a": TOKEN}], pool_limits={"least": "x", "pin": TOKEN})
    assert TOKEN not in json.dumps(found)
    assert "pool_limits" in found["refused"]


def test_a_variable_that_no_role_knows_is_told_with_the_nearest(roles):
    found = plan("pool", **GOOD, pool_replica=1, pool_contu=1, other_timeoutt=1, llmops_zzzzzz=1, elsewhere_x=1)
    assert found["unknown"] == [
        {"name": "llmops_zzzzzz", "nearest": None},
        {"name": "other_timeoutt", "nearest": "other_timeout"},
        {"name": "pool_contu", "nearest": "pool_count"},
        {"name": "pool_replica", "nearest": "llmops_replicas"},
    ]


@pytest.mark.parametrize(
    "name",
    [
        "pool_found",
        "pool_noted",
        "pool_former",
        "__pool_plan",
        "__pool_anything",
        "other_timeout",
        "llmops_in_process",
        "llmops_confirm_teardown",
        "llmops_sandbox",
        "llmops_sandbox_directory",
        "poolside",
    ],
)
def test_results_internal_names_and_those_of_playbooks_are_known(roles, name):
    assert plan("pool", **GOOD, **{name: 1})["unknown"] == []


def test_short_and_full_names_are_of_this_collection_and_foreign_ones_are_not():
    here = {name: Role(name, {}) for name in ("llmops", "pool", "other")}
    names = ["pool", "llmops.gke.pool", "acme.tools.other", "unheard"]
    assert [role.name for role in roles_of_play(here, names)] == ["llmops", "pool"]


def test_the_longest_role_owns_a_variable():
    assert role_of("gpu_nodepool_x", ["gpu", "gpu_nodepool"]) == "gpu_nodepool"
    assert role_of("gpus", ["gpu"]) is None


def test_the_nearest_name_is_of_the_same_role_where_several_are_alike():
    here = {name: Role(name, {f"{name}_timeout": {}}) for name in ("alpha", "beta", "gamma")}
    assert unknown_variables(here, ["beta_timeou"]) == [{"name": "beta_timeou", "nearest": "beta_timeout"}]


@pytest.mark.parametrize("refuse", [["all"], ["other", "pool"]])
def test_a_play_that_goes_on_without_preflight_is_refused_wrong_options_at_once(roles, refuse):
    wrong = {"llmops_replicas": "many", "pool_machine": "huge", "pool_needed": "here"}
    result = run({"ansible_play_role_names": ["pool"], **trusted(wrong)}, {"refuse": refuse})
    assert (result["failed"], result["changed"], "plan" in result) == (True, False, False)
    lines = result["msg"].splitlines()
    assert lines[-1].startswith("value of pool_machine must be one of")
    # Those of a role that is not named are for another to tell.
    assert ("llmops_replicas" in result["msg"]) == (refuse == ["all"])
    assert result["error"] == {"kind": "plan_refused", "findings": [{"text": line} for line in lines]}


def test_what_is_wrong_elsewhere_or_nowhere_is_no_reason_to_refuse(roles):
    assert plan("pool", **GOOD, refuse=["all"])["errors"] == []
    assert len(plan("pool", **GOOD, llmops_replicas="many", refuse=["pool"])["errors"]) == 1


def test_the_collections_own_roles_are_read():
    found = read_roles(ROOT / "roles")
    assert "tgi_mistral_image" in found["tgi_mistral"].options
    assert "preflight_checked" in found["preflight"].own and "preflight_planned" in found["preflight"].own
    ours = [name for role in found.values() for name in (*role.options, *role.own)]
    assert unknown_variables(found, ours) == []
    assert unknown_variables(found, ["tgi_mistral_replica"]) == [
        {"name": "tgi_mistral_replica", "nearest": "llmops_replicas"}
    ]
    # One of a former release, by what does its work now.
    assert unknown_variables(found, ["model_server_hpa_timeout"])[0]["nearest"] == "verify_timeout"
