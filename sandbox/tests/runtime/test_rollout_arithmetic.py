# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""How many replicas a rollout may have, and when it counts as done, without a cluster."""

from __future__ import annotations

import pytest

from llmops_gke_sandbox.controllers.workloads.pods import deletion_rank, template_hash
from llmops_gke_sandbox.controllers.workloads.rollout import bounds, is_of_template, size_of_new, sizes_of_old


def _deployment(replicas: int, surge: int | str = "25%", unavailable: int | str = "25%") -> dict:
    rolling = {"maxSurge": surge, "maxUnavailable": unavailable}
    return {"spec": {"replicas": replicas, "strategy": {"type": "RollingUpdate", "rollingUpdate": rolling}}}


def _set(uid: str, replicas: int, available: int) -> dict:
    return {"metadata": {"uid": uid}, "spec": {"replicas": replicas}, "status": {"availableReplicas": available}}


@pytest.mark.parametrize(
    ("replicas", "surge", "unavailable", "expected"),
    [
        (1, "25%", "25%", (1, 0)),
        (10, "25%", "25%", (3, 2)),
        (4, 0, 1, (0, 1)),
        (4, 0, 0, (0, 1)),
        (2, "100%", "100%", (2, 2)),
        (1, 1, 5, (1, 1)),
    ],
)
def test_percentages_round_up_for_surge_and_down_for_unavailable(replicas, surge, unavailable, expected):
    assert bounds(_deployment(replicas, surge, unavailable)) == expected


def test_the_new_set_grows_into_the_surge_only():
    old, new = _set("old", 4, 4), _set("new", 0, 0)
    assert size_of_new(_deployment(4, 1, 0), new, [old, new]) == 1


def test_the_new_set_shrinks_at_once():
    new = _set("new", 5, 5)
    assert size_of_new(_deployment(2), new, [new]) == 2


def test_sick_old_replicas_go_first():
    sick, well = _set("sick", 2, 0), _set("well", 2, 2)
    assert sizes_of_old(_deployment(4, 1, 2), _set("new", 1, 0), [sick, well]) == {"sick": 0}


def test_old_replicas_stay_while_the_new_are_not_available():
    assert sizes_of_old(_deployment(2, 1, 0), _set("new", 1, 0), [_set("old", 2, 2)]) == {}


def test_each_available_new_replica_lets_an_old_one_go():
    assert sizes_of_old(_deployment(2, 1, 0), _set("new", 1, 1), [_set("old", 2, 2)]) == {"old": 1}


def test_a_template_is_recognised_without_the_label_of_its_hash():
    template = {"metadata": {"labels": {"app": "a"}}, "spec": {"containers": [{"name": "c"}]}}
    labelled = {"metadata": {"labels": {"app": "a", "pod-template-hash": "x"}, "creationTimestamp": None},
                "spec": {"containers": [{"name": "c"}]}}  # fmt: skip
    assert is_of_template({"spec": {"template": labelled}}, {"spec": {"template": template}})
    labelled["spec"]["containers"][0]["image"] = "other"
    assert not is_of_template({"spec": {"template": labelled}}, {"spec": {"template": template}})


def test_the_hash_differs_with_the_template_and_not_with_the_order_of_its_keys():
    one = template_hash({"a": 1, "b": {"c": 2}})
    assert one == template_hash({"b": {"c": 2}, "a": 1})
    assert one != template_hash({"a": 1, "b": {"c": 3}})
    assert not set(one) - set("bcdfghjklmnpqrstvwxz2456789")


def test_the_least_useful_pod_is_deleted_first():
    def one(name: str, node: str, phase: str, ready: str, created: str = "2026-01-01T00:00:00Z") -> dict:
        return {
            "metadata": {"name": name, "creationTimestamp": created},
            "spec": {"nodeName": node},
            "status": {"phase": phase, "conditions": [{"type": "Ready", "status": ready}]},
        }

    pods = [
        one("oldest", "n", "Running", "True"),
        one("young", "n", "Running", "True", "2026-01-02T00:00:00Z"),
        one("unready", "n", "Running", "False"),
        one("pending", "n", "Pending", "False"),
        one("unbound", "", "Pending", "False"),
    ]
    assert [pod["metadata"]["name"] for pod in sorted(pods, key=deletion_rank)] == [
        "unbound",
        "pending",
        "unready",
        "young",
        "oldest",
    ]
