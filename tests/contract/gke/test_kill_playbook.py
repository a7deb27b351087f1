# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ansible-playbook is killed at each request of a deployment's creation; the next run ends as one left alone does."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.contract.gke.playground import Playground, playground
from tests.contract.gke.roles_play import RolesPlay
from tests.contract.gke.scenarios import Stage


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("kill-playbook")


@pytest.fixture(scope="module")
def cloud(directory: Path) -> Iterator[Playground]:
    # The playbook looks at an operation for the first time after a quarter of a second: once it is over.
    with playground(directory) as made:
        yield made


def place(zone: str, name: str) -> dict[str, Any]:
    """The play's variables: a zonal cluster, and no kubeconfig, which all the plays would share."""
    return {"llmops_location": zone, "llmops_zones": [zone], "llmops_cluster": name, "gke_cluster_kubeconfig": ""}


def test_a_killed_playbook_is_finished_by_the_next_run(cloud: Playground, directory: Path):
    play, stage = RolesPlay(cloud, directory), Stage(cloud)
    zone, name = stage.zones.get(), stage.name()
    play.run(**place(zone, name))
    expected, calls = cloud.state(zone, name), cloud.calls(zone)
    # Reading the state is no part of the play.
    requests = len(calls) - 1
    assert "POST clusters" in calls[:requests]
    stage.zones.put(zone)

    def killed_at(number: int, zone: str, name: str) -> bool:
        fault = cloud.fault(
            "http", times=1, skip=number, match={"path": f".*/locations/{zone}/.*"}, drop="after", delay=300
        )
        process = play.start(**place(zone, name))
        while process.poll() is None and not cloud.struck(fault):
            time.sleep(0.01)
        reached = cloud.struck(fault)
        # With its workers, as the end of a terminal or of a job takes them.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        cloud.sandbox.faults.remove(fault)
        play.run(**place(zone, name))
        assert cloud.state(zone, name) == expected, number
        assert cloud.begun(zone, name) == ["CREATE_CLUSTER"], number
        return reached

    reached = stage.each(range(requests), killed_at, workers=4)
    # Polls may be fewer than in the first run.
    assert sum(reached) >= requests - sum("operations/" in call for call in calls)
    assert cloud.orphans() == []
