# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""k8s_apply, k8s_label and k8s_info against an API server that is not of their making."""

from __future__ import annotations

import base64

import pytest
import trustme

from ansible_collections.llmops.gke.plugins.module_utils.core.errors import DeadlineExceeded, HttpError
from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.apply.refusals import ApplyConflict, ApplyRefused
from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.wait.wait import WaitFailed
from tests.contract.kubernetes.conftest import REAL
from tests.contract.out_of_time import time_ends_at

SERVICE = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "model"},
    "spec": {"type": "LoadBalancer", "selector": {"app": "model"}, "ports": [{"port": 8080, "targetPort": 8080}]},
}
SECRET = {
    "apiVersion": "v1",
    "kind": "Secret",
    "metadata": {"name": "mistral-demo"},
    "stringData": {"HF_TOKEN": "hf_canary"},
}
MONITORING = {
    "apiVersion": "monitoring.googleapis.com/v1",
    "kind": "PodMonitoring",
    "metadata": {"name": "model"},
    "spec": {"selector": {"matchLabels": {"app": "model"}}, "endpoints": [{"port": 8080, "interval": "15s"}]},
}
SCALER = {
    "apiVersion": "autoscaling/v2",
    "kind": "HorizontalPodAutoscaler",
    "metadata": {"name": "model"},
    "spec": {
        "minReplicas": 1,
        "maxReplicas": 2,
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "model"},
        "metrics": [
            {
                "type": "Pods",
                "pods": {"metric": {"name": "q"}, "target": {"type": "AverageValue", "averageValue": "10"}},
            }
        ],
    },
}
DEFINITION = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "widgets.example.com"},
    "spec": {
        "group": "example.com",
        "names": {"kind": "Widget", "plural": "widgets", "singular": "widget", "listKind": "WidgetList"},
        "scope": "Namespaced",
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}},
            }
        ],
    },
}
WIDGET = {"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "w"}, "spec": {"size": 1}}


def actions(result):
    return [(entry["kind"], entry["action"]) for entry in result["objects"]]


def test_a_deployment_s_life(cluster, deployment):
    manifests = [deployment(), SERVICE, SECRET, MONITORING, SCALER]

    foretold = cluster.apply(*manifests, check=True)
    assert cluster.info("Service", name="model") == []
    created = cluster.apply(*manifests, wait=True)
    assert actions(foretold) == actions(created)
    assert created["totals"] == {"created": 5}
    assert foretold["diff"] == created["diff"]

    service = next(entry["object"] for entry in created["objects"] if entry["kind"] == "Service")
    assert service["status"]["loadBalancer"]["ingress"][0]["ip"]
    ready = next(entry["object"] for entry in created["objects"] if entry["kind"] == "Deployment")
    assert ready["status"]["availableReplicas"] == 1

    cluster.calls()
    for check in (False, True):
        assert cluster.apply(*manifests, check=check, wait=True)["totals"] == {"unchanged": 5}
        # A watch of the call before is written down when the server notices its end, which may be now.
        calls = [call for call in cluster.calls() if "watch=true" not in call]
        assert calls.pop(0) == "GET /apis/monitoring.googleapis.com/v1"
        assert len(calls) == 5
        assert all(call.startswith("GET ") for call in calls)

    cluster.apply(*manifests, state="absent")
    assert cluster.apply(*manifests, state="absent")["totals"] == {"absent": 5}
    for api_version, kind in (("apps/v1", "Deployment"), ("apps/v1", "ReplicaSet"), ("v1", "Pod"), ("v1", "Secret")):
        assert cluster.info(kind, api_version=api_version, namespace="default") == []


def test_a_change_is_foretold_and_then_happens(cluster, deployment):
    cluster.apply(deployment())
    changed = deployment(image="registry.k8s.io/pause:3.9", env=[{"name": "MODEL_ID", "value": "other"}])
    foretold = cluster.apply(changed, check=True)
    happened = cluster.apply(changed)
    assert foretold["plan"] == happened["plan"]
    assert foretold["diff"] == happened["diff"]
    fields = {change["field"]: change["after"] for change in happened["plan"][0]["changes"]}
    main = "spec.template.spec.containers[name=main]"
    assert fields == {
        f"{main}.image": "registry.k8s.io/pause:3.9",
        f"{main}.env[name=MODEL_ID].value": "other",
        f"{main}.env[name=NODE]": None,
    }
    assert not cluster.apply(changed)["changed"]


def test_a_field_left_out_is_removed_and_others_fields_stay(cluster):
    config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": {"a": "1", "b": "2"}}
    cluster.apply(config)
    cluster.apply({**config, "data": {"theirs": "3"}}, field_manager="another")
    result = cluster.apply({**config, "data": {"a": "1"}})
    assert result["objects"][0]["object"]["data"] == {"a": "1", "theirs": "3"}
    assert result["plan"][0]["changes"] == [{"field": "data.b", "before": "2", "after": None}]


def test_a_conflict_is_named_and_force_takes_the_field(cluster, deployment):
    cluster.apply(deployment(replicas=1))
    theirs = {**deployment(), "spec": {"replicas": 2}}
    for check in (True, False):
        with pytest.raises(ApplyConflict, match=r"\.spec\.replicas \(llmops\.gke\)"):
            cluster.apply(theirs, check=check, field_manager="another")
    assert cluster.apply(theirs, field_manager="another", force_conflicts=True)["totals"] == {"updated": 1}
    with pytest.raises(ApplyConflict, match=r"\.spec\.replicas \(another\)"):
        cluster.apply(deployment(replicas=1))
    assert cluster.apply(deployment(replicas=None))["objects"][0]["object"]["spec"]["replicas"] == 2


def test_a_misspelt_field_stops_the_call_before_anything_is_applied(cluster, deployment):
    with pytest.raises(ApplyRefused, match=r'containers\[name="main"\]\.imagee.*nothing was applied'):
        cluster.apply(SECRET, deployment(imagee="x"))
    assert cluster.info("Secret", name="mistral-demo") == []


def test_a_secret_is_written_but_never_shown(cluster):
    cluster.apply(SECRET)
    assert not cluster.apply(SECRET)["changed"]
    changed = cluster.apply({**SECRET, "stringData": {"HF_TOKEN": "hf_canary_2"}})
    read = cluster.info("Secret", name="mistral-demo")
    for text in (str(changed), str(read)):
        assert "hf_canary" not in text
        assert "aGZfY2FuYXJ5" not in text
    assert changed["diff"]["after"]["Secret default/mistral-demo"]["data"]["HF_TOKEN"] == "******** (after)"
    gone = cluster.apply({**SECRET, "stringData": {"OTHER": "x"}})
    assert list(gone["objects"][0]["object"]["data"]) == ["OTHER"]


def test_a_namespace_and_a_kind_that_come_with_the_call(cluster, deployment):
    own = {**WIDGET, "metadata": {"name": "w", "namespace": "new"}}
    for _run in ("first", "again"):
        manifests = [own, DEFINITION, SECRET]
        foretold = cluster.apply(*manifests, check=True, namespace="new", create_namespace=True)
        happened = cluster.apply(*manifests, namespace="new", create_namespace=True)
        assert actions(foretold) == actions(happened)
    assert happened["totals"] == {"unchanged": 3}, "what is in it shows that the namespace is there"
    assert cluster.info("Widget", api_version="example.com/v1")[0]["spec"] == {"size": 1}


def test_labels_survive_the_workload_s_own_apply(cluster):
    cluster.apply(SERVICE)
    labels = {"LLM_deployment": "true", "model_LoadBalancer": "true"}
    assert cluster.label(check=True, kind="Service", name="model", labels=labels)["totals"] == {"updated": 1}
    assert cluster.label(kind="Service", name="model", labels=labels)["totals"] == {"updated": 1}
    assert cluster.label(kind="Service", label_selector="LLM_deployment=true", labels=labels)["totals"] == {
        "unchanged": 1
    }
    assert not cluster.apply(SERVICE)["changed"]
    assert cluster.info("Service", label_selectors=["LLM_deployment=true"])[0]["metadata"]["name"] == "model"
    cluster.label(kind="Service", name="model", labels={"model_LoadBalancer": None}, state="absent")
    assert cluster.info("Service", name="model")[0]["metadata"]["labels"] == {"LLM_deployment": "true"}
    cluster.label(kind="Service", name="model", labels=labels, state="absent")
    again = cluster.label(kind="Service", name="model", labels=labels, state="absent")
    assert not again["changed"]
    assert "labels" not in cluster.info("Service", name="model")[0]["metadata"]


def test_a_broken_rollout_is_corrected_by_the_next_apply(cluster, deployment):
    with pytest.raises(WaitFailed):
        cluster.apply(deployment(image="nobody/nothing:1"), wait=True)
    assert cluster.apply(deployment(), wait=True)["objects"][0]["object"]["status"]["availableReplicas"] == 1


def test_only_the_cluster_s_own_authority_is_trusted_whatever_the_environment_says(cluster, monkeypatch, tmp_path):
    others = trustme.CA()
    path = tmp_path / "ca.pem"
    others.cert_pem.write_to_path(str(path))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(path))
    assert cluster.info("Namespace", name="default")
    stranger = cluster.kubeconfig
    authority = base64.b64encode(path.read_bytes()).decode()
    stranger["clusters"][0]["cluster"]["certificate-authority-data"] = authority
    with pytest.raises(HttpError, match="gave no TLS connection"):
        cluster.info("Namespace", kubeconfig=stranger)


