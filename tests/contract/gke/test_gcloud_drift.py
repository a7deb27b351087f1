# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""People work with gcloud beside the playbooks: the modules see what it changed, and it shows what they changed.

The tests of this file build on each other, in their order: a gcloud command takes more than a second.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import Any

import pytest

from tests.contract.gke.gcloud_tool import Gcloud
from tests.contract.gke.playground import Playground, playground

pytestmark = pytest.mark.skipif(shutil.which("gcloud") is None, reason="gcloud is not installed")

PLACE = {"location": "us-central1"}
WHERE = ["--location=us-central1"]
FIRST = {
    "name": "first",
    "initial_node_count": 1,
    "locations": ["us-central1-a"],
    "config": {"machine_type": "n1-standard-4"},
}
CLUSTER = {
    **PLACE,
    "name": "c1",
    "locations": ["us-central1-a"],
    "release_channel": {"channel": "REGULAR"},
    "resource_labels": {"team": "serving"},
    "node_pools": [FIRST],
}
SECOND = {
    **PLACE,
    "cluster": "c1",
    "name": "second",
    "autoscaling": {"enabled": True, "min_node_count": 1, "max_node_count": 2},
    "config": {"machine_type": "n1-standard-4", "labels": {"team": "serving"}},
}


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Playground]:
    with playground(tmp_path_factory.mktemp("drift")) as made:
        made.run("cluster", **CLUSTER)
        yield made


@pytest.fixture(scope="module")
def gcloud(cloud: Playground, tmp_path_factory: pytest.TempPathFactory) -> Gcloud:
    return Gcloud(cloud, tmp_path_factory.mktemp("gcloud"))


def drift(cloud: Playground, module: str, **options: Any) -> dict[str, tuple[Any, Any]]:
    """What a preview finds: field -> (as it is, as it should be)."""
    cloud.settle()
    result = cloud.run(module, check=True, **options)
    return {change.field: (change.before, change.after) for step in result.plan for change in step.changes}


def test_nothing_has_drifted_at_first(cloud: Playground):
    assert drift(cloud, "cluster", **CLUSTER) == {}


def test_a_label_and_a_channel_that_gcloud_changed(cloud: Playground, gcloud: Gcloud):
    gcloud("clusters", "update", "c1", *WHERE, "--update-labels=team=research", "--async")
    assert drift(cloud, "cluster", **CLUSTER) == {"resource_labels": ({"team": "research"}, {"team": "serving"})}
    gcloud("clusters", "update", "c1", *WHERE, "--release-channel=rapid", "--async")
    assert drift(cloud, "cluster", **CLUSTER)["release_channel.channel"] == ("RAPID", "REGULAR")


def test_what_the_module_changes_back_gcloud_shows(cloud: Playground, gcloud: Gcloud):
    assert cloud.run("cluster", **CLUSTER).changed
    shown = gcloud.read("clusters", "describe", "c1", *WHERE)
    assert shown["resourceLabels"] == {"team": "serving"}
    assert shown["releaseChannel"] == {"channel": "REGULAR"}


def test_a_pool_that_gcloud_resized(cloud: Playground, gcloud: Gcloud):
    pool = {**PLACE, "cluster": "c1", **FIRST}
    assert drift(cloud, "node_pool", **pool) == {}
    gcloud("clusters", "resize", "c1", *WHERE, "--node-pool=first", "--num-nodes=2", "--async")
    assert drift(cloud, "node_pool", **pool) == {"initial_node_count": (2, 1)}


def test_a_pool_that_gcloud_created_is_taken_over(cloud: Playground, gcloud: Gcloud):
    flags = ["--machine-type=n1-standard-4", "--num-nodes=1", "--enable-autoscaling", "--min-nodes=1", "--max-nodes=2"]
    gcloud(
        *("node-pools", "create", "second", "--cluster=c1", *WHERE, *flags, "--node-labels=team=serving", "--async"),
    )
    assert drift(cloud, "node_pool", **SECOND) == {}
    assert not cloud.run("node_pool", **SECOND).changed


def test_a_pool_that_gcloud_updated_and_its_operations(cloud: Playground, gcloud: Gcloud):
    where = ["second", "--cluster=c1", *WHERE, "--async"]
    gcloud("node-pools", "update", *where, "--node-labels=team=research")
    assert drift(cloud, "node_pool", **SECOND) == {"config.labels": ({"team": "research"}, {"team": "serving"})}
    gcloud("node-pools", "update", *where, "--enable-autoscaling", "--min-nodes=1", "--max-nodes=5")
    running = cloud.begun("us-central1", "c1")
    operations = gcloud.read("operations", "list", *WHERE)
    assert sorted(one["operationType"] for one in operations) == sorted(running)
    last = max(operations, key=lambda one: one["startTime"])["name"]
    gcloud("operations", "wait", last, *WHERE)
    assert gcloud.read("operations", "describe", last, *WHERE)["status"] == "DONE"
    assert drift(cloud, "node_pool", **SECOND)["autoscaling.max_node_count"] == (5, 2)


def test_pool_and_cluster_that_gcloud_deleted_are_planned_anew(cloud: Playground, gcloud: Gcloud):
    gcloud("node-pools", "delete", "second", "--cluster=c1", *WHERE, "--async")
    cloud.settle()
    assert [step.action for step in cloud.run("node_pool", check=True, **SECOND).plan] == ["create"]
    gcloud("clusters", "delete", "c1", *WHERE, "--async")
    cloud.settle()
    assert [step.action for step in cloud.run("cluster", check=True, **CLUSTER).plan] == ["create"]
    assert cloud.orphans() == []


def test_a_cluster_that_gcloud_is_creating_is_adopted(cloud: Playground, gcloud: Gcloud):
    # Real seconds: gcloud needs some to end after its request.
    cloud.fault("slow_operation", times=1, seconds=5 * cloud.sandbox.clock.speed)
    flags = ["--machine-type=n1-standard-4", "--num-nodes=1", "--node-locations=us-central1-a"]
    gcloud("clusters", "create", "c1", *WHERE, *flags, "--labels=team=serving", "--async")
    result = cloud.run("cluster", **{**CLUSTER, "node_pools": [{**FIRST, "name": "default-pool"}]})
    assert not result.changed
    assert [one["operationType"] for one in result.operations] == ["CREATE_CLUSTER"]
