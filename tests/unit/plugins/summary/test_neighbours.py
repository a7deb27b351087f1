# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose the objects and events of a cluster are, and what is told of those that are no host's."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.workflows.summary.facts import HostFacts
from ansible_collections.llmops.gke.plugins.module_utils.workflows.summary.neighbours import (
    add_others,
    done_once,
    parted,
    told_once,
)
from ansible_collections.llmops.gke.plugins.module_utils.workflows.summary.page import Page
from tests.unit.plugins.summary.summary_facts import host, step


def thing(kind: str, name: str, namespace: str | None = "default", app: str = "", **others: Any) -> dict[str, Any]:
    labels = {"labels": {"app": app}} if app else {}
    return {"kind": kind, "metadata": {"name": name, "namespace": namespace, **labels}, **others}


def event(about: dict[str, Any] | None, namespace: str = "default") -> dict[str, Any]:
    return {"kind": "Event", "metadata": {"name": "m.1", "namespace": namespace}, "involvedObject": about}


def of(name: str, objects: Any = None, events: Any = None, namespace: str = "default", **place: str) -> HostFacts:
    variables = {"llmops_name": name, "llmops_namespace": namespace, "status_objects": objects, "status_events": events}
    return host(name, "status", variables={**variables, **place})


THEIRS = thing("Deployment", "theirs")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (thing("Deployment", "m"), False),
        (thing("Pod", "m-1-a"), False),
        (thing("Pod", "any", app="m"), False),
        (thing("Pod", "theirs-1", app="m"), False),
        (thing("Pod", "theirs-1"), True),
        (thing("Pod", "m-1", app="theirs"), True),
        (thing("Pod", "theirs-1", "another"), False),
        (thing("Pod", "theirs1"), False),
        (thing("Pod", "nobody"), False),
        (thing("Service", "any", spec={"selector": {"app": "theirs"}}), True),
        (thing("Service", "theirs", spec={"selector": {"app": "m"}}), False),
        (thing("Service", "theirs", spec={"selector": None}), True),
        (thing("Service", "m", "another"), True),
        (thing("Pod", "m", "another"), False),
        # What a Pod selects is no matter.
        (thing("Pod", "any", spec={"selector": {"app": "theirs"}}), False),
        (event({"name": "theirs-1", "namespace": "default"}), True),
        (event({"name": "theirs-1"}), True),
        (event({"name": "theirs-1"}, "another"), False),
        (event({"name": "theirs-1", "namespace": "another"}), False),
        (event(None), False),
        ({"kind": "Pod"}, False),
    ],
    ids=str,
)
def test_what_is_of_another_deployment_is_parted_from_the_rest(one, other):
    own, theirs = parted(of("m", [THEIRS, one]))
    assert (one in own, one in theirs) == (not other, other)
    assert THEIRS in theirs


def test_objects_come_before_events_and_a_deployment_of_the_own_is_no_other_s():
    pod, said = thing("Pod", "m-1"), event({"name": "m-1"})
    assert parted(of("m", [thing("Deployment", "m-picker"), pod], [said]))[0][1:] == [pod, said]
    assert parted(of("m")) == ([], [])


def test_the_longest_name_that_fits_is_the_nearest():
    pod, deployment = thing("Pod", "m-b-1"), thing("Deployment", "m-b")
    assert parted(of("m-b", [thing("Deployment", "m"), pod]))[0] == [pod]
    assert parted(of("m", [deployment, pod]))[1] == []


@pytest.mark.parametrize(
    ("one", "line"),
    [
        (thing("Deployment", "d"), "Deployment default/d: 0 of 1 replicas available"),
        (
            thing("Deployment", "d", spec={"replicas": 3}, status={"availableReplicas": 2}),
            "Deployment default/d: 2 of 3 replicas available",
        ),
        (thing("Service", "s", spec={"type": "LoadBalancer"}), "Load balancer default/s: no address yet"),
        (
            thing(
                "Service",
                "s",
                spec={"type": "LoadBalancer"},
                status={"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}, {"hostname": "lb.test"}]}},
            ),
            "Load balancer default/s: 192.0.2.1, lb.test",
        ),
    ],
)
def test_of_others_a_line_tells_what_costs(one, line):
    page = Page(80)
    page.line("Of its own")
    add_others(page, [thing("Pod", "p"), thing("Service", "inner", spec={"type": "ClusterIP"}), one])
    assert [text.strip() for text in page.lines] == ["Of its own", "", "Of others on the cluster:", line]
    assert page.lines[-1].startswith("    ") and page.lines[-2].startswith("  Of")


def test_without_others_there_is_no_line():
    page = Page(80)
    add_others(page, [thing("Pod", "p")])
    assert page.lines == []


NODE, NOBODY = thing("Node", "n", None), thing("Pod", "nobody")
SEEN = [NODE, NOBODY, thing("Pod", "a-1"), thing("Pod", "b-1")]
TOLD = [event({"name": "a-1"}), event({"name": "b-1"}), event({"name": "x"})]


def test_hosts_of_a_cluster_are_told_without_each_other_s_and_the_nodes_once():
    first, elsewhere, second = told_once(
        [of("a", SEEN, TOLD), of("b", SEEN, TOLD, llmops_cluster="d"), of("b", SEEN, TOLD)]
    )
    assert [one.told_before for one in (first, elsewhere, second)] == [False, False, True]
    assert first.variables["status_objects"] == [NODE, NOBODY, SEEN[2]]
    assert first.variables["status_events"] == [TOLD[0], TOLD[2]]
    assert elsewhere.variables["status_objects"] == SEEN
    assert second.variables["status_objects"] == [NOBODY, SEEN[3]]
    assert second.variables["status_events"] == [TOLD[1], TOLD[2]]
    assert second.variables["llmops_model"] == first.variables["llmops_model"]


def test_hosts_that_were_not_read_are_told_without_objects():
    assert [one.variables["status_objects"] for one in told_once([of("a"), of("b")])] == [[], []]


def test_what_a_host_did_is_not_done_again_by_the_next_on_its_cluster():
    def doing(name: str, cluster: str = "c", check: bool = False) -> HostFacts:
        plan = [step("create", "node pool gpu"), step("create", f"Deployment default/{name}")]
        failed = {"failed": True, "error": {"plan": plan}}
        return host(name, check=check, variables={"llmops_cluster": cluster}, gke_cluster_result=failed)

    for check in (True, False):
        done = [
            one.done_before for one in done_once([doing(*one, check) for one in (("a", "c"), ("b", "d"), ("e", "c"))])
        ]
        planned = {"node pool gpu", "Deployment default/a"} if check else set()
        assert done == [set(), set(), planned]