def test_all_misspelt_fields_of_a_manifest_are_named_on_one_line(cluster, deployment):
    manifest = deployment(imagee="x")
    manifest["spec"]["replicsa"] = 1
    with pytest.raises(ApplyRefused) as error:
        cluster.apply(manifest)
    fields = (".spec.replicsa", 'containers[name="main"].imagee')
    # A real server goes through fields in any order, and may stop at the first that is not declared.
    for field in [one for one in fields if not REAL or one in error.value.message] or fields:
        assert f"{field}: field not declared in schema" in error.value.message
    assert "\n" not in error.value.message


def test_an_object_that_is_being_deleted_is_waited_for_and_made_anew(cluster):
    held = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "held", "finalizers": ["example.com/held"]}}
    cluster.apply(held)
    with time_ends_at("held by") as hear, pytest.raises(DeadlineExceeded):
        cluster.apply(held, state="absent", progress=hear)
    wanted = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "held"}, "data": {"k": "v"}}
    assert cluster.apply(wanted, check=True)["totals"] == {"created": 1}
    with time_ends_at("held by") as hear, pytest.raises(DeadlineExceeded, match="held by example.com/held"):
        cluster.apply(wanted, progress=hear)

    def let_go(line):
        if "held by" in line:
            cluster.release("configmaps", "held")

    assert cluster.apply(wanted, progress=let_go)["totals"] == {"created": 1}
    assert cluster.info("ConfigMap", name="held")[0]["data"] == {"k": "v"}
