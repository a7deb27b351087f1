# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""custom_metrics_adapter: one adapter for all autoscalers of a cluster, and each request that this takes."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.core.errors import InvalidOption
from ansible_collections.llmops.gke.plugins.module_utils.gke.client import ClusterAbsent
from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.apply.refusals import ApplyRefused
from ansible_collections.llmops.gke.plugins.module_utils.workflows.custom_metrics_adapter import AnotherAdapter
from ansible_collections.llmops.gke.plugins.modules.custom_metrics_adapter import SPEC
from tests.unit.fake_http import Reply, Request, google_error
from tests.unit.plugins.kubernetes.fake_cluster import FakeCluster
from tests.unit.plugins.kubernetes.k8s_support import GKE_CLUSTER, by_name, run

NAMESPACE = "/api/v1/namespaces/custom-metrics"
PARENT = f"{NAMESPACE}/configmaps/llmops-metrics-adapter"
API_SERVICES = "/apis/apiregistration.k8s.io/v1/apiservices"
API = f"{API_SERVICES}/v1beta1.custom.metrics.k8s.io"
HPAS = "/apis/autoscaling/v2/horizontalpodautoscalers"
PROJECT = "/v1/projects/demo-project"
MEMBER = (
    "principal://iam.googleapis.com/projects/77/locations/global/workloadIdentityPools/demo-project.svc.id.goog/subject/"
    "ns/custom-metrics/sa/stackdriver"
)
ROLE = "roles/monitoring.viewer"


def adapter(name: str) -> list[dict[str, Any]]:
    service = {"namespace": "custom-metrics", "name": name}
    metadata = {"name": "v1beta1.custom.metrics.k8s.io"}
    return [
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name}},
        {
            "apiVersion": "apiregistration.k8s.io/v1",
            "kind": "APIService",
            "metadata": metadata,
            "spec": {"group": "custom.metrics.k8s.io", "service": service},
        },
    ]


GOOGLES = {"adapter": "stackdriver", "manifests": adapter("stackdriver"), "autoscaler": "default/mine", "wait": False}
ITS_OWN = {
    **GOOGLES,
    "adapter": "prometheus",
    "manifests": adapter("prometheus"),
    "prometheus_url": "http://frontend.default.svc:9090",
}
NONE = {"adapter": "none", "autoscaler": "default/mine"}


class Cluster(FakeCluster):
    """A GKE cluster, its API server, and the IAM policy of its project."""

    def __init__(self, monkeypatch) -> None:
        self.members: list[str] = []
        routes = {
            ("GET", GKE_CLUSTER): {"name": "mistral", "status": "RUNNING"},
            ("GET", PROJECT): {"projectNumber": "77"},
            ("POST", f"{PROJECT}:getIamPolicy"): lambda _request: self._policy(),
            ("POST", f"{PROJECT}:setIamPolicy"): self._write_policy,
        }
        super().__init__(more=routes)
        self.options = {**by_name(monkeypatch, self.url), "resource_manager_api_endpoint": self.url}

    def task(self, check: bool = False, **options: Any) -> tuple[dict[str, Any], list[str]]:
        """What a task returns, and its requests without those of dry runs."""
        mark = len(self.calls())
        result = run(SPEC, "", check=check, **self.options, **options)
        return result, [call.partition("?")[0] for call in self.since(mark) if "dryRun" not in call]

    def autoscaler(self, namespace: str, name: str, metric: str = "Pods") -> None:
        manifest = {
            "apiVersion": "autoscaling/v2",
            "kind": "HorizontalPodAutoscaler",
            "metadata": {"name": name, "namespace": namespace},
            "spec": {"metrics": [{"type": metric}]},
        }
        self.seed(f"/apis/autoscaling/v2/namespaces/{namespace}/horizontalpodautoscalers/{name}", manifest)

    def served_by(self) -> str:
        return self.objects[API]["spec"]["service"]["name"]

    def _policy(self) -> dict[str, Any]:
        return {"etag": "e", "bindings": [{"role": ROLE, "members": self.members}] if self.members else []}

    def _write_policy(self, request: Request) -> dict[str, Any]:
        self.members = request.body["policy"]["bindings"][0]["members"]
        return request.body["policy"]


