# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lookup pools_in_use: other hosts of the inventory, and whose pods run on a pool's nodes."""

from __future__ import annotations

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template

from ansible_collections.llmops.gke.plugins.lookup.pools_in_use import LookupModule

HERE = {"llmops_project": "p", "llmops_location": "l", "llmops_cluster": "c"}
NODES = [
    {"kind": "Node", "metadata": {"name": f"{pool}-1", "labels": {"cloud.google.com/gke-nodepool": pool}}}
    for pool in ("l4", "l4-on-demand")
]


class HostVars(dict):
    raw_get = dict.get


def in_use(*pools, inventory=None, here=HERE, **given):
    lookup = LookupModule(loader=DataLoader())
    variables = {**here, "hostvars": HostVars(inventory or {})}
    lookup._templar = Templar(loader=DataLoader(), variables=variables)
    return lookup.run(pools or ("l4", "l4-on-demand"), variables, hosts=list(inventory or {}), **given)


def pod(name="m-6c5d-x2x", node="l4-1", phase="Running", owner=("ReplicaSet", "m-6c5d"), pod_hash="6c5d"):
    owners = [{"kind": owner[0], "name": owner[1], "controller": True}] if owner else []
    labels = {"pod-template-hash": pod_hash} if pod_hash else {}
    metadata = {"name": name, "namespace": "ns", "ownerReferences": owners, "labels": labels}
    return {"kind": "Pod", "metadata": metadata, "spec": {"nodeName": node}, "status": {"phase": phase}}


@pytest.mark.parametrize(
    ("other", "pools"),
    [
        ({}, []),
        ({**HERE, "gpu_nodepool_name": "a100"}, []),
        ({**HERE, "gpu_nodepool_name": "l4"}, ["l4", "l4-on-demand"]),
        ({**HERE, "gpu_nodepool_name": "l4", "gpu_nodepool_on_demand_name": "x"}, ["l4"]),
        ({**HERE, "gpu_nodepool_name": "x", "gpu_nodepool_on_demand_name": "l4"}, ["l4"]),
        ({**HERE, "gpu_nodepool_name": trust_as_template("{{ gpu }}4"), "gpu": "l"}, ["l4", "l4-on-demand"]),
        ({**HERE, "gpu_nodepool_name": trust_as_template("{{ nobody_knows }}")}, ["l4", "l4-on-demand"]),
        ({**HERE, "llmops_cluster": trust_as_template("{{ nobody_knows }}"), "gpu_nodepool_name": "l4"},
         ["l4", "l4-on-demand"]),
        *(({**HERE, name: "other", "gpu_nodepool_name": "l4"}, []) for name in HERE),
    ],
)  # fmt: skip
def test_a_pool_that_another_host_has_is_in_use(other, pools):
    found = in_use(inventory={"other": other})
    assert [one["name"] for one in found] == pools
    assert all(one["hosts"] == ["other"] and one["workloads"] == [] for one in found)


def test_what_a_host_does_not_say_is_as_the_roles_have_it():
    inventory = {"other": {"llmops_project": "p", "llmops_location": "l", "llmops_cluster": "c"}}
    assert in_use("mistral-gpu-pool", inventory=inventory)[0]["hosts"] == ["other"]


def test_what_this_host_does_not_say_is_as_the_roles_have_it():
    # In a play without roles, nothing else gives their defaults.
    here = {name: value for name, value in HERE.items() if name != "llmops_location"}
    assert in_use("l4", inventory={"other": {**here, "gpu_nodepool_name": "l4"}}, here=here)[0]["hosts"] == ["other"]


def test_hosts_are_in_one_order_whatever_order_a_set_gives_them():
    other = {**HERE, "gpu_nodepool_name": "l4"}
    assert in_use("l4", inventory={"two": other, "one": other})[0]["hosts"] == ["one", "two"]


@pytest.mark.parametrize(
    ("one", "workloads"),
    [
        (pod(), ["ns/m"]),
        (pod(owner=("Job", "load"), pod_hash=""), ["ns/load"]),
        (pod(owner=None, pod_hash=""), ["ns/m-6c5d-x2x"]),
        (pod(phase="Pending"), ["ns/m"]),
        (pod(phase="Succeeded"), []),
        (pod(phase="Failed"), []),
        (pod(owner=("DaemonSet", "m")), []),
        (pod(owner=("Node", "l4-1")), []),
        (pod(node="elsewhere"), []),
        (pod(node=None), []),
        (pod(owner=("ReplicaSet", "ours-6c5d")), []),
        (pod(owner=("ReplicaSet", "kube-dns-6c5d")), []),
    ],
)
def test_a_pool_on_which_others_pods_run_is_in_use(one, workloads):
    found = in_use(objects=[*NODES, one], ours=["ns/ours"], helpers="^(ns/kube-|other/)")
    assert found == ([{"name": "l4", "hosts": [], "workloads": workloads}] if workloads else [])


def test_workloads_of_several_pods_are_told_once_and_pools_in_the_order_asked_for():
    pods = [pod(), pod("m-6c5d-y"), pod(node="l4-on-demand-1"), pod(owner=("StatefulSet", "a"), pod_hash="")]
    found = in_use("l4-on-demand", "l4", objects=[*pods, *NODES])
    assert [(one["name"], one["workloads"]) for one in found] == [("l4-on-demand", ["ns/m"]), ("l4", ["ns/a", "ns/m"])]
