# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Components that a cluster is monitored by from birth are nobody's drift afterwards."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.core.result import Result, silent
from ansible_collections.llmops.gke.plugins.module_utils.engines.gke import gke_cluster
from ansible_collections.llmops.gke.plugins.module_utils.engines.gke.gke_cluster import ARGUMENT_SPEC as SPEC
from tests.unit.fake_http import FakeServer, Reply
from tests.unit.plugins.gke.gke_support import CLUSTER, CLUSTER_PATH, NOT_FOUND, options, running

COMPONENTS = "monitoring_config.component_config.enable_components"
POOL = {"name": "default-pool", "initial_node_count": 1}


def planned(live: Reply, **given: Any) -> Result:
    """What check mode predicts."""
    with FakeServer({("GET", CLUSTER_PATH): live}) as server:
        given = {"initial_monitoring_components": ["DCGM"], **given}
        wanted = options(SPEC, server.url, name=CLUSTER, **given)
        return gke_cluster.run(wanted, True, silent)


def monitored(*components: str) -> dict[str, Any]:
    return {"monitoring_config": {"component_config": {"enable_components": list(components)}}}


def live(*components: str) -> Reply:
    return Reply(200, running(monitoringConfig={"componentConfig": {"enableComponents": list(components)}}))


@pytest.mark.parametrize(
    ("given", "components"),
    [({}, ["DCGM"]), (monitored("SYSTEM_COMPONENTS"), ["DCGM", "SYSTEM_COMPONENTS"])],
    ids=["alone", "beside"],
)
def test_a_cluster_is_created_with_them(given, components):
    result = planned(NOT_FOUND, node_pools=[POOL], **given)
    made = result.values["cluster"]["monitoringConfig"]["componentConfig"]["enableComponents"]
    assert sorted(made) == components


@pytest.mark.parametrize("exactly", [[], [COMPONENTS]], ids=["added to", "exact"])
@pytest.mark.parametrize("have", [["SYSTEM_COMPONENTS"], ["SYSTEM_COMPONENTS", "DCGM"]], ids=["off", "on"])
def test_of_a_cluster_that_exists_they_are_turned_neither_on_nor_off(have, exactly):
    assert not planned(live(*have), exactly=exactly, **monitored("SYSTEM_COMPONENTS")).changed


@pytest.mark.parametrize("have", [["SYSTEM_COMPONENTS"], ["SYSTEM_COMPONENTS", "DCGM"]], ids=["off", "on"])
def test_what_is_kept_is_left_alone_without_being_initial(have):
    given = {"keep_monitoring_components": ["DCGM"], "initial_monitoring_components": []}
    assert not planned(live(*have), exactly=[COMPONENTS], **given, **monitored("SYSTEM_COMPONENTS")).changed
    created = planned(NOT_FOUND, node_pools=[POOL], **given, **monitored("SYSTEM_COMPONENTS"))
    components = created.values["cluster"]["monitoringConfig"]["componentConfig"]["enableComponents"]
    assert components == ["SYSTEM_COMPONENTS"]


def test_what_is_named_beside_them_is_still_changed():
    result = planned(live("SYSTEM_COMPONENTS"), **monitored("SYSTEM_COMPONENTS", "KUBELET"))
    [change] = [change for step in result.plan for change in step.changes]
    assert (change.field, change.after) == (COMPONENTS, ["KUBELET", "SYSTEM_COMPONENTS"])
