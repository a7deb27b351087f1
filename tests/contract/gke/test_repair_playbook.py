# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A pool that is broken stops the roles, and is deleted and created anew where a variable of theirs asks for it."""

from __future__ import annotations

from pathlib import Path

from tests.contract.gke.playground import playground
from tests.contract.gke.roles_play import RolesPlay

ZONE = "us-central1-a"
PLACE = {"llmops_location": ZONE, "llmops_zones": [ZONE], "llmops_cluster": "c1", "gke_cluster_kubeconfig": ""}


def test_broken_pools_are_repaired_where_the_roles_are_told_to(tmp_path: Path):
    with playground(tmp_path) as cloud:
        play = RolesPlay(cloud, tmp_path)
        play.run(**PLACE)
        for pool in cloud.sandbox.store.cluster(ZONE, "c1").pools.values():
            pool.body["status"] = "ERROR"
        said = play.refused(**PLACE)
        assert "node pool default-pool is ERROR" in said and "run again with -e gke_cluster_pool_repair=true" in said
        made = ["CREATE_CLUSTER", "CREATE_NODE_POOL"]
        assert cloud.begun(ZONE, "c1") == made

        own = PLACE | {"gke_cluster_pool_repair": True}
        said = play.refused(**own)
        assert "node pool mistral-gpu-pool is ERROR" in said and "run again with -e gpu_nodepool_repair=true" in said
        anew = ["DELETE_NODE_POOL", "CREATE_NODE_POOL"]
        assert cloud.begun(ZONE, "c1") == [*made, *anew]

        play.run(**own, gpu_nodepool_repair=True)
        assert cloud.begun(ZONE, "c1") == [*made, *anew, *anew]
        assert cloud.orphans() == []


def test_zones_without_stock_are_told_by_the_variable_that_named_them(tmp_path: Path):
    with playground(tmp_path) as cloud:
        play = RolesPlay(cloud, tmp_path)
        cloud.fault("stockout", match={"pool": "mistral-gpu-pool"})
        said = play.refused(**PLACE)
        assert "name other zones of the region in llmops_zones, or" in said
        # By the first failure, for the next run meets a broken pool.
        assert "create node pool mistral-gpu-pool: GKE failed" in said
        assert "run again with -e gpu_nodepool_repair=true, which deletes the pool" in said
        own = PLACE | {"gpu_nodepool_locations": ["us-central1-b"], "gpu_nodepool_name": "mistral-gpu-pool-b"}
        cloud.fault("stockout", match={"pool": "mistral-gpu-pool-b"})
        assert "name other zones of the region in gpu_nodepool_locations, or" in play.refused(**own)


def test_zones_without_stock_for_the_cluster_are_told_by_the_variable_that_named_them(tmp_path: Path):
    with playground(tmp_path) as cloud:
        play = RolesPlay(cloud, tmp_path)
        cloud.fault("stockout", match={"pool": "default-pool"})
        assert "name other zones of the region in llmops_zones, or" in play.refused(**PLACE)
        own = PLACE | {"llmops_cluster": "c2", "gke_cluster_locations": ["us-central1-a", "us-central1-b"]}
        cloud.fault("stockout", match={"pool": "default-pool"})
        assert "name other zones of the region in gke_cluster_locations, or" in play.refused(**own)
