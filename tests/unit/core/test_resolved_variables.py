# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Variables that are resolved once: as Ansible resolves them, and each template rendered a single time."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from ansible.errors import AnsibleError, AnsibleValueOmittedError
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.action import ActionBase
from ansible.template import Templar, trust_as_template

from ansible_collections.llmops.gke.plugins.lookup import templates
from ansible_collections.llmops.gke.plugins.plugin_utils.engine_action import EngineAction
from ansible_collections.llmops.gke.plugins.plugin_utils.resolved_variables import (
    ResolvedVariables,
    of_one_task,
    shared,
)

UNTRUSTED = "{{ name }}"


def trusted(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: trusted(item) for key, item in value.items()}
    if isinstance(value, list):
        return [trusted(item) for item in value]
    return trust_as_template(value) if isinstance(value, str) else value


VARIABLES = {
    **trusted(
        {
            "name": "mistral",
            "service": "{{ name }}-service",
            "base": {"name": "{{ name }}", "port": "{{ port }}", "left_out": "{{ omit }}", "list": ["{{ service }}"]},
            "port": 80,
            "merged": "{{ base | combine({'port': port + 1}) }}",
            "chosen": "{{ broken if port > 80 else service }}",
            "broken": "{{ nowhere }}",
            "uses_broken": "{{ broken }}",
            "tested": "{{ service is defined and nowhere is not defined }}",
            "itself": "{{ itself }}",
            "part": "{{ base.name }}",
            "part_of_list": "{{ base.list }}",
            "own_name": "{{ told.items }}",
            "no_part": "{{ base.nowhere }}",
            "part_of_text": "{{ name.nowhere }}",
            "part_of_broken": "{{ holds_broken.fine }}",
            "holds_broken": {"fine": 1, "not": "{{ nowhere }}"},
            "told": {"items": "a key that a method hides"},
        }
    ),
    "said_by_a_server": UNTRUSTED,
    "repeats_it": trust_as_template("{{ said_by_a_server }}"),
}


class Counting:
    """A templar that remembers what it rendered."""

    def __init__(self, templar: Templar, rendered: Counter[str]) -> None:
        self._templar, self.rendered = templar, rendered

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "available_variables":
            self._templar.available_variables = value
        else:
            object.__setattr__(self, name, value)

    def template(self, given: Any) -> Any:
        self.rendered[str(given)] += 1
        return self._templar.template(given)


def templar(variables: Any = None) -> Templar:
    loader = DataLoader()
    return Templar(loader, variables=variables)


def variables_with_omit() -> dict[str, Any]:
    from ansible._internal._templating._utils import Omit

    return {**VARIABLES, "omit": Omit}


def resolved(rendered: Counter[str] | None = None) -> ResolvedVariables:
    variables, counted = variables_with_omit(), Counter() if rendered is None else rendered
    return ResolvedVariables(Counting(templar(variables), counted), Counting(templar({}), counted), variables)


@pytest.mark.parametrize(
    "name",
    ["name", "service", "port", "base", "merged", "chosen", "tested", "said_by_a_server", "repeats_it", "part",
     "part_of_list"],
)  # fmt: skip
def test_a_value_is_what_ansible_makes_of_it(name):
    assert resolved().value(name) == templar(variables_with_omit()).template(VARIABLES[name])


def test_a_name_that_no_variable_has_is_none():
    assert resolved().value("nowhere") is None


def test_a_part_of_a_value_is_taken_without_a_template():
    rendered: Counter[str] = Counter()
    assert resolved(rendered).value("part") == "mistral"
    assert "{{ base.name }}" not in rendered


def test_a_key_is_no_part_where_jinja_sees_a_method():
    rendered: Counter[str] = Counter()
    with pytest.raises(AnsibleError):
        resolved(rendered).value("own_name")
    assert rendered["{{ told.items }}"]


def test_a_part_that_needs_nothing_of_what_is_broken_is_there():
    assert resolved().value("part_of_broken") == 1


@pytest.mark.parametrize("name", ["broken", "uses_broken", "itself", "no_part", "part_of_text"])
def test_what_cannot_be_resolved_fails_where_it_is_asked_for(name):
    with pytest.raises(AnsibleError):
        resolved().value(name)


def test_what_is_left_out_is_left_out():
    with pytest.raises(AnsibleValueOmittedError):
        resolved().rendered(trust_as_template("{{ omit }}"))
    assert resolved().rendered(trusted([1, "{{ omit }}", "{{ name }}"])) == [1, "mistral"]


def test_words_of_a_server_are_no_template():
    assert resolved().value("repeats_it") == UNTRUSTED


def test_each_template_is_rendered_once():
    rendered: Counter[str] = Counter()
    variables = resolved(rendered)
    for name in ("base", "merged", "service", "base"):
        variables.value(name)
    assert variables.rendered(trusted({"a": "{{ service }}", "b": "{{ service }}/{{ name }}"})) == {
        "a": "mistral-service",
        "b": "mistral-service/mistral",
    }
    assert set(rendered.values()) == {1}


def test_what_a_task_resolves_is_shared_while_its_arguments_are_resolved():
    one, other = dict(VARIABLES), dict(VARIABLES)
    with of_one_task():
        first = shared(templar(one), templar, one)
        assert shared(templar(one), templar, one) is first
        assert shared(templar(other), templar, other) is not first
        assert shared(templar(one), templar, one) is first
    assert shared(templar(one), templar, one) is not shared(templar(one), templar, one)


def test_each_item_of_a_loop_has_its_own_values():
    """Ansible puts the next item into the variables of the one before."""
    variables, seen = {"name": trust_as_template("{{ item }}")}, []
    for item in ("one", "two"):
        variables["item"] = item
        with EngineAction.get_finalize_task_args_context() as context:
            given = (trust_as_template("{{ name }}!"), templar(variables)._engine, context)
            seen.append(EngineAction.finalize_task_arg("x", *given))
    assert seen == ["one!", "two!"]


def test_ansible_core_still_asks_an_action_for_its_arguments():
    """Without this, tasks resolve each variable anew for each argument: right, and slow."""
    assert EngineAction.finalize_task_arg.__func__ is not ActionBase.finalize_task_arg.__func__


def test_template_files_are_rendered_in_the_order_of_the_terms(tmp_path):
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "service.yaml.j2").write_text("name: {{ service }}\n{% include 'port.j2' %}\n")
    (tmp_path / "templates" / "port.j2").write_text("port: {{ port }}")
    (tmp_path / "templates" / "raw.j2").write_text("{# none #}\nbackslash: '\\n' {{ repeats_it }}")
    variables = {**variables_with_omit(), "ansible_search_path": [str(tmp_path)]}
    lookup = templates.LookupModule(loader=DataLoader(), templar=templar(variables))
    assert lookup.run(["service.yaml.j2", "raw.j2"], variables) == [
        "name: mistral-service\nport: 80\n",
        "backslash: '\\n' {{ name }}",
    ]
    with pytest.raises(AnsibleError, match=r"template file gone\.j2 is not there"):
        lookup.run(["gone.j2"], variables)
