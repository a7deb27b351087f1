# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Quotas against what the pools of a plan take together, at their start and at their most."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.workflows.preflight.facts import POOL_SIZES, UNLISTED_LIMITS
from ansible_collections.llmops.gke.plugins.module_utils.workflows.preflight.quotas.quota import check_quota
from tests.unit.preflight_plans import deployment_plan

from .preflight_support import plan, replicas, sizes

PAGE = "https://console.cloud.google.com/iam-admin/quotas?project=demo-project"


def pool(name: str, nodes: int = 1, most: int | None = None, gpus: int = 1, least: int = 0, **config: Any) -> dict:
    """A pool of one zone; most: of its autoscaler, if it has one. gpus: L4 of one node."""
    growing = {"autoscaling": {"enabled": True, "min_node_count": least, "max_node_count": most}}
    accelerators = [{"accelerator_type": "nvidia-l4", "accelerator_count": gpus}] if gpus else []
    return {
        "name": name,
        "locations": ["us-central1-a"],
        "initial_node_count": nodes,
        "config": {"machine_type": "g2-standard-12", "accelerators": accelerators, **config},
        **(growing if most is not None else {}),
    }


def quota(limit: float, usage: float = 0) -> dict[str, float]:
    return {"limit": limit, "usage": usage}


def findings(
    *pools: dict[str, Any],
    region: Any = None,
    project: Any = None,
    now: dict[str, int] | None = None,
    machines: Any = None,
    least: int | None = None,
    most: int = 0,
    gpus: int = 1,
    **planned: Any,
) -> list[tuple[str, str, str]]:
    """Severity, message and fix of what is found. now: nodes that pools have. least, most, gpus: of the replicas."""
    facts = {
        "region_quotas": region or {},
        "project_quotas": project or {},
        "machine_types": machines or {},
        POOL_SIZES: sizes(**(now or {})),
        UNLISTED_LIMITS: {},
    }
    model = None if least is None else replicas(least, most)
    found = list(check_quota(plan(*pools, model=model, options={"llmops_gpus_per_replica": gpus}, **planned), facts))
    assert {finding.check for finding in found} <= {"quota"}
    assert all(finding.variable and finding.variable in finding.fix for finding in found)
    return [(finding.severity, finding.message, finding.fix) for finding in found]


L4 = "NVIDIA_L4_GPUS"


def test_the_first_nodes_of_all_pools_are_added_up():
    assert findings(pool("a", 2), pool("b", 3, gpus=2), region={L4: quota(12, 5)}) == [
        (
            "error",
            f"{L4}: the first nodes of a, b need 8, 7 of 12 are free in us-central1",
            f"ask for at least 13 at {PAGE}, or begin with fewer (gpu_nodepool_initial_node_count) or smaller nodes",
        )
    ]


@pytest.mark.parametrize("order", [("a", "b"), ("b", "a")])
def test_a_pool_that_fits_alone_does_not_make_the_sum_fit(order: tuple[str, str]):
    nodes = {"a": 1, "b": 7}
    pools = [pool(name, nodes[name]) for name in order]
    assert findings(*pools, region={L4: quota(8)}) == []
    ((severity, message, _fix),) = findings(*pools, region={L4: quota(7)})
    assert severity == "error"
    assert message.startswith(f"{L4}: the first nodes of {', '.join(order)} need 8, 7 of 7 are free")


def test_the_last_nodes_of_all_pools_are_added_up_and_only_a_warning():
    assert findings(pool("a", 0, 3), pool("b", 0, 2), region={L4: quota(8, 4)}) == [
        (
            "warning",
            f"{L4}: the largest size of a, b needs 5 more, 4 of 8 are free in us-central1; autoscaling stops there",
            f"ask for at least 9 at {PAGE}, or lower gpu_nodepool_max_node_count",
        )
    ]
    assert findings(pool("a", 0, 3), pool("b", 0, 1), region={L4: quota(8, 4)}) == []


