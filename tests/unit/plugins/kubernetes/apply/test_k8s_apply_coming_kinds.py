# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A kind that GKE brings to the cluster is waited for, after all else has been applied."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.core.errors import DeadlineExceeded, InvalidOption
from ansible_collections.llmops.gke.plugins.module_utils.engines.kubernetes.k8s_apply import SPEC
from tests.unit.fake_http import Reply
from tests.unit.plugins.kubernetes.fake_cluster import FakeCluster
from tests.unit.plugins.kubernetes.k8s_support import GKE_CLUSTER, by_name, config, golden, not_found, run

GROUP = "/apis/monitoring.googleapis.com/v1"
PATH = f"{GROUP}/namespaces/golden/podmonitorings/tgi"
CONFIG_PATH = "/api/v1/namespaces/golden/configmaps/settings"
MONITORING = {
    "apiVersion": "monitoring.googleapis.com/v1",
    "kind": "PodMonitoring",
    "metadata": {"name": "tgi", "namespace": "golden"},
    "spec": {"endpoints": [{"port": "http"}]},
}
NOT_SERVED = Reply(404, {"kind": "Status", "message": "the server could not find the requested resource", "code": 404})


class Coming(FakeCluster):
    """A cluster that serves PodMonitoring from the look of that number on."""

    def __init__(self, looks: int, **monitoring: Any) -> None:
        super().__init__("golden")
        self.looks, self.asked = looks, 0
        self._more = {
            ("GET", GKE_CLUSTER): {"name": "mistral", "status": "RUNNING", **monitoring},
            ("GET", GROUP): self._look,
            ("PATCH", PATH): self._apply_it,
        }

    def _look(self, _request: Any) -> Any:
        self.asked += 1
        return golden("custom_resource", "its discovery")[1] if self.asked >= self.looks else not_found()

    def _apply_it(self, request: Any) -> Any:
        if self.asked < self.looks:
            return NOT_SERVED
        return Reply(201, self._apply(PATH, request.body, "llmops.gke"))


def applied(monkeypatch: pytest.MonkeyPatch, cluster: Coming, told: list[str] | None = None, **given: Any) -> Any:
    manifests = [MONITORING, {**config(a="1"), "metadata": {"name": "settings", "namespace": "golden"}}]
    return run(SPEC, cluster.url, progress=told, manifests=manifests, **by_name(monkeypatch, cluster.url), **given)


def writes(cluster: Coming) -> list[str]:
    calls = [call for call in cluster.since(0) if call.startswith("PATCH") and "dryRun" not in call]
    return [call.partition("?")[0].removeprefix("PATCH ") for call in calls]


def test_a_kind_that_gke_brings_later_is_waited_for_once_all_else_is_applied(monkeypatch, pauses):
    told: list[str] = []
    with Coming(4) as cluster:
        result = applied(monkeypatch, cluster, told)
        assert writes(cluster) == [CONFIG_PATH, PATH]
    assert result["totals"] == {"created": 2}
    assert len(pauses) == 2 and cluster.asked == 4
    waits = [line for line in told if "PodMonitoring" in line and "waiting" in line]
    assert waits == ["PodMonitoring of monitoring.googleapis.com/v1: waiting until GKE has brought it to the cluster"]


def test_it_costs_one_request_where_the_kind_is_there_and_none_where_the_object_is(monkeypatch, pauses):
    with Coming(1) as cluster:
        applied(monkeypatch, cluster)
        assert cluster.asked == 1
        assert applied(monkeypatch, cluster)["changed"] is False
        assert cluster.asked == 1
    assert pauses == []


def test_the_wait_ends_with_the_task_s_time_and_says_what_was_applied(monkeypatch, pauses):
    with Coming(10**6) as cluster, pytest.raises(DeadlineExceeded) as raised:
        applied(monkeypatch, cluster, timeout=60)
    assert "until GKE has brought PodMonitoring of monitoring.googleapis.com/v1" in raised.value.message
    assert raised.value.fields["applied"] == ["ConfigMap golden/settings"]
    assert 60 <= sum(pauses) < 61


def test_check_mode_predicts_it_and_waits_for_nothing(monkeypatch, pauses):
    with Coming(2) as cluster:
        result = applied(monkeypatch, cluster, check=True)
        assert writes(cluster) == []
    assert result["totals"] == {"created": 2}
    assert pauses == []


def test_where_managed_prometheus_is_off_it_is_a_kind_that_the_cluster_does_not_know(monkeypatch, pauses):
    with Coming(2, monitoringConfig={"componentConfig": {}}) as cluster, pytest.raises(InvalidOption) as raised:
        applied(monkeypatch, cluster)
    assert "PodMonitoring" in raised.value.message
    assert pauses == []
