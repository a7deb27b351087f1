# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""In a role, a model server's setting that a message mentions is named as the variable that sets it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.llmops.gke.plugins.action.k8s_apply import ActionModule
from ansible_collections.llmops.gke.plugins.module_utils.core.errors import LlmopsError
from ansible_collections.llmops.gke.plugins.module_utils.core.option_names import option

VARIABLES = {"__model_server_variables": {"namespace": "llmops_namespace"}}


def shown(arguments: dict[str, Any], text: str, role: str = "model_server") -> str:
    action = object.__new__(ActionModule)
    action._task = SimpleNamespace(args=arguments, _role=SimpleNamespace(get_name=lambda **_given: role))
    action._templar = SimpleNamespace(template=lambda value: value)
    error = LlmopsError(text)
    result = action._shown({"msg": error.message, "error": error.to_dict()}, VARIABLES, SimpleNamespace())
    return result["msg"]


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        ({"engine": "vllm"}, "vllm_dtype"),
        ({"engine": "tgi"}, "--dtype"),
        ({"engine": "new"}, "--dtype"),
        ({}, "--dtype"),
    ],
    ids=str,
)
def test_a_setting_is_named_by_the_variables_of_the_server_that_the_task_names(arguments, name):
    said = shown(arguments, f"set {option('--dtype')} to half in {option('namespace')}")
    assert said == f"set {name} to half in llmops_namespace"


def test_in_somebody_s_own_role_it_has_its_own_name():
    assert shown({"engine": "vllm"}, f"set {option('--dtype')} to half", "theirs") == "set --dtype to half"
