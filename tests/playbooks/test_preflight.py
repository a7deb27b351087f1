# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands in the way is told by deploy.yml in one run, whatever it is, before anything is created."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests


@pytest.fixture
def fault(sandbox) -> Iterator[Callable[..., None]]:
    """Switches a fault on until the test ends."""
    url = f"{sandbox.endpoints['admin']}/faults"

    def switch_on(name: str, **settings: Any) -> None:
        requests.post(url, json={"name": name, **settings}, timeout=10).raise_for_status()

    yield switch_on
    requests.delete(url, timeout=10).raise_for_status()


def test_bad_input_the_project_and_the_hub_are_told_together(sandbox, fault):
    fault("quota_limit", match={"metric": "NVIDIA_L4_GPUS"}, limit=0)
    fault("model_gated")
    sandbox.forget_requests()
    run = sandbox.play("deploy.yml", variables={"gpu_nodepool_min_node_count": 9})
    assert run.code != 0
    told = " ".join(run.output.split())
    for part in (
        "gpu_nodepool_min_node_count: 9 is not accepted; it takes at most gpu_nodepool_max_node_count (2)",
        "quota: NVIDIA_L4_GPUS: the first nodes of mistral-gpu-pool need 9, 0 of 0 are free in us-central1",
        "its terms were not accepted by the token's owner (403)",
        "preflight_skip: [quota]",
    ):
        assert part in told, run.output
    assert sandbox.writes() == []


def test_a_project_that_refuses_everything_stays_empty(sandbox, fault):
    fault("permission_denied")
    sandbox.forget_requests()
    run = sandbox.play("deploy.yml")
    assert run.code != 0
    for permission in ("compute.regions.get", "container.clusters.list", "serviceusage.services.list"):
        assert f'Required "{permission}" permission(s)' in " ".join(run.output.split()), run.output
    assert sandbox.writes() == []


def test_checks_are_turned_off_by_name(sandbox, fault):
    fault("quota_limit", match={"metric": "NVIDIA_L4_GPUS"}, limit=0)
    fault("model_gated")
    run = sandbox.play("deploy.yml", "--check", variables={"preflight_skip": ["quota", "model", "price"]})
    assert run.code == 0, run.output
    assert "USD" not in run.output


def test_a_quota_below_the_autoscalers_maximum_is_a_warning(sandbox, fault):
    fault("quota_limit", match={"metric": "NVIDIA_L4_GPUS"}, limit=1)
    run = sandbox.play("deploy.yml", "--check")
    assert run.code == 0, run.output
    assert "autoscaling stops there" in " ".join(run.output.split())
    assert "USD an hour" in " ".join(run.output.split())
