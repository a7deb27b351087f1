# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""gke_operation_info: one operation or those of a location, chosen, and judged by all that tells of a failure."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.core.errors import InvalidOption
from ansible_collections.llmops.gke.plugins.module_utils.core.result import Result, silent
from ansible_collections.llmops.gke.plugins.module_utils.engines.gke import gke_operation_info
from ansible_collections.llmops.gke.plugins.module_utils.engines.gke.gke_operation_info import (
    ARGUMENT_SPEC as OPERATION_INFO,
)
from tests.unit.fake_http import FakeServer
from tests.unit.plugins.gke.gke_support import (
    CLUSTER_PATH,
    NOT_FOUND,
    OPERATION_PATH,
    PARENT,
    POOL_PATH,
    operation,
    options,
)

OLD = operation("DONE", name="operation-old", startTime="2026-01-01T00:00:00Z")
POOL = operation("RUNNING", POOL_PATH, name="operation-pool", startTime="2026-01-02T00:00:00Z")
OTHER = operation("RUNNING", f"{CLUSTER_PATH}-2", name="operation-other", startTime="2026-01-03T00:00:00Z")
ALL = {("GET", f"{PARENT}/operations"): {"operations": [OLD, POOL, OTHER]}}


def play(answers: Any, **given: Any) -> tuple[Result, FakeServer]:
    with FakeServer(answers) as server:
        return gke_operation_info.run(options(OPERATION_INFO, server.url, **given), False, silent), server


@pytest.mark.parametrize(
    ("given", "names"),
    [
        ({}, ["other", "pool", "old"]),
        ({"unfinished": True}, ["other", "pool"]),
        ({"cluster": "mistral"}, ["pool", "old"]),
        ({"cluster": "mistral", "unfinished": True}, ["pool"]),
        ({"cluster": "never-was"}, []),
    ],
)
def test_the_operations_that_are_meant_the_newest_first(given: dict[str, Any], names: list[str]):
    result, server = play(ALL, **given)
    assert [one["name"] for one in result.values["operations"]] == [f"operation-{name}" for name in names]
    assert server.calls() == [f"GET {PARENT}/operations"]
    assert not result.changed


def test_one_operation_by_name():
    result, server = play({("GET", OPERATION_PATH): operation()}, name="operation-1")
    assert [one["name"] for one in result.values["operations"]] == ["operation-1"]
    assert server.calls() == [f"GET {OPERATION_PATH}"]
    assert play({("GET", OPERATION_PATH): NOT_FOUND}, name="operation-1")[0].values["operations"] == []


def test_an_operation_that_ended_badly_says_why_and_what_to_do():
    failed = operation("DONE", nodepoolConditions=[{"code": "GCE_STOCKOUT", "message": "No L4 left."}])
    (one,) = play({("GET", OPERATION_PATH): failed}, name="operation-1")[0].values["operations"]
    assert "GCE_STOCKOUT: No L4 left; name other zones" in one["failure"]
    assert play(ALL)[0].values["operations"][-1]["failure"] is None


@pytest.mark.parametrize(
    "given",
    [{"location": "-", "name": "operation-1"}, {"location": "somewhere"}, {"cluster": "Bad"}, {"project": "NO"}],
)
def test_bad_input_is_refused_before_any_request(given: dict[str, Any]):
    with FakeServer({}) as server, pytest.raises(InvalidOption):
        gke_operation_info.run(options(OPERATION_INFO, server.url, **given), False, silent)
    assert server.calls() == []
