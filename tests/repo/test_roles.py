# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every role says the same in its defaults, its argument_specs and its README."""

from __future__ import annotations

from typing import Any

import pytest
import role_docs
import yaml

ROLES = role_docs.documented_roles()
EACH_ROLE = pytest.mark.parametrize("role", ROLES, ids=lambda path: path.name)
NOT_GIVEN = "(no default)"


def specification(role: Any) -> dict[str, Any]:
    return yaml.safe_load((role / "meta" / "argument_specs.yml").read_text())["argument_specs"]


def is_expression(value: Any) -> bool:
    return isinstance(value, str) and "{{" in value


def test_every_step_of_the_tutorial_has_its_role():
    steps = {"preflight", "gke_cluster", "gpu_nodepool", "dcgm_exporter", "tgi_mistral", "lb_labels", "verify"}
    assert steps <= {role.name for role in ROLES}


@EACH_ROLE
def test_defaults_and_argument_specs_name_the_same_options_with_the_same_values(role):
    defaults = yaml.safe_load((role / "defaults" / "main.yml").read_text())
    options = role_docs.main_entry({"argument_specs": specification(role)})["options"]
    documented = {name: option.get("default", NOT_GIVEN) for name, option in options.items()}
    # A list of dictionaries that is an expression can't be stated as a default: the documentation would not parse.
    stated = {
        name: NOT_GIVEN if is_expression(value) and documented.get(name) == NOT_GIVEN else value
        for name, value in defaults.items()
    }
    assert documented == stated


@EACH_ROLE
def test_every_option_begins_with_the_name_of_its_role(role):
    options = [name for entry in specification(role).values() for name in entry["options"]]
    assert [name for name in options if not name.startswith(f"{role.name}_")] == []


@EACH_ROLE
def test_every_entry_point_is_a_task_file_and_says_what_it_does(role):
    for name, entry in specification(role).items():
        # The shared variables have no tasks.
        assert (role / "tasks" / f"{name}.yml").is_file() or role.name == "llmops"
        assert entry["short_description"]


@EACH_ROLE
def test_the_readme_has_the_table_of_all_options(role):
    readme = (role / "README.md").read_text()
    assert role_docs.rendered(readme, role) == readme
    # Where a value is not in the table, it stands below.
    assert "defaults/main.yml`" not in readme.split(role_docs.BEGIN)[1].split(role_docs.END)[0]


@EACH_ROLE
def test_a_role_calls_modules_and_no_shell(role):
    for path in role.rglob("tasks/*.yml"):
        used = {key for task in yaml.safe_load(path.read_text()) for key in task}
        assert not used & {f"ansible.builtin.{name}" for name in ("shell", "command", "raw", "script")}, path