def test_first_nodes_that_do_not_fit_are_told_of_alone():
    ((severity, message, _fix),) = findings(pool("a", 2, 9), region={L4: quota(1)})
    assert severity == "error"
    assert "need 2, 1 of 1 are free" in message


def test_a_quota_that_is_used_beyond_its_limit_has_nothing_free():
    ((_severity, message, fix),) = findings(pool("a"), region={L4: quota(2, 3)})
    assert "need 1, 0 of 2 are free" in message
    assert fix.startswith("ask for at least 4 at ")


def test_nodes_that_are_there_are_in_the_usage_already():
    region = {L4: quota(5, 3)}
    assert findings(pool("a", 5), region=region, now={"a": 3}) == []
    ((_severity, message, _fix),) = findings(pool("a", 6), region=region, now={"a": 3})
    assert "need 3, 2 of 5 are free" in message
    # More than wanted: nothing is asked for, and nothing given back.
    assert findings(pool("a", 1), pool("b", 3), region={L4: quota(5, 3)}, now={"a": 3})[0][1].startswith(
        f"{L4}: the first nodes of a, b need 3, 2 of 5"
    )


def test_a_pool_that_is_there_begins_with_what_its_autoscaler_keeps():
    region = {L4: quota(2, 1)}
    ((severity, message, _fix),) = findings(pool("a", 4, 6, least=1), region=region, now={"a": 1})
    assert severity == "warning"
    assert "the largest size of a needs 5 more" in message
    ((severity, message, _fix),) = findings(pool("a", 4, 6, least=1), region=region)
    assert severity == "error"
    assert "the first nodes of a need 4" in message
    ((severity, message, _fix),) = findings(pool("a", 4, 6, least=3), region=region, now={"a": 0})
    assert severity == "error"
    assert "the first nodes of a need 3" in message


def test_a_gpu_that_the_region_does_not_show_has_no_quota():
    assert findings(pool("a"), region={"CPUS": quota(99)}) == [
        (
            "error",
            f"{L4}: the first nodes of a need 1, 0 of 0 are free in us-central1",
            f"ask for at least 1 at {PAGE}, or begin with fewer (gpu_nodepool_initial_node_count) or smaller nodes",
        )
    ]


def test_any_other_quota_that_is_not_shown_is_none():
    assert findings(pool("a", gpus=0), machines={"g2-standard-12": {"us-central1-a": {"guestCpus": 12}}}) == []


def test_the_projects_quotas_are_told_as_the_projects():
    assert findings(pool("a", 3), region={L4: quota(9)}, project={"GPUS_ALL_REGIONS": quota(2)}) == [
        (
            "error",
            "GPUS_ALL_REGIONS: the first nodes of a need 3, 2 of 2 are free in project demo-project",
            f"ask for at least 3 at {PAGE}, or begin with fewer (gpu_nodepool_initial_node_count) or smaller nodes",
        )
    ]


def test_quotas_are_told_in_order_with_the_pools_that_need_them():
    region = {L4: quota(0), "INSTANCES": quota(1), "CPUS": quota(13), "DISKS_TOTAL_GB": quota(9999)}
    machines = {"g2-standard-12": {"us-central1-b": {"guestCpus": 12}}}
    found = findings(pool("a", gpus=0), pool("b"), region=region, machines=machines)
    assert [message.partition(",")[0] for _severity, message, _fix in found] == [
        "CPUS: the first nodes of a",
        "INSTANCES: the first nodes of a",
        f"{L4}: the first nodes of b need 1",
    ]
    assert "need 24, 13 of 13" in found[0][1]


def test_a_machine_type_that_nobody_offers_takes_no_cpus():
    region = {L4: quota(9), "CPUS": quota(0)}
    assert findings(pool("a"), region=region) == []
    assert findings(pool("a"), region=region, machines={"g2-standard-12": {"us-central1-a": {}}}) == []


