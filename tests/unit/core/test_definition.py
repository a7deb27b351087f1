# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The option that holds others: what it and the options beside it come to, before anything is validated."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.core.result import Result
from ansible_collections.llmops.gke.plugins.module_utils.core.runner import ModuleSpec, with_definition

SPEC = ModuleSpec(
    run=lambda _options, _check, _progress: Result(),
    argument_spec={"name": {}, "state": {}, "colour": {}, "size": {}, "definition": {"type": "dict"}},
    definition=frozenset({"colour", "size"}),
)


@pytest.mark.parametrize(
    ("given", "completed"),
    [
        ({"name": "a"}, {"name": "a"}),
        ({"definition": None, "colour": "red"}, {"definition": None, "colour": "red"}),
        ({"definition": {"colour": "red", "size": {"x": 1}}}, {"colour": "red", "size": {"x": 1}}),
        ({"definition": {"colour": "red"}, "colour": "blue"}, {"colour": "blue"}),
        ({"definition": {"colour": "red"}, "colour": None}, {"colour": "red"}),
        (
            {"definition": {"size": {"x": {"y": 1, "z": 2}}}, "size": {"x": {"z": 3}, "w": 4}},
            {"size": {"x": {"y": 1, "z": 3}, "w": 4}},
        ),
        ({"definition": {"size": {"x": 1}}, "size": []}, {"size": []}),
        ({"definition": '{"colour": "red"}'}, {"colour": "red"}),
        ({"definition": {"state": "absent"}, "state": "present"}, {"definition.state": "absent", "state": "present"}),
        ({"definition": {"colur": "red"}}, {"colur": "red"}),
        ({"definition": ["red"]}, {"definition": ["red"]}),
    ],
)
def test_arguments_are_completed_from_the_definition(given: dict[str, Any], completed: dict[str, Any]):
    before = repr(given)
    assert with_definition(SPEC, given) == completed
    assert repr(given) == before


def test_a_module_without_the_option_gets_its_arguments_as_they_are():
    plain = ModuleSpec(run=SPEC.run, argument_spec={"definition": {}})
    assert with_definition(plain, {"definition": {"colour": "red"}}) == {"definition": {"colour": "red"}}
