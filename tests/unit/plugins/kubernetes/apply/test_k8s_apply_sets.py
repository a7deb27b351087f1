# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""k8s_apply with a set: one task does a role's whole job, and each request of it is wanted."""

from __future__ import annotations

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.apply.apply_set import ApplySetTaken
from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.apply.refusals import ApplyRefused
from ansible_collections.llmops.gke.plugins.modules.k8s_apply import SPEC
from tests.unit.fake_http import Reply
from tests.unit.plugins.kubernetes.fake_cluster import FakeCluster
from tests.unit.plugins.kubernetes.k8s_support import GKE_CLUSTER, by_name, run

ROLE = {"apply_set": "configmaps/model", "namespace": "llm", "prune": True, "create_namespace": True}
ID = "applyset-BvUWcfnKp9kqcfP7WaHxe_8hK0JFJ9mH1QpZEzXfNNw-v1"
NAMESPACE, CORE, APPS = "/api/v1/namespaces/llm", "/api/v1/namespaces/llm", "/apis/apps/v1/namespaces/llm"
PARENT = f"{CORE}/configmaps/model"
SECRET, SERVICE = f"{CORE}/secrets/model", f"{CORE}/services/model"
DEPLOYMENT = f"{APPS}/deployments/model"
SCALER = "/apis/autoscaling/v2/namespaces/llm/horizontalpodautoscalers/model"


def manifest(api_version: str, kind: str, **spec):
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": "model"}, "spec": spec}


DEPLOY = manifest("apps/v1", "Deployment", replicas=1)
SERVE = manifest("v1", "Service", type="ClusterIP")
SCALE = manifest("autoscaling/v2", "HorizontalPodAutoscaler", maxReplicas=2)
WHOLE = [DEPLOY, SERVE, SCALE]


def selector(calls: list[str]) -> str:
    """The one label selector of these requests, quoted as in a query."""
    found = {call.partition("labelSelector=")[2] for call in calls if "labelSelector" in call}
    assert len(found) == 1
    return found.pop()


def writes(calls: list[str]) -> list[str]:
    return [call for call in calls if not call.startswith("GET") and "dryRun" not in call]


def done(result) -> dict[str, str]:
    return {f"{entry['kind']} {entry['name']}": entry["action"] for entry in result["objects"]}


def test_the_first_run_makes_namespace_and_parent_before_what_is_in_them():
    with FakeCluster() as cluster:
        result = run(SPEC, cluster.url, manifests=WHOLE, **ROLE)
        assert writes(cluster.since(0)) == [
            f"PATCH {NAMESPACE}",
            f"PATCH {PARENT}",
            f"PATCH {SERVICE}",
            f"PATCH {DEPLOYMENT}",
            f"PATCH {SCALER}",
        ]
    assert list(done(result)) == [
        "Namespace llm",
        "ConfigMap model",
        "Deployment model",
        "Service model",
        "HorizontalPodAutoscaler model",
    ]
    assert result["totals"] == {"created": 5}


def test_a_parent_in_a_namespace_of_its_own_gets_it_made_too():
    elsewhere = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": "other"}}
    with FakeCluster() as cluster:
        result = run(SPEC, cluster.url, manifests=[elsewhere], **ROLE)
        made, parent = writes(cluster.since(0))[:2], writes(cluster.since(0))[2]
        assert sorted(made) == [f"PATCH {NAMESPACE}", "PATCH /api/v1/namespaces/other"]
        assert parent == f"PATCH {PARENT}"
    assert result["totals"] == {"created": 4}


def test_an_unchanged_run_is_one_request_for_the_parent_and_one_for_each_kind():
    with FakeCluster() as cluster:
        run(SPEC, cluster.url, manifests=WHOLE, **ROLE)
        mark = len(cluster.calls())
        result = run(SPEC, cluster.url, manifests=WHOLE, **ROLE)
        calls = cluster.since(mark)
        label = selector(calls)
        assert calls[0] == f"GET {PARENT}"
        assert sorted(calls[1:]) == sorted(
            f"GET {path.rpartition('/')[0]}?labelSelector={label}" for path in (DEPLOYMENT, SERVICE, SCALER)
        )
        assert result["http_requests"] == 4
    assert not result["changed"]
    assert result["totals"] == {"unchanged": 4}


