# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""k8s_apply's service_account_roles: given before anything is applied, predicted alike, told where the rest fails."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.core.errors import HttpError, InvalidOption
from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.apply.refusals import ApplyRefused
from ansible_collections.llmops.gke.plugins.modules.k8s_apply import SPEC
from tests.unit.fake_http import Reply, google_error
from tests.unit.plugins.kubernetes.fake_cluster import FakeCluster
from tests.unit.plugins.kubernetes.k8s_support import GKE_CLUSTER, by_name, run

PROJECT, BUCKET = "/v1/projects/demo-project", "/b/my-models/iam"
GOLDEN = "/api/v1/namespaces/golden"
READER = "roles/storage.objectViewer"
MEMBER = (
    "principal://iam.googleapis.com/projects/77/locations/global/workloadIdentityPools/demo-project.svc.id.goog/subject/"
    "ns/{}/sa/mistral"
)
ACCOUNT = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "mistral"}}
OF_THE_BUCKET = {"name": "mistral", "role": READER, "bucket": "my-models"}
TASK = {"manifests": [ACCOUNT], "namespace": "golden", "service_account_roles": [OF_THE_BUCKET]}


class Cluster(FakeCluster):
    """A GKE cluster, its API server, and the policies of a bucket and of the project."""

    def __init__(self, monkeypatch) -> None:
        self.members: list[str] = []
        self.refused: Reply | None = None
        routes = {
            ("GET", GKE_CLUSTER): {"name": "mistral", "status": "RUNNING"},
            ("GET", PROJECT): {"projectNumber": "77"},
            ("GET", BUCKET): lambda _request: self._policy(),
            ("PUT", BUCKET): lambda request: self._write(request.body),
            ("POST", f"{PROJECT}:getIamPolicy"): lambda _request: self._policy(),
            ("POST", f"{PROJECT}:setIamPolicy"): lambda request: self._write(request.body["policy"]),
        }
        super().__init__("golden", more=routes)
        ends = {f"{service}_api_endpoint": self.url for service in ("resource_manager", "storage")}
        self.options = {**by_name(monkeypatch, self.url), **ends}

    def task(self, check: bool = False, **options: Any) -> tuple[dict[str, Any], list[str]]:
        """What a task returns, and its requests without those of dry runs."""
        mark = len(self.calls())
        result = run(SPEC, "", check=check, **self.options, **{**TASK, **options})
        return result, [call.partition("?")[0] for call in self.since(mark) if "dryRun" not in call]

    def _policy(self) -> dict[str, Any]:
        bindings = [{"role": READER, "members": self.members}] if self.members else []
        return {"version": 3, "etag": "BwY=", "bindings": bindings}

    def _write(self, policy: dict[str, Any]) -> Reply | dict[str, Any]:
        if self.refused:
            return self.refused
        self.members = [member for binding in policy["bindings"] for member in binding["members"]]
        return policy


@pytest.fixture
def cluster(monkeypatch):
    with Cluster(monkeypatch) as cluster:
        yield cluster


def test_given_before_anything_is_applied_and_predicted_alike(cluster):
    planned, asked = cluster.task(check=True)
    assert not [call for call in asked if call.startswith(("PUT", "PATCH"))] and cluster.members == []
    done, calls = cluster.task()
    assert calls == [
        f"GET {GKE_CLUSTER}",
        f"GET {PROJECT}",
        f"GET {BUCKET}",
        f"PUT {BUCKET}",
        f"GET {GOLDEN}/serviceaccounts/mistral",
        f"PATCH {GOLDEN}/serviceaccounts/mistral",
    ]
    assert cluster.members == [MEMBER.format("golden")]
    assert [step["resource"] for step in done["plan"]] == [
        "IAM policy of bucket my-models",
        "ServiceAccount golden/mistral",
    ]
    assert done["plan"] == planned["plan"] and done["diff"]["before"] == planned["diff"]["before"]
    assert done["diff"]["after"]["IAM policy of bucket my-models"] == {READER: cluster.members}
    assert done["changed"] and done["totals"] == {"created": 1} and done["http_requests"] == len(calls)
    again, calls = cluster.task()
    assert again["changed"] is False and again["plan"] == [] and "diff" not in again
    assert calls == [f"GET {GKE_CLUSTER}", f"GET {PROJECT}", f"GET {BUCKET}", f"GET {GOLDEN}/serviceaccounts/mistral"]


def test_in_the_project_and_for_an_account_of_another_namespace(cluster):
    row = {"name": "mistral", "namespace": "elsewhere", "role": READER}
    done, calls = cluster.task(service_account_roles=[row])
    assert cluster.members == [MEMBER.format("elsewhere")]
    assert f"POST {PROJECT}:setIamPolicy" in calls and f"PUT {BUCKET}" not in calls
    assert done["plan"][0]["resource"] == "IAM policy of project demo-project"


def test_a_role_that_is_refused_leaves_nothing_applied(cluster):
    cluster.refused = google_error(403, "forbidden", "No storage.buckets.setIamPolicy.")
    with pytest.raises(HttpError, match=f"give {READER} on bucket my-models to principal.*403"):
        cluster.task()
    assert not cluster.objects.keys() & {f"{GOLDEN}/serviceaccounts/mistral"}


def test_a_failure_after_it_tells_of_it(cluster):
    with pytest.raises(ApplyRefused) as refused:
        cluster.task(namespace="absent")
    assert [step["resource"] for step in refused.value.fields["steps_done"]] == ["IAM policy of bucket my-models"]


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ({"role": "viewer"}, "service_account_roles.role: 'viewer' is not accepted"),
        ({"bucket": "gs://my-models"}, "service_account_roles.bucket: 'gs://my-models' is not accepted"),
    ],
)
def test_what_cannot_be_is_refused_before_any_request(cluster, row, told):
    with pytest.raises(InvalidOption, match=told):
        cluster.task(service_account_roles=[{**OF_THE_BUCKET, **row}])
    with pytest.raises(InvalidOption, match="service_account_roles.namespace"):
        cluster.task(namespace=None)
    with pytest.raises(InvalidOption, match="project: None is not accepted"):
        run(SPEC, cluster.url, **{**TASK, "service_account_roles": [OF_THE_BUCKET]})
    assert cluster.calls() == []


def test_removal_takes_no_role_and_gives_none(cluster):
    cluster.task()
    result, calls = cluster.task(state="absent")
    assert result["totals"] == {"deleted": 1} and cluster.members == [MEMBER.format("golden")]
    assert not [call for call in calls if "/b/" in call or call.endswith(PROJECT)]
