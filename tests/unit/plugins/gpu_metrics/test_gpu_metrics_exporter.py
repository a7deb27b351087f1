# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""gpu_metrics_exporter: who runs the exporter, in which order it changes, and each request that this takes."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.core.errors import DeadlineExceeded, HttpError, InvalidOption
from ansible_collections.llmops.gke.plugins.module_utils.gke.client import ClusterAbsent
from ansible_collections.llmops.gke.plugins.module_utils.workflows.gpu_metrics.exporter_mode import AnotherExporter
from ansible_collections.llmops.gke.plugins.modules.gpu_metrics_exporter import SPEC
from tests.unit.fake_http import Reply, Request, google_error
from tests.unit.plugins.kubernetes.fake_cluster import FakeCluster
from tests.unit.plugins.kubernetes.k8s_support import GKE_CLUSTER, by_name, run

NAMESPACE = "/api/v1/namespaces/gpu-metrics"
PARENT = f"{NAMESPACE}/configmaps/gpu-metrics-exporter"
CONFIG = f"{NAMESPACE}/configmaps/counters"
DAEMON_SETS = "/apis/apps/v1/daemonsets"
OURS = "/apis/apps/v1/namespaces/gpu-metrics/daemonsets/dcgm-exporter"
GKES = "/apis/apps/v1/namespaces/gke-managed-system/daemonsets/dcgm-exporter"
STRANGERS = "/apis/apps/v1/namespaces/default/daemonsets/nvidia-dcgm-exporter"


def daemon_set(name: str, image: str = "nvcr.io/nvidia/k8s/dcgm-exporter:4.5.3", **status: int) -> dict[str, Any]:
    namespace = {} if name == "dcgm-exporter" else {"namespace": "default"}
    spec = {"template": {"spec": {"containers": [{"name": "exporter", "image": image}]}}}
    manifest = {"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": {"name": name, **namespace}, "spec": spec}
    return {**manifest, "status": status} if status else manifest


MANIFESTS = [
    {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "counters"}, "data": {"a": "1"}},
    daemon_set("dcgm-exporter"),
]
GKES_OWN = daemon_set("dcgm-exporter", "gke.gcr.io/gke-dcgm-exporter@sha256:00", currentNumberScheduled=1)
GKES_OWN["metadata"]["namespace"] = "gke-managed-system"


class Gke(FakeCluster):
    """A GKE cluster that collects ``components``, and its API server; GKE's exporter comes and goes with DCGM.

    lags: how many looks GKE's exporter still runs after GKE was told to end it.
    """

    def __init__(self, monkeypatch, *components: str, lags: int = 0) -> None:
        self.cluster = {
            "name": "mistral",
            "status": "RUNNING",
            "monitoringConfig": {
                "componentConfig": {"enableComponents": list(components)},
                "managedPrometheusConfig": {"enabled": True},
            },
        }
        self._lags = lags
        routes = {
            ("GET", GKE_CLUSTER): lambda _request: self.cluster,
            ("PUT", GKE_CLUSTER): self._update,
            ("GET", DAEMON_SETS): self._daemon_sets,
        }
        super().__init__(more=routes)
        self.place = by_name(monkeypatch, self.url)
        self._run_gkes()

    def task(self, check: bool = False, **options: Any) -> tuple[dict[str, Any], list[str]]:
        """What a task returns, and its requests without those of dry runs."""
        mark = len(self.calls())
        result = run(SPEC, "", check=check, **self.place, **options)
        return result, [call.partition("?")[0] for call in self.since(mark) if "dryRun" not in call]

    def components(self) -> list[str]:
        return self.cluster["monitoringConfig"]["componentConfig"]["enableComponents"]

    def exporters(self) -> list[str]:
        return [path for path in (OURS, GKES) if path in self.objects]

    def _update(self, request: Request) -> dict[str, Any]:
        self.cluster = copy.deepcopy(self.cluster)
        wanted = request.body["update"]["desiredMonitoringConfig"]
        self.cluster["monitoringConfig"] = wanted
        self._run_gkes()
        return {"name": "operation-1", "status": "DONE"}

    def _run_gkes(self) -> None:
        if "DCGM" in self.components():
            assert OURS not in self.objects, "two exporters at once"
            self.objects[GKES] = GKES_OWN
        elif not self._lags:
            self.objects.pop(GKES, None)

    def _daemon_sets(self, _request: Request) -> dict[str, Any]:
        if "DCGM" not in self.components() and GKES in self.objects:
            self._lags -= 1
            if self._lags < 0:
                self.objects.pop(GKES)
        found = [obj for path, obj in self.objects.items() if "/daemonsets/" in path]
        return {"items": found, "metadata": {"resourceVersion": "1"}}

    def _patched(self, path: str, body: dict[str, Any], query: dict[str, str]) -> Reply | dict[str, Any]:
        assert path != OURS or "dryRun" in query or GKES not in self.objects, "two exporters at once"
        return super()._patched(path, body, query)