def test_by_a_cluster_s_name_that_is_one_request_more_and_no_discovery_of_what_gke_has(monkeypatch):
    metrics = {"apiVersion": "monitoring.googleapis.com/v1", "kind": "PodMonitoring", "metadata": {"name": "model"}}
    served = {"resources": [{"name": "podmonitorings", "kind": "PodMonitoring", "namespaced": True}]}
    more = {
        ("GET", GKE_CLUSTER): {"name": "mistral", "status": "RUNNING"},
        ("GET", "/apis/monitoring.googleapis.com/v1"): served,
    }
    with FakeCluster(more=more) as cluster:
        place = by_name(monkeypatch, cluster.url)
        run(SPEC, "", manifests=[*WHOLE, metrics], **place, **ROLE)
        mark = len(cluster.calls())
        assert not run(SPEC, "", manifests=[*WHOLE, metrics], **place, **ROLE)["changed"]
        calls = [call.partition("?")[0] for call in cluster.since(mark)]
        assert calls[:2] == [f"GET {GKE_CLUSTER}", f"GET {PARENT}"]
        monitorings = "/apis/monitoring.googleapis.com/v1/namespaces/llm/podmonitorings"
        kinds = [path.rpartition("/")[0] for path in (DEPLOYMENT, SERVICE, SCALER)]
        assert sorted(calls[2:]) == sorted(f"GET {path}" for path in [*kinds, monitorings])


def test_an_autoscaler_that_is_switched_off_goes_before_the_deployment_changes():
    with FakeCluster() as cluster:
        run(SPEC, cluster.url, manifests=WHOLE, **ROLE)
        mark = len(cluster.calls())
        more = manifest("apps/v1", "Deployment", replicas=3)
        result = run(SPEC, cluster.url, manifests=[more, SERVE], **ROLE)
        assert writes(cluster.since(mark)) == [f"DELETE {SCALER}", f"PATCH {DEPLOYMENT}", f"PATCH {PARENT}"]
    assert done(result)["HorizontalPodAutoscaler model"] == "deleted"


def test_an_autoscaler_that_is_switched_on_comes_after_the_deployment():
    with FakeCluster() as cluster:
        run(SPEC, cluster.url, manifests=[DEPLOY, SERVE], **ROLE)
        mark = len(cluster.calls())
        more = manifest("apps/v1", "Deployment", replicas=3)
        run(SPEC, cluster.url, manifests=[more, SERVE, SCALE], **ROLE)
        assert writes(cluster.since(mark)) == [f"PATCH {PARENT}", f"PATCH {DEPLOYMENT}", f"PATCH {SCALER}"]


def test_other_members_that_are_not_wanted_any_more_go_after_the_rest_was_applied():
    with FakeCluster() as cluster:
        run(SPEC, cluster.url, manifests=[DEPLOY, SERVE], **ROLE)
        mark = len(cluster.calls())
        run(SPEC, cluster.url, manifests=[manifest("apps/v1", "Deployment", replicas=3)], **ROLE)
        assert writes(cluster.since(mark)) == [f"PATCH {DEPLOYMENT}", f"DELETE {SERVICE}", f"PATCH {PARENT}"]


def test_what_was_applied_before_without_a_set_is_taken_into_it():
    with FakeCluster("llm") as cluster:
        run(SPEC, cluster.url, manifests=[DEPLOY, SERVE], namespace="llm")
        adopted = run(SPEC, cluster.url, manifests=[DEPLOY, SERVE], **ROLE)
        assert done(adopted) == {
            "ConfigMap model": "created",
            "Deployment model": "updated",
            "Service model": "updated",
        }
        for step in adopted["plan"][1:]:
            [change] = step["changes"]
            assert "applyset.kubernetes.io/part-of" in f"{change['field']} {change['after']}"
        left = run(SPEC, cluster.url, manifests=[DEPLOY], **ROLE)
    assert done(left)["Service model"] == "deleted"