def writes(calls: list[str]) -> list[str]:
    return [call for call in calls if not call.startswith("GET") and "getIamPolicy" not in call]


def test_google_s_adapter_comes_with_its_role_and_costs_little_the_next_time(monkeypatch):
    with Cluster(monkeypatch) as cluster:
        foretold, asked = cluster.task(check=True, **GOOGLES)
        assert writes(asked) == []
        result, calls = cluster.task(**GOOGLES)
        assert writes(calls) == [
            f"POST {PROJECT}:setIamPolicy",
            f"PATCH {NAMESPACE}",
            f"PATCH {PARENT}",
            f"PATCH {NAMESPACE}/serviceaccounts/stackdriver",
            f"PATCH {API}",
        ]
        assert cluster.members == [MEMBER]
        again, calls = cluster.task(**GOOGLES)
        assert sorted(calls) == sorted(
            [
                f"GET {GKE_CLUSTER}",
                f"GET {PARENT}",
                f"GET {NAMESPACE}/serviceaccounts",
                f"GET {API_SERVICES}",
                f"GET {PROJECT}",
                f"POST {PROJECT}:getIamPolicy",
            ]
        )
        assert again["http_requests"] == 6
    assert [step["request"] for step in result["plan"]] == [step["request"] for step in foretold["plan"]]
    assert result["totals"] == foretold["totals"] == {"created": 4}
    assert result["served_by"] == "Service custom-metrics/stackdriver"
    assert (result["changed"], again["changed"]) == (True, False)


def test_the_role_is_left_to_others_where_asked_and_not_needed_by_the_other_adapter(monkeypatch):
    for given in ({**GOOGLES, "iam": False}, ITS_OWN):
        with Cluster(monkeypatch) as cluster:
            _result, calls = cluster.task(**given)
            assert not any(call.partition(" ")[2].partition(":")[0] == PROJECT for call in calls)


def test_an_adapter_of_somebody_else_is_used_as_it_is(monkeypatch):
    with Cluster(monkeypatch) as cluster:
        theirs = adapter("theirs")[1]
        cluster.seed(API, theirs)
        result, calls = cluster.task(**GOOGLES)
    assert calls == [f"GET {GKE_CLUSTER}", f"GET {PARENT}", f"GET {API}"]
    assert not result["changed"]
    assert result["served_by"] == "Service custom-metrics/theirs"


def test_an_api_whose_mark_was_taken_away_is_somebody_else_s(monkeypatch):
    with Cluster(monkeypatch) as cluster:
        cluster.task(**GOOGLES)
        assert cluster.objects[API]["metadata"]["labels"].pop("app.kubernetes.io/managed-by") == "llmops.gke"
        assert cluster.task(**ITS_OWN)[0]["changed"] is False
        assert cluster.served_by() == "stackdriver"


def test_for_its_own_autoscaler_alone_an_adapter_is_exchanged_whole(monkeypatch):
    with Cluster(monkeypatch) as cluster:
        cluster.task(**GOOGLES)
        cluster.autoscaler("default", "mine")
        cluster.autoscaler("default", "by-cpu", "Resource")
        foretold, _asked = cluster.task(check=True, **ITS_OWN)
        result, calls = cluster.task(**ITS_OWN)
        assert cluster.served_by() == "prometheus"
        assert writes(calls) == [
            f"PATCH {NAMESPACE}/serviceaccounts/prometheus",
            f"PATCH {API}",
            f"DELETE {NAMESPACE}/serviceaccounts/stackdriver",
        ]
        assert calls.count(f"GET {HPAS}") == 1
    assert result["totals"] == foretold["totals"] == {"created": 1, "deleted": 1, "unchanged": 1, "updated": 1}


@pytest.mark.parametrize(
    ("others", "told"),
    [
        (["default/mine", "other/theirs"], ", which HorizontalPodAutoscaler other/theirs needs;"),
        (["other/theirs"], ", which HorizontalPodAutoscaler other/theirs needs;"),
        ([], ", which was installed for another autoscaler;"),
    ],
)
def test_two_adapters_for_one_cluster_are_refused_by_name(monkeypatch, others, told):
    with Cluster(monkeypatch) as cluster:
        cluster.task(**GOOGLES)
        for name in others:
            cluster.autoscaler(*name.split("/"))
        mark = len(cluster.calls())
        with pytest.raises(AnotherAdapter) as error:
            cluster.task(**ITS_OWN)
        assert writes(cluster.since(mark)) == []
    assert f"mistral has its custom metrics from Service custom-metrics/stackdriver{told}" in error.value.message
    assert "Service custom-metrics/prometheus cannot serve v1beta1.custom.metrics.k8s.io" in error.value.message


