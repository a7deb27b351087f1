# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every module has all that a module needs here: an action plugin, an action group, a unit test."""

from __future__ import annotations

import importlib
from types import ModuleType

import pytest
import yaml
from working_copy import ROOT

from ansible_collections.llmops.gke.plugins.module_utils.core.runner import ModuleSpec
from ansible_collections.llmops.gke.plugins.plugin_utils.engine_action import EngineAction

MODULES = sorted(path.stem for path in (ROOT / "plugins" / "modules").glob("*.py"))
PLAYS = {"deployment_plan", "deployment_summary", "sandbox"}
"""Look at a whole play, and ask no service: no engine, no credentials, no action group."""

ENGINES = [name for name in MODULES if name not in PLAYS]
ACTIONS = sorted(path.stem for path in (ROOT / "plugins" / "action").glob("*.py"))
HEADER = "# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)"


def loaded(kind: str, name: str) -> ModuleType:
    return importlib.import_module(f"ansible_collections.llmops.gke.plugins.{kind}.{name}")


def groups() -> dict[str, list[str]]:
    return yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text())["action_groups"]


def test_there_are_modules():
    assert MODULES


def test_every_action_plugin_is_a_module_and_the_other_way_round():
    assert ACTIONS == MODULES


def test_every_action_plugin_is_a_link_to_the_one_implementation():
    links = [ROOT / "plugins" / "action" / f"{name}.py" for name in ENGINES]
    assert {link.readlink().as_posix() if link.is_symlink() else link.name for link in links} == {
        "../plugin_utils/module_action.py"
    }


@pytest.mark.parametrize("name", ENGINES)
def test_the_action_plugin_runs_the_engine_of_its_module(name):
    action = loaded("action", name).ActionModule
    assert issubclass(action, EngineAction)
    assert isinstance(action.spec, ModuleSpec)
    assert action.spec is loaded("modules", name).SPEC


@pytest.mark.parametrize("name", MODULES)
def test_the_module_documents_itself_with_examples_of_its_own_full_name(name):
    module = loaded("modules", name)
    documentation = yaml.safe_load(module.DOCUMENTATION)
    assert documentation["module"] == name
    assert {"check_mode", "diff_mode", "idempotent"} <= set(documentation["attributes"])
    assert yaml.safe_load(module.RETURN)
    tasks = yaml.safe_load(module.EXAMPLES)
    assert any(f"llmops.gke.{name}" in task for task in tasks)


def test_every_module_is_in_one_action_group():
    grouped = sorted(name for members in groups().values() for name in members)
    assert grouped == ENGINES


@pytest.mark.parametrize("name", MODULES)
def test_the_documented_action_group_is_the_one_in_runtime_yml(name):
    fragments = yaml.safe_load(loaded("modules", name).DOCUMENTATION).get("extends_documentation_fragment", [])
    prefix = "llmops.gke.attributes.actiongroup_"
    documented = [fragment.removeprefix(prefix) for fragment in fragments if fragment.startswith(prefix)]
    assert documented == [group for group, members in groups().items() if name in members]


@pytest.mark.parametrize("name", MODULES)
def test_a_unit_test_names_the_module(name):
    tests = (ROOT / "tests" / "unit").rglob("test_*.py")
    assert any(name in path.read_text() for path in tests), f"no file in tests/unit names {name}"


@pytest.mark.parametrize("name", MODULES)
def test_the_first_page_names_the_module(name):
    rows = [line for line in (ROOT / "README.md").read_text().splitlines() if line.startswith("| `")]
    assert any(f"`{name}`" in row.split("|")[1] for row in rows), f"no row of the README's table of modules has {name}"


def test_the_licence_stands_at_the_head_of_every_plugin():
    written = [path for path in (ROOT / "plugins").rglob("*.py") if path.stat().st_size]
    assert [str(path) for path in written if HEADER not in path.read_text().splitlines()[:4]] == []
