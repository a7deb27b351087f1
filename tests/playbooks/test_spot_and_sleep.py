# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Spot with on demand behind it: out of stock, reclaimed, switched off; and a model that sleeps without a GPU.

The tests of this file build on each other, in their order: one deployment serves them all.
"""

from __future__ import annotations

import pytest
import requests

from tests.playbooks.playground import until
from tests.playbooks.watching import Watcher

BOTH = {"llmops_spot": True, "gpu_nodepool_on_demand_fallback": True}
ASLEEP = BOTH | {"llmops_replicas": 0}
SPOT, ON_DEMAND = "mistral-gpu-pool", "mistral-gpu-pool-on-demand"


@pytest.fixture(scope="module")
def watcher(sandbox) -> Watcher:
    return Watcher(sandbox)


def fault(sandbox, name: str, **match: str) -> None:
    body = {"name": name, "match": match}
    requests.post(f"{sandbox.endpoints['admin']}/faults", json=body, timeout=10).raise_for_status()


def no_faults(sandbox) -> None:
    requests.delete(f"{sandbox.endpoints['admin']}/faults", timeout=10).raise_for_status()


def words(run) -> str:
    return " ".join(run.output.split())


def nodes(watcher) -> dict[str, int]:
    return {name: len(found) for name, found in watcher.pools().items() if name != "default-pool"}


def test_what_cannot_be_is_refused_by_name(sandbox):
    sandbox.forget_requests()
    wrong = {"gpu_nodepool_on_demand_fallback": True, "model_server_hpa_enabled": True}
    wrong |= {"model_server_hpa_max_replicas": 5}
    run = sandbox.play("deploy.yml", variables=wrong | {"model_server_hpa_min_replicas": 0})
    assert run.code != 0
    assert "gpu_nodepool_on_demand_fallback: true is not accepted; it takes true only with llmops_spot" in words(run)
    assert "model_server_hpa_min_replicas: 0 is not accepted; it takes 1 at least" in words(run)
    assert "llmops_replicas: 0 lets it sleep" in words(run)
    assert "replicas that the play's node pools can hold: 4 at most" in words(run)
    assert sandbox.writes() == []


def test_out_of_spot_the_model_serves_on_demand_and_says_so(sandbox, watcher):
    fault(sandbox, "stockout", pool=SPOT)
    sandbox.forget_requests()
    run = sandbox.play("deploy.yml", variables=BOTH)
    assert run.code == 0, run.output
    # Both pools are created without nodes, once the cluster is there.
    assert len([call for call in sandbox.writes() if call.endswith("/nodePools")]) == 2
    assert nodes(watcher) == {SPOT: 0, ON_DEMAND: 1}
    told = words(run)
    assert (
        f"runs on g2-standard-12 of {ON_DEMAND} in us-central1-a, on demand the autoscaler said: Node scale up" in told
    )
    assert "GCE out of resources" in told.partition("runs on")[2]
    again = sandbox.play("deploy.yml", variables=BOTH)
    assert (again.code, again.recap["changed"]) == (0, 0), again.output


def test_status_shows_both_and_no_drift(sandbox):
    told = words(sandbox.play("status.yml", variables=BOTH))
    assert f"node pool {SPOT}: RUNNING, g2-standard-12, Spot with 1 x nvidia-l4, 0 to 2 nodes a zone" in told
    assert f"node pool {ON_DEMAND}: RUNNING, g2-standard-12 with 1 x nvidia-l4, 0 to 2 nodes a zone" in told
    assert "no drift" in told


def test_a_model_that_sleeps_costs_no_gpu_and_wakes(sandbox, watcher):
    no_faults(sandbox)
    run = sandbox.play("deploy.yml", variables=ASLEEP)
    assert run.code == 0, run.output
    assert "mistralai/Mistral-7B-Instruct-v0.1 sleeps: it has no replicas, and nothing answers" in words(run)
    left = "USD an hour once its empty nodes are gone no GPU, once the autoscaler has removed the empty nodes"
    assert left in words(run)
    again = sandbox.play("deploy.yml", variables=ASLEEP)
    assert (again.code, again.recap["changed"]) == (0, 0), again.output
    until(lambda: nodes(watcher) == {SPOT: 0, ON_DEMAND: 0}, "no GPU node is left")
    told = sandbox.play("verify.yml", "--limit", "mistral-*", variables={"llmops_replicas": 0})
    assert told.code == 0, told.output
    command = words(told).rpartition("wake it ")[2].partition("changed ")[0].replace("\\ ", "")
    assert "playbooks/deploy.yml --limit 'mistral-*' -e " in command
    assert command.count("llmops_replicas") == 1 and " -e llmops_replicas=1" in command
    assert "asleep default/mistral-7b sleeps: 0 replicas are asked for" in words(told)
    woken = sandbox.play("deploy.yml", variables=BOTH)
    assert woken.code == 0, woken.output
    assert nodes(watcher) == {SPOT: 1, ON_DEMAND: 0}
    assert "runs on g2-standard-12 of mistral-gpu-pool in us-central1-a, Spot" in words(woken)


def test_a_spot_machine_that_is_taken_back_is_replaced_on_demand(sandbox, watcher):
    (taken,) = watcher.pools()[SPOT]
    fault(sandbox, "stockout", pool=SPOT)
    fault(sandbox, "spot_reclaim", node=taken)
    until(lambda: nodes(watcher) == {SPOT: 0, ON_DEMAND: 1} and watcher.replicas() == (1, 1), "another one serves")
    pods = watcher.get("pods", "-l", "app=mistral-7b")["items"]
    assert [pod["spec"]["nodeName"] for pod in pods if pod["status"]["phase"] == "Running"] == watcher.pools()[
        ON_DEMAND
    ]
    run = sandbox.play("verify.yml")
    assert run.code == 0, run.output
    assert f"of {ON_DEMAND} in us-central1-a, on demand" in words(run)
    no_faults(sandbox)


def test_verify_names_the_phase_in_which_a_model_hangs_and_explains_the_wait(sandbox, watcher):
    model = ("--tags", "tgi_mistral")
    assert sandbox.play("deploy.yml", *model, variables=ASLEEP).code == 0
    until(lambda: watcher.get("pods", "-l", "app=mistral-7b")["items"] == [], "no pod is left")
    asleep = sandbox.play("verify.yml")
    assert asleep.code != 0
    assert "default/mistral-7b sleeps: 0 replicas are asked for, so nothing answers" in words(asleep)
    until(lambda: nodes(watcher) == {SPOT: 0, ON_DEMAND: 0}, "the nodes are gone")
    fault(sandbox, "stockout", pool=f"{SPOT}.*")
    late = sandbox.play("deploy.yml", *model, variables=BOTH | {"model_server_timeout": 3})
    assert late.code != 0
    assert "no node fits pod mistral-7b-" in words(late)
    (pod,) = watcher.get("pods", "-l", "app=mistral-7b")["items"]
    name = pod["metadata"]["name"]
    hanging = sandbox.play("verify.yml")
    assert hanging.code != 0
    assert f"0 of 1 replicas serve; pod {name} is in the phase machine for " in words(hanging)
    assert "GCE out of resources" in words(hanging)
    no_faults(sandbox)
    until(lambda: watcher.replicas() == (1, 1), "one replica is ready")
    run = sandbox.play("verify.yml")
    assert run.code == 0, run.output
    first_wait = words(run).partition("start-up ")[2]
    places = [
        first_wait.index(f"{phase} ")
        for phase in ("asked", "machine", "scheduled", "image", "weights", "load", "ready", "the first answer took")
    ]
    assert places == sorted(places)


def test_an_autoscaler_sleeps_and_wakes_with_its_model(sandbox, watcher):
    scaled = BOTH | {"model_server_hpa_enabled": True}
    first = sandbox.play("deploy.yml", variables=scaled)
    assert first.code == 0, first.output
    run = sandbox.play("deploy.yml", variables=scaled | {"llmops_replicas": 0})
    assert run.code == 0, run.output

    def rests() -> bool:
        conditions = watcher.get("hpa", "mistral-7b-hpa")["status"]["conditions"]
        return {one["type"]: one["reason"] for one in conditions}["ScalingActive"] == "ScalingDisabled"

    until(rests, "the autoscaler rests")
    assert watcher.replicas() == (0, 0)
    woken = sandbox.play("deploy.yml", variables=scaled)
    assert woken.code == 0, woken.output
    assert watcher.replicas()[1] >= 1


def test_switched_off_the_second_pool_goes_and_the_plan_says_so(sandbox, watcher):
    off = {"llmops_spot": True, "gpu_nodepool_min_node_count": 0}
    planned = sandbox.play("deploy.yml", "--check", "--diff", "--tags", "gpu_nodepool", variables=off)
    assert f"name: {ON_DEMAND}" in words(planned) and planned.recap["changed"] == 1, planned.output
    assert ON_DEMAND in watcher.pools()
    assert f"left over: node pool {ON_DEMAND}" in words(sandbox.play("status.yml", variables=off))
    run = sandbox.play("deploy.yml", "--tags", "gpu_nodepool", variables=off)
    assert run.code == 0 and run.recap["changed"] == 1, run.output
    assert ON_DEMAND not in watcher.pools()
    again = sandbox.play("deploy.yml", "--tags", "gpu_nodepool", variables=off)
    assert again.code == 0 and again.recap["changed"] == 0, again.output


def test_teardown_removes_both_pools(sandbox):
    assert sandbox.play("deploy.yml", "--tags", "gpu_nodepool", variables=BOTH).code == 0
    sandbox.forget_requests()
    assert sandbox.play("teardown.yml", variables=BOTH).code == 0
    deleted = [
        call.rpartition("/")[2] for call in sandbox.writes() if call.startswith("DELETE") and "/nodePools/" in call
    ]
    assert deleted == [ON_DEMAND, SPOT]


def test_a_model_that_sleeps_from_its_first_day_gets_no_gpu(sandbox, watcher):
    run = sandbox.play("deploy.yml", variables={"gpu_nodepool_min_node_count": 0, "llmops_replicas": 0})
    assert run.code == 0, run.output
    assert nodes(watcher) == {SPOT: 0}
    assert watcher.get("pods", "-l", "app=mistral-7b")["items"] == []
    # The cluster, three nodes of its own pool, and no machine with a GPU.
    assert (
        "about 0.71 USD an hour (519 a month) with the first nodes, 0.3 USD an hour (222 a month) at the least"
        in words(run)
    )
