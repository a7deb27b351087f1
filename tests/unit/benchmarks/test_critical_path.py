# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The least time that a first deployment can take, and where the milestones of a run are."""

from __future__ import annotations

import pytest

from benchmarks.critical_path import DURATIONS, LOADING, Step, critical_path, steps
from benchmarks.makespan import Span, milestones, table
from llmops_gke_sandbox.durations import read
from llmops_gke_sandbox.workloads.llm.workload import LOAD_SECONDS


@pytest.mark.parametrize(("streaming", "seconds"), [(True, 570.0), (False, 780.0)])
def test_the_way_goes_over_the_gpu_node_and_what_the_model_needs_there(streaming: bool, seconds: float):
    chain = ["cluster", "node", "driver", "image", "weights", "loading"]
    assert critical_path(steps(DURATIONS, streaming=streaming)) == (seconds, chain)


def test_a_slow_address_or_pool_is_on_the_way():
    assert critical_path(steps({**DURATIONS, "address": 400.0}, streaming=True)) == (700.0, ["cluster", "address"])
    assert critical_path(steps({**DURATIONS, "pool": 500.0}, streaming=True)) == (800.0, ["cluster", "pool"])


def test_nothing_takes_no_time():
    assert critical_path({}) == (0.0, [])


def test_steps_that_wait_for_each_other_are_refused():
    with pytest.raises(ValueError, match="wait for each other: a after b after a"):
        critical_path({"a": Step(1.0, ("b",)), "b": Step(1.0, ("a",))})


def test_the_sandbox_takes_these_durations_and_loads_as_long():
    assert read(DURATIONS).weights == DURATIONS["weights"]
    assert LOADING == LOAD_SECONDS


def request(second: int, method: str, path: str) -> dict[str, str]:
    return {"time": f"2026-01-01T00:00:{second:02}.500000Z", "method": method, "path": path}


def test_milestones_are_what_was_first_asked_for_in_earnest():
    place = "/container/v1/projects/p/locations/us-central1/clusters"
    log = [
        request(1, "GET", place),
        request(2, "POST", place),
        request(3, "POST", f"{place}/c/nodePools"),
        request(4, "PATCH", "/apis/apps/v1/namespaces/default/deployments/m?fieldManager=f&dryRun=All"),
        request(5, "PATCH", "/apis/apps/v1/namespaces/default/deployments/m?fieldManager=f"),
        request(6, "PATCH", "/apis/apps/v1/namespaces/default/deployments/m?fieldManager=f"),
    ]
    began = 1767225600.0
    assert milestones(log, began, 10.0) == {"the cluster": 25.0, "its GPU pool": 35.0, "the Deployment": 55.0}


def test_the_tutorial_s_deployment_counts_though_kubectl_posts_it():
    log = [request(7, "POST", "/apis/apps/v1/namespaces/default/deployments?fieldManager=kubectl-client-side-apply")]
    assert milestones(log, 1767225600.0, 1.0) == {"the Deployment": 7.5}


def test_the_table_holds_each_way_against_the_least_possible():
    span = Span("deploy.yml", 598.0, 570.0, {"the cluster": 2.0})
    assert table([span.to_dict()]).splitlines()[-1] == "| deploy.yml | 2 |  |  | 598 | 570 | 1.05 |"
