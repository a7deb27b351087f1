# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the first zone is out of stock, deploy.yml serves the model from the next; where all are, it says what to do.

The tests of this file build on each other, in their order: one deployment serves them all.
"""

from __future__ import annotations

from typing import Any

import requests

ZONES = [f"us-central1-{letter}" for letter in "abc"]
IN_ORDER = {"gpu_nodepool_locations": ZONES, "gpu_nodepool_locations_in_order": True}


def out_of_stock(sandbox: Any, zone: str) -> None:
    fault = {"name": "stockout", "match": {"zone": zone, "pool": ".*gpu.*"}}
    requests.post(f"{sandbox.endpoints['admin']}/faults", json=fault, timeout=10).raise_for_status()


def pools(sandbox: Any) -> dict[str, int]:
    """The nodes of each pool by the sandbox's own account."""
    status = requests.get(f"{sandbox.endpoints['admin']}/status", timeout=10).json()
    return {name: len(pool["nodes"]) for name, pool in status["clusters"][0]["node_pools"].items()}


def test_the_model_is_served_from_the_second_zone(sandbox):
    out_of_stock(sandbox, ZONES[0])
    run = sandbox.play("deploy.yml", variables=IN_ORDER)
    assert run.code == 0, run.output
    told = " ".join(run.output.split())
    assert f"node pool mistral-gpu-pool goes to {ZONES[1]}, because {ZONES[0]} is out of stock" in told
    assert [call for call in sandbox.writes() if call.startswith("DELETE") and "nodePools" in call] == [
        "DELETE /container/v1/projects/sandbox-project/locations/us-central1/clusters/mistral-cluster-gke/nodePools/"
        "mistral-gpu-pool"
    ]
    assert pools(sandbox)["mistral-gpu-pool"] == 1


def test_the_pool_stays_there(sandbox):
    requests.delete(f"{sandbox.endpoints['admin']}/faults", timeout=10).raise_for_status()
    run = sandbox.play("deploy.yml", variables=IN_ORDER)
    assert run.code == 0, run.output
    assert run.recap["changed"] == 0, run.output
    checked = sandbox.play("deploy.yml", "--check", "--diff", "--tags", "gpu_nodepool", variables=IN_ORDER)
    assert checked.code == 0 and checked.recap["changed"] == 0, checked.output


def test_without_stock_anywhere_each_zone_is_named_and_what_to_do(sandbox):
    for zone in ZONES:
        out_of_stock(sandbox, zone)
    other = {**IN_ORDER, "gpu_nodepool_name": "more-gpus"}
    run = sandbox.play("deploy.yml", "--tags", "gpu_nodepool", variables=other)
    assert run.code != 0
    told = " ".join(run.output.split())
    assert "node pool more-gpus: every zone of gpu_nodepool_locations is out of stock" in told
    for zone in ZONES:
        assert f"zones/{zone}' does not have enough resources available" in told
    assert "the pool was deleted, so that no node comes later unasked" in told
    assert "Spot machines (llmops_spot: true), a reservation" in told
    assert sorted(pools(sandbox)) == ["default-pool", "mistral-gpu-pool"]


def test_more_replicas_than_one_zone_holds_are_refused_beforehand(sandbox):
    run = sandbox.play("deploy.yml", "--tags", "preflight", variables={**IN_ORDER, "llmops_replicas": 3})
    assert run.code != 0
    assert "replicas that the play's node pools can hold: 2 at most" in " ".join(run.output.split())