def test_a_quota_of_the_machine_family_is_used_where_the_region_has_one():
    machines = {"g2-standard-12": {"us-central1-a": {"guestCpus": 12}}}
    region = {L4: quota(9), "CPUS": quota(0), "G2_CPUS": quota(11)}
    ((_severity, message, _fix),) = findings(pool("a"), region=region, machines=machines)
    assert message.startswith("G2_CPUS: the first nodes of a need 12, 11 of 11")


def test_the_models_replicas_are_checked_as_well():
    ((severity, message, fix),) = findings(pool("a", 1, 3), region={L4: quota(3)}, least=1, most=3, gpus=2)
    assert severity == "warning"
    assert message == (
        f"3 replicas (model_server_hpa_max_replicas) need 6 nvidia-l4, but by {L4} the pools can have 3, enough for 1"
    )
    assert fix == f"ask for 3 more at {PAGE}, or lower model_server_hpa_max_replicas"


def test_the_gpus_that_the_pools_hold_count_for_the_replicas():
    found = findings(pool("a", 2, gpus=2), region={L4: quota(4, 4)}, now={"a": 2}, least=6, most=6)
    assert found == [
        (
            "error",
            f"6 replicas (llmops_replicas) need 6 nvidia-l4, but by {L4} the pools can have 4, enough for 4",
            f"ask for 2 more at {PAGE}, or lower llmops_replicas",
        )
    ]


@pytest.mark.parametrize("region", [{L4: quota(1, 2)}, {L4: quota(2, 2)}, {}])
def test_replicas_have_none_of_a_quota_that_is_used_up_or_not_shown(region: dict[str, Any]):
    (_nodes, (severity, message, _fix)) = findings(pool("a"), region=region, least=1, most=1)
    assert (severity, message) == (
        "error",
        f"1 replica (llmops_replicas) need 1 nvidia-l4, but by {L4} the pools can have 0, enough for 0",
    )


def test_replicas_are_told_of_the_region_where_the_project_has_as_little():
    project = {"GPUS_ALL_REGIONS": quota(2)}
    ((_severity, message, _fix),) = findings(pool("a"), region={L4: quota(2)}, project=project, least=1, most=3)
    assert f"but by {L4} the pools can have 2" in message


# The hosts of a run together.


def beside(*pools: dict[str, Any], host: str = "two", cluster: str = "other", **options: Any) -> dict[str, Any]:
    """The plan of another host of the run, on a cluster of its own."""
    return deployment_plan(*pools, host=host, options={"llmops_cluster": cluster, **options})


def test_the_pools_of_all_hosts_are_added_up_and_their_hosts_named():
    others = (beside(pool("a", 2)), beside(pool("b", 3), host="three", cluster="third"))
    ((severity, message, fix),) = findings(pool("a", 1), region={L4: quota(6, 1)}, others=others)
    assert severity == "error"
    assert message == (
        f"{L4}: the first nodes of a, b of hosts one, three and two need 6, 5 of 6 are free in us-central1"
    )
    assert fix.startswith(f"ask for at least 7 at {PAGE}")
    assert findings(pool("a", 1), region={L4: quota(7, 1)}, others=others) == []


def test_a_pool_that_two_hosts_share_is_counted_once():
    assert findings(pool("a", 2), region={L4: quota(2)}, others=(beside(pool("a", 2), cluster="mistral"),)) == []
    shared = beside(pool("a", 3), cluster="mistral")
    ((_severity, message, _fix),) = findings(pool("a", 2), region={L4: quota(2)}, others=(shared,))
    assert message.startswith(f"{L4}: the first nodes of a of hosts one and two need 3, 2 of 2")


def test_a_pool_of_another_region_counts_for_the_project_alone():
    far = beside(pool("b", 5), llmops_location="europe-west4", host="two")
    everywhere = {"GPUS_ALL_REGIONS": quota(5)}
    ((_severity, message, _fix),) = findings(pool("a"), region={L4: quota(1)}, project=everywhere, others=(far,))
    assert message == (
        "GPUS_ALL_REGIONS: the first nodes of a, b of hosts one and two need 6, 5 of 5 are free in project demo-project"
    )