def test_a_member_that_is_applied_without_the_set_stays_in_it():
    with FakeCluster("llm") as cluster:
        run(SPEC, cluster.url, manifests=WHOLE, **ROLE)
        assert not run(SPEC, cluster.url, manifests=[SCALE], namespace="llm")["changed"]
        more = manifest("autoscaling/v2", "HorizontalPodAutoscaler", maxReplicas=5)
        assert run(SPEC, cluster.url, manifests=[more], namespace="llm")["totals"] == {"updated": 1}
        assert (
            done(run(SPEC, cluster.url, manifests=[DEPLOY, SERVE], **ROLE))["HorizontalPodAutoscaler model"]
            == "deleted"
        )


@pytest.mark.parametrize("check", [True, False])
def test_check_mode_predicts_creation_change_and_pruning(check):
    with FakeCluster("llm") as cluster:
        run(SPEC, cluster.url, manifests=WHOLE, **ROLE)
        mark = len(cluster.calls())
        wanted = [manifest("apps/v1", "Deployment", replicas=3), manifest("batch/v1", "Job", parallelism=1)]
        result = run(SPEC, cluster.url, check=check, manifests=wanted, **ROLE)
        assert bool(writes(cluster.since(mark))) != check
    assert done(result) == {
        "ConfigMap model": "updated",
        "Deployment model": "updated",
        "Job model": "created",
        "Service model": "deleted",
        "HorizontalPodAutoscaler model": "deleted",
    }


def test_absent_with_the_set_alone_removes_all_in_reverse_order_and_is_nothing_the_next_time():
    gone = {"apply_set": "configmaps/model", "namespace": "llm", "state": "absent"}
    with FakeCluster("llm") as cluster:
        run(SPEC, cluster.url, manifests=WHOLE, **ROLE)
        mark = len(cluster.calls())
        foretold = run(SPEC, cluster.url, check=True, **gone)
        assert writes(cluster.since(mark)) == []
        result = run(SPEC, cluster.url, **gone)
        assert done(result) == done(foretold)
        assert writes(cluster.since(mark)) == [
            f"DELETE {SCALER}",
            f"DELETE {DEPLOYMENT}",
            f"DELETE {SERVICE}",
            f"DELETE {PARENT}",
        ]
        mark = len(cluster.calls())
        again = run(SPEC, cluster.url, **gone)
        assert cluster.since(mark) == [f"GET {PARENT}"]
    assert result["totals"] == {"deleted": 4}
    assert (again["changed"], again["objects"]) == (False, [])


def test_a_kind_that_the_cluster_no_longer_serves_has_no_members_left():
    gone = {"apply_set": "configmaps/model", "namespace": "llm", "state": "absent"}
    unserved = {("GET", "/apis/apps/v1/namespaces/llm/deployments"): Reply(404, "404 page not found")}
    with FakeCluster("llm", more=unserved) as cluster:
        run(SPEC, cluster.url, manifests=[DEPLOY], **ROLE)
        assert done(run(SPEC, cluster.url, **gone)) == {"ConfigMap model": "deleted"}


def test_a_refusal_in_a_set_names_what_was_applied_before_it():
    refused = Reply(403, {"kind": "Status", "message": "no", "reason": "Forbidden"})
    with FakeCluster(more={("PATCH", DEPLOYMENT): refused}) as cluster, pytest.raises(ApplyRefused) as error:
        run(SPEC, cluster.url, manifests=[DEPLOY], **ROLE)
    assert error.value.fields["applied"] == ["Namespace llm", "ConfigMap llm/model"]


def test_a_parent_of_another_tool_is_left_alone():
    with FakeCluster("llm") as cluster:
        theirs = {"applyset.kubernetes.io/tooling": "kubectl/v1.32"}
        cluster.seed(
            PARENT, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "model", "annotations": theirs}}
        )
        for task in (
            {"manifests": WHOLE, **ROLE},
            {"apply_set": "configmaps/model", "namespace": "llm", "state": "absent"},
        ):
            with pytest.raises(ApplySetTaken, match=r"kubectl/v1\.32"):
                run(SPEC, cluster.url, **task)
        assert writes(cluster.since(0)) == []
