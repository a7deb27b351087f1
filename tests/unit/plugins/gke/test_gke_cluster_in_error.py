# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""gke_node_pool where the cluster is in ERROR, which GKE deletes only as a whole."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.core.errors import HttpError, OperationFailed
from ansible_collections.llmops.gke.plugins.module_utils.core.result import Result, silent
from ansible_collections.llmops.gke.plugins.module_utils.engines.gke import gke_node_pool
from ansible_collections.llmops.gke.plugins.module_utils.engines.gke.gke_node_pool import ARGUMENT_SPEC as NODE_POOL
from tests.unit.fake_http import FakeServer, Reply, google_error
from tests.unit.plugins.gke.gke_support import CLUSTER, CLUSTER_PATH, NOT_FOUND, POOL, POOL_PATH, options, running

POOLS_PATH = f"{CLUSTER_PATH}/nodePools"


def play(answers: Any, check: bool = False, **given: Any) -> tuple[Result, FakeServer]:
    with FakeServer(answers) as server:
        task = options(NODE_POOL, server.url, cluster=CLUSTER, name=POOL, **given)
        return gke_node_pool.run(task, check, silent), server


@pytest.mark.parametrize("check", [False, True])
@pytest.mark.parametrize("recreate", [False, True])
@pytest.mark.parametrize("status", ["ERROR", "RUNNING", "PROVISIONING"])
def test_the_pool_of_a_cluster_that_can_only_be_deleted_is_left_to_that(status: str, recreate: bool, check: bool):
    replies = {
        ("GET", CLUSTER_PATH): running(name=CLUSTER, status="ERROR"),
        ("GET", POOL_PATH): running(status=status),
        ("GET", POOLS_PATH): {"nodePools": [running(status=status)]},
    }
    result, server = play(replies, check=check, state="absent", recreate=recreate)
    assert not result.changed and result.plan == []
    assert len(server.calls()) == 2
    (warning,) = result.warnings
    assert warning == (
        f"node pool {POOL} is left to the deletion of cluster {CLUSTER} in us-central1 of project demo-project: that "
        "is in ERROR, and GKE deletes such a cluster only as a whole"
    )


@pytest.mark.parametrize("have", [NOT_FOUND, Reply(200, running(status="ERROR"))], ids=["absent", "broken"])
def test_a_pool_of_a_cluster_that_can_only_be_deleted_says_what_to_run(have: Reply):
    refusal = google_error(400, "FAILED_PRECONDITION", f"Cluster {CLUSTER} is in state ERROR; it can only be deleted.")
    replies = {
        ("GET", CLUSTER_PATH): running(name=CLUSTER, status="ERROR", statusMessage="No stock."),
        ("GET", POOL_PATH): have,
        ("POST", POOLS_PATH): refusal,
        ("DELETE", POOL_PATH): refusal,
    }
    with pytest.raises(OperationFailed, match=r"cluster mistral in .* is ERROR: GKE failed: No stock; .*teardown"):
        play(replies, repair=True)


def test_another_precondition_is_a_refusal():
    refusal = google_error(400, "FAILED_PRECONDITION", "Cluster is not in the right mood.")
    with pytest.raises(HttpError, match="not in the right mood"):
        play(
            {
                ("GET", POOL_PATH): NOT_FOUND,
                ("POST", POOLS_PATH): refusal,
                ("GET", CLUSTER_PATH): running(name=CLUSTER),
            }
        )