def test_none_removes_it_unless_another_autoscaler_needs_it(monkeypatch):
    with Cluster(monkeypatch) as cluster:
        cluster.task(**GOOGLES)
        cluster.autoscaler("default", "mine")
        cluster.autoscaler("other", "theirs", "External")
        kept, calls = cluster.task(**NONE)
        assert (kept["changed"], kept["users"]) == (False, ["other/theirs"])
        assert kept["served_by"] == "Service custom-metrics/stackdriver"
        assert writes(calls) == []
        cluster.objects.pop("/apis/autoscaling/v2/namespaces/other/horizontalpodautoscalers/theirs")
        foretold, _asked = cluster.task(check=True, **NONE)
        gone, calls = cluster.task(**NONE)
        assert writes(calls) == [f"DELETE {API}", f"DELETE {NAMESPACE}/serviceaccounts/stackdriver", f"DELETE {PARENT}"]
        again, calls = cluster.task(**NONE)
        assert calls == [f"GET {GKE_CLUSTER}", f"GET {PARENT}"]
    assert gone["totals"] == foretold["totals"] == {"deleted": 3}
    assert (again["changed"], again["served_by"]) == (False, None)


def test_without_its_cluster_a_plan_is_made_and_installing_refused(monkeypatch):
    with Cluster(monkeypatch) as cluster:
        cluster._more["GET", GKE_CLUSTER] = google_error(404, "NOT_FOUND", "no")
        with pytest.raises(ClusterAbsent, match="does not exist"):
            cluster.task(**GOOGLES)
        planned, calls = cluster.task(check=True, **GOOGLES)
        assert writes(calls) == []
        assert planned["totals"] == {"created": 4}
        assert [step["resource"] for step in planned["plan"]][0] == "IAM policy of project demo-project"
        assert "does not exist" in planned["warnings"][0]
        assert cluster.task(**NONE)[0]["changed"] is False


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"adapter": "stackdriver"}, "manifests: "),
        ({**ITS_OWN, "prometheus_url": ""}, r"prometheus_url: '' .*http://frontend\.NAMESPACE\.svc:9090"),
        ({**ITS_OWN, "prometheus_url": "http://reader:TOPSECRET@p:9090"}, r"prometheus_url: 'http://\*\*\*@p:9090'"),
        ({**NONE, "autoscaler": "mine"}, "autoscaler: 'mine'"),
    ],
)
def test_what_cannot_be_is_refused_before_any_request(options, told):
    with FakeCluster() as server, pytest.raises(InvalidOption, match=told):
        run(SPEC, server.url, **options)
    assert server.calls() == []


def test_a_role_that_was_given_is_told_by_the_failure_after_it(monkeypatch):
    with Cluster(monkeypatch) as cluster:
        cluster._more["PATCH", API] = Reply(403, {"kind": "Status", "message": "no", "reason": "Forbidden"})
        cluster._more["PATCH", PARENT] = cluster._more["PATCH", API]
        with pytest.raises(ApplyRefused) as error:
            cluster.task(**GOOGLES)
    assert [step["resource"] for step in error.value.fields["steps_done"]] == ["IAM policy of project demo-project"]
    assert error.value.after_changes


def test_manifests_that_leave_the_api_out_are_refused(monkeypatch):
    with Cluster(monkeypatch) as cluster, pytest.raises(InvalidOption, match="APIService v1beta1.custom.metrics"):
        cluster.task(**{**GOOGLES, "manifests": adapter("stackdriver")[:1]})


def test_credentials_in_the_url_are_hidden():
    given = {"manifests": [], "prometheus_url": "http://reader:TOPSECRET@p:9090"}
    assert "reader:TOPSECRET" in SPEC.secrets(given)
