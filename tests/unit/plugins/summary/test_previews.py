# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is advised after a preview, and of what is half made: never what leads nowhere."""

from __future__ import annotations

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.workflows.summary.summary import summarise
from tests.unit.plugins.summary.summary_facts import POOLS, PRICE, host

AGAIN = "do it the same command without --check"


def told(*hosts):
    return " ".join(" ".join(summarise(hosts, 200)[0]).split())


def test_nothing_to_remove_is_nothing_to_do():
    nothing = {"gke_cluster_result": {"plan": []}, "teardown_clusters": {"clusters": []}}
    text = told(host(playbook="teardown", check=True, **nothing))
    assert "there was nothing to remove" in text and "do it" not in text
    there = {"teardown_clusters": {"clusters": [{"name": "c", "status": "RUNNING", "nodePools": POOLS}]}}
    gone = {"plan": [{"action": "delete", "resource": "cluster c", "changes": []}]}
    assert f"{AGAIN}, with -e llmops_confirm_teardown=c" in told(
        host(playbook="teardown", check=True, gke_cluster_result=gone, **there)
    )


def test_a_preview_of_the_verification_says_so():
    text = told(host(playbook="verify", check=True, gke_cluster_result=None, verify_result={"changed": False}))
    assert "was not asked: this was a preview." in text and AGAIN in text and "load it" not in text


@pytest.mark.parametrize(("status", "asked"), [("RUNNING", True), ("PROVISIONING", False)])
def test_a_model_of_which_nothing_was_seen_is_not_to_be_asked(status, asked):
    there = {"clusters": [{"name": "c", "status": status, "nodePools": POOLS}]}
    difference = {"resource": "node pool gpu", "state": "missing", "changes": [], "message": ""}
    text = told(
        host(playbook="status", status_cluster=there, gke_cluster_result=None,
             variables={"status_differences": [difference]})
    )  # fmt: skip
    assert "mend it" in text and ("ask it" in text) == asked


@pytest.mark.parametrize(("cluster", "shared"), [("c", True), ("d", False)])
def test_what_hosts_share_is_told_where_they_share_a_cluster(cluster, shared):
    price = {"preflight_checked": {"price": PRICE}}
    failed = host("two", failed=True, gke_cluster_result=None, variables={"llmops_cluster": cluster})
    text = told(host("one", **price), failed)
    assert ("Together:" in text) == shared
