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


def shown(arguments: dict[str, Any], error: LlmopsError, role: str = "model_server") -> dict[str, Any]:
    action = object.__new__(ActionModule)
    action._task = SimpleNamespace(args=arguments, _role=SimpleNamespace(get_name=lambda **_given: role))
    action._templar = SimpleNamespace(template=lambda value: value)
    return action._shown({"msg": error.message, "error": error.to_dict()}, VARIABLES, SimpleNamespace())


def said_in_role(arguments: dict[str, Any], text: str, role: str = "model_server") -> str:
    return shown(arguments, LlmopsError(text), role)["msg"]


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
    said = said_in_role(arguments, f"set {option('--dtype')} to half in {option('namespace')}")
    assert said == f"set {name} to half in llmops_namespace"


def test_in_somebody_s_own_role_it_has_its_own_name():
    assert said_in_role({"engine": "vllm"}, f"set {option('--dtype')} to half", "theirs") == "set --dtype to half"


def test_the_data_of_a_failure_names_what_its_message_names():
    asked = f"lower {option('--dtype')}"
    crashed = LlmopsError(f"it ended; {asked}", reason=f"{option('--dtype')} is too high", advice=asked, object="pod m")
    assert crashed.fields["reason"] == "--dtype is too high"
    assert shown({"engine": "vllm"}, crashed)["error"] == {
        "kind": "error",
        "reason": "vllm_dtype is too high",
        "advice": "lower vllm_dtype",
        "object": "pod m",
    }