def test_a_cluster_that_gke_measures_costs_two_requests(monkeypatch):
    with Gke(monkeypatch, "DCGM", "SYSTEM_COMPONENTS") as gke:
        result, calls = gke.task()
    assert calls == [f"GET {GKE_CLUSTER}", f"GET {PARENT}"]
    assert not result["changed"]
    assert result["http_requests"] == 2
    assert result["components"] == ["DCGM", "SYSTEM_COMPONENTS"]


def test_gke_is_told_to_run_its_own_beside_what_it_collects_already(monkeypatch):
    with Gke(monkeypatch, "HPA", "SYSTEM_COMPONENTS") as gke:
        foretold, asked = gke.task(check=True)
        result, calls = gke.task()
        assert gke.components() == ["DCGM", "HPA", "SYSTEM_COMPONENTS"]
    assert asked == [f"GET {GKE_CLUSTER}", f"GET {DAEMON_SETS}", f"GET {PARENT}"]
    assert calls == [*asked, f"PUT {GKE_CLUSTER}", f"GET {GKE_CLUSTER}"]
    assert result["plan"] == foretold["plan"]
    assert result["diff"] == foretold["diff"]
    assert result["components"] == foretold["components"] == ["DCGM", "HPA", "SYSTEM_COMPONENTS"]


def test_a_daemon_set_is_applied_with_all_that_belongs_to_it_and_then_left_alone(monkeypatch):
    with Gke(monkeypatch, "SYSTEM_COMPONENTS") as gke:
        result, calls = gke.task(mode="daemonset", manifests=MANIFESTS)
        assert [call for call in calls if not call.startswith("GET")] == [
            f"PATCH {NAMESPACE}",
            f"PATCH {PARENT}",
            f"PATCH {CONFIG}",
            f"PATCH {OURS}",
        ]
        again, calls = gke.task(mode="daemonset", manifests=MANIFESTS)
    kinds = [f"GET {path.rpartition('/')[0]}" for path in (CONFIG, OURS)]
    assert calls[:2] == [f"GET {GKE_CLUSTER}", f"GET {PARENT}"]
    assert sorted(calls[2:]) == sorted(kinds)
    assert (result["changed"], again["changed"]) == (True, False)


@pytest.mark.parametrize("lags", [0, 3])
def test_from_gke_to_a_daemon_set_that_waits_until_gke_s_is_gone(monkeypatch, lags):
    with Gke(monkeypatch, "DCGM", "SYSTEM_COMPONENTS", lags=lags) as gke:
        foretold, asked = gke.task(check=True, mode="daemonset", manifests=MANIFESTS)
        assert all(call.startswith("GET") for call in asked)
        result, calls = gke.task(mode="daemonset", manifests=MANIFESTS)
        assert gke.exporters() == [OURS]
    assert [call for call in calls if not call.startswith("GET")] == [
        f"PUT {GKE_CLUSTER}",
        f"PATCH {NAMESPACE}",
        f"PATCH {PARENT}",
        f"PATCH {CONFIG}",
        f"PATCH {OURS}",
    ]
    assert calls.count(f"GET {DAEMON_SETS}") == 2 + lags
    assert [step["request"] for step in result["plan"]] == [step["request"] for step in foretold["plan"]]
    assert result["totals"] == foretold["totals"] == {"created": 4}
    assert result["components"] == ["SYSTEM_COMPONENTS"]


def test_from_a_daemon_set_to_gke_ours_is_gone_before_gke_is_told(monkeypatch):
    with Gke(monkeypatch, "SYSTEM_COMPONENTS") as gke:
        gke.task(mode="daemonset", manifests=MANIFESTS)
        foretold, _asked = gke.task(check=True)
        result, calls = gke.task()
        assert gke.exporters() == [GKES]
    assert [call for call in calls if not call.startswith("GET")] == [
        f"DELETE {OURS}",
        f"DELETE {CONFIG}",
        f"DELETE {PARENT}",
        f"PUT {GKE_CLUSTER}",
    ]
    assert [step["request"] for step in result["plan"]] == [step["request"] for step in foretold["plan"]]
    assert result["diff"] == foretold["diff"]


