# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a task found before it failed: not in its own result, which Ansible prints, but there for the play's summary."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.llmops.gke.plugins.action import deployment_summary
from ansible_collections.llmops.gke.plugins.modules import k8s_apply, llm_verify
from ansible_collections.llmops.gke.plugins.plugin_utils.engine_action import EngineAction
from ansible_collections.llmops.gke.plugins.plugin_utils.set_aside import found_aside


def role(name: str) -> Any:
    return SimpleNamespace(
        get_name=lambda include_role_fqcn=True: name if include_role_fqcn else name.rpartition(".")[2]
    )


ROLE = role("llmops.gke.verify")
REPORT = {"short": {"verdict": "unfit"}, "report": {"title": "The cat"}}
FOUND = {"url": "http://a", "latency": {"hot": {}}, "report": REPORT}
FAILURE = {"failed": True, "msg": "too slow", "error": {"kind": "threshold_breached"}}
STATISTICS = {"llmops_verify": {"a": {"verdict": "unfit"}}}


def shown(host: str, result: dict[str, Any], module: Any = llm_verify, of_role: Any = ROLE) -> dict[str, Any]:
    """A task's result as Ansible gets it, from a role's task or from a play's."""
    action = object.__new__(type("Action", (EngineAction,), {"spec": module.SPEC}))
    action._task = SimpleNamespace(_role=of_role, args={})
    action._templar = SimpleNamespace(template=lambda value: value)
    known = {"inventory_hostname": host, "__verify_artifacts": {"llmops_verify": "report.short"}}
    return action._shown(dict(result), known, SimpleNamespace())


def test_a_failure_is_short_and_the_summary_has_the_rest():
    result = shown("a", {**FOUND, **FAILURE})
    assert result == {"url": "http://a", **FAILURE}
    whole = deployment_summary._whole("a", "verify_result", result)
    assert whole.items() >= {**FOUND, **FAILURE}.items()
    host = SimpleNamespace(results={"verify_result": whole, "model_server_result": {"changed": True}})
    assert deployment_summary._statistics_of_failed([host, host]) == STATISTICS


@pytest.mark.parametrize("of_role", [None, role("verify"), role("my.own.verify")])
def test_where_no_summary_of_ours_follows_a_failure_keeps_what_it_found(of_role):
    result = shown("f", {**FOUND, **FAILURE}, of_role=of_role)
    assert result.items() >= {**FOUND, **FAILURE}.items()
    assert found_aside("f", "verify") == {}


def test_what_succeeds_is_left_whole_and_is_no_failures_statistics():
    result = shown("b", FOUND)
    assert result.items() >= FOUND.items() and result["ansible_stats"]["data"] == {
        "llmops_verify": {"b": {"verdict": "unfit"}}
    }
    assert deployment_summary._whole("b", "verify_result", result) == result
    assert deployment_summary._statistics_of_failed([SimpleNamespace(results={"verify_result": result})]) == {}


def test_a_later_failure_that_found_nothing_has_nothing_of_a_former_one():
    shown("c", {**FOUND, **FAILURE})
    result = shown("c", FAILURE)
    assert deployment_summary._whole("c", "verify_result", result) == result == FAILURE


def test_each_host_has_its_own_and_other_modules_leave_theirs_in_the_result():
    shown("d", {**FOUND, **FAILURE})
    assert found_aside("e", "verify") == {}
    assert shown("e", {**FOUND, **FAILURE}, k8s_apply)["latency"] == FOUND["latency"]