def test_nobody_runs_one(monkeypatch):
    with Gke(monkeypatch, "DCGM", "HPA") as gke:
        result, calls = gke.task(mode="none")
        assert (gke.exporters(), gke.components()) == ([], ["HPA"])
        again, quiet = gke.task(mode="none")
    assert calls == [f"GET {GKE_CLUSTER}", f"GET {PARENT}", f"PUT {GKE_CLUSTER}", f"GET {GKE_CLUSTER}"]
    assert quiet == [f"GET {GKE_CLUSTER}", f"GET {PARENT}"]
    assert (result["changed"], again["changed"]) == (True, False)


def test_absent_removes_ours_and_leaves_gke_s(monkeypatch):
    with Gke(monkeypatch, "SYSTEM_COMPONENTS") as gke:
        gke.task(mode="daemonset", manifests=MANIFESTS)
        assert gke.task(state="absent")[0]["totals"] == {"deleted": 3}
        gke.task()
        result, calls = gke.task(state="absent")
        assert gke.exporters() == [GKES]
    assert not result["changed"]
    assert calls == [f"GET {GKE_CLUSTER}", f"GET {PARENT}"]


@pytest.mark.parametrize(("mode", "beside"), [("managed", "GKE's own exporter"), ("daemonset", "another one")])
def test_a_stranger_s_exporter_is_refused_before_anything_is_written(monkeypatch, mode, beside):
    with Gke(monkeypatch, "SYSTEM_COMPONENTS") as gke:
        gke.seed(STRANGERS, daemon_set("nvidia-dcgm-exporter"))
        mark = len(gke.calls())
        with pytest.raises(AnotherExporter) as error:
            gke.task(mode=mode, manifests=MANIFESTS)
        assert all(call.startswith("GET") for call in gke.since(mark))
        assert gke.task(mode="none")[0]["changed"] is False
    assert error.value.message == (
        "DaemonSet default/nvidia-dcgm-exporter already exports the figures of the GPUs of mistral; with "
        f"{beside} each would be there twice. Keep it with mode none, or remove it"
    )


def test_the_wait_for_gke_s_ends_with_the_deadline_and_names_it(monkeypatch):
    with Gke(monkeypatch, "DCGM", lags=10**6) as gke, pytest.raises(DeadlineExceeded) as error:
        gke.task(mode="daemonset", manifests=MANIFESTS, timeout=60)
    assert "GKE's own exporter runs nowhere" in error.value.message
    assert "DaemonSet gke-managed-system/dcgm-exporter" in error.value.message


def test_a_failure_tells_what_was_done_before_it(monkeypatch):
    with Gke(monkeypatch, "SYSTEM_COMPONENTS") as gke:
        gke.task(mode="daemonset", manifests=MANIFESTS)
        gke._more["PUT", GKE_CLUSTER] = google_error(403, "PERMISSION_DENIED", "no")
        with pytest.raises(HttpError) as error:
            gke.task()
    assert [step["action"] for step in error.value.fields["steps_done"]] == ["delete", "delete", "delete"]
    assert error.value.after_changes


def test_without_its_cluster_a_plan_is_made_and_everything_else_refused(monkeypatch):
    with Gke(monkeypatch) as gke:
        gke._more["GET", GKE_CLUSTER] = google_error(404, "NOT_FOUND", "no")
        for mode in ("managed", "daemonset"):
            with pytest.raises(ClusterAbsent, match="mistral in us-central1 of project demo-project does not exist"):
                gke.task(mode=mode, manifests=MANIFESTS)
        planned, _calls = gke.task(check=True, mode="daemonset", manifests=MANIFESTS)
        assert planned["totals"] == {"created": 4}
        assert "does not exist" in planned["warnings"][0]
        for given in ({"check": True}, {"mode": "none"}, {"state": "absent"}):
            assert gke.task(**given)[0]["changed"] is False


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"mode": "daemonset"}, "manifests: "),
        ({"components": ["HPA"]}, r"components: \['HPA'\] .* a list with DCGM in it"),
        ({"kubeconfig": {}}, "mode: 'managed' is not accepted"),
    ],
)
def test_what_cannot_be_is_refused_before_any_request(options, told):
    with FakeCluster() as server, pytest.raises(InvalidOption, match=told):
        run(SPEC, server.url, **options)
    assert server.calls() == []
