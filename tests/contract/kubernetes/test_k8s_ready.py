# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When kinds other than workloads count as ready, as their controllers on a living cluster say it."""

from __future__ import annotations

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.wait.wait import WaitFailed
from tests.contract.kubernetes.conftest import REAL, own_control_plane

AUTOSCALER = "HorizontalPodAutoscaler"
CLAIM = {
    "apiVersion": "v1",
    "kind": "PersistentVolumeClaim",
    "metadata": {"name": "weights"},
    "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
}


class Heard(Exception):
    """What the test wants to hear has been said."""


def until(words: str):
    """A listener that ends the wait at these words."""

    def hear(line: str) -> None:
        if words in line:
            raise Heard(line)

    return hear


@pytest.fixture
def patient(deployment):
    """Makes a Deployment with a deadline that a busy machine does not miss, fast as life is here."""

    def make(**options):
        manifest = deployment(**options)
        manifest["spec"]["progressDeadlineSeconds"] = 100000
        return manifest

    return make


def condition(obj, kind):
    return next(one for one in obj["status"]["conditions"] if one["type"] == kind)


def api_service(**service):
    spec = {"group": "x.example.com", "version": "v1", "groupPriorityMinimum": 1, "versionPriority": 1, **service}
    manifest = {
        "apiVersion": "apiregistration.k8s.io/v1",
        "kind": "APIService",
        "metadata": {"name": "v1.x.example.com"},
    }
    return {**manifest, "spec": spec}


def served_by(name):
    """A Service with the one thing that an APIService wants of it: a name, and pods that are ready behind it."""
    spec = {"selector": {"app": "model"}, "ports": [{"port": 443, "targetPort": 8080}]}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": spec}


def autoscaler(target="model"):
    reference = {"apiVersion": "apps/v1", "kind": "Deployment", "name": target}
    metric = {
        "type": "Pods",
        "pods": {"metric": {"name": "q"}, "target": {"type": "AverageValue", "averageValue": "1"}},
    }
    spec = {"scaleTargetRef": reference, "minReplicas": 1, "maxReplicas": 2, "metrics": [metric]}
    return {"apiVersion": "autoscaling/v2", "kind": AUTOSCALER, "metadata": {"name": "model"}, "spec": spec}


def test_an_api_is_ready_once_a_pod_behind_its_service_is(cluster, patient):
    api = api_service(service={"name": "adapter", "namespace": "default"}, insecureSkipTLSVerify=True)
    with pytest.raises(Heard, match="ServiceNotFound"):
        cluster.apply(api, wait=True, progress=until("is not present"))
    with pytest.raises(Heard, match="MissingEndpoints"):
        cluster.apply(api, served_by("adapter"), wait=True, progress=until("no addresses"))
    if REAL:
        # It also asks the pod, and this one answers nothing.
        with pytest.raises(Heard, match="FailedDiscoveryCheck"):
            cluster.apply(api, patient(), wait=True, progress=until("FailedDiscoveryCheck"))
        return
    objects = cluster.apply(api, served_by("adapter"), patient(), wait=True)["objects"]
    found = next(entry["object"] for entry in objects if entry["kind"] == "APIService")
    assert condition(found, "Available")["reason"] == "Passed"


def test_an_autoscaler_that_has_no_metrics_is_named_where_it_is_waited_for(cluster, patient):
    cluster.apply(patient(), autoscaler(), wait=True)
    with pytest.raises(Heard, match=r"FailedGetPodsMetric.*no custom metrics API"):
        cluster.apply(autoscaler(), wait=True, wait_for=[AUTOSCALER], progress=until("unable to"))
    with pytest.raises(Heard, match="FailedGetScale"):
        cluster.apply(autoscaler("gone"), wait=True, wait_for=[AUTOSCALER], progress=until('"gone" not found'))


def test_an_autoscaler_whose_target_is_switched_off_is_not_waited_for(cluster, patient):
    cluster.apply(patient(replicas=0), wait=True)
    [entry] = cluster.apply(autoscaler(), wait=True, wait_for=[AUTOSCALER])["objects"]
    assert condition(entry["object"], "ScalingActive")["reason"] == "ScalingDisabled"


@own_control_plane
def test_a_claim_is_named_with_its_event_until_it_is_bound(cluster):
    told = []

    def hear(line: str) -> None:
        told.append(line)
        if "NotSimulated: The sandbox has no controller" in line:
            cluster.write_status("persistentvolumeclaims", "weights", {"phase": "Bound"})

    [entry] = cluster.apply(CLAIM, wait=True, progress=hear)["objects"]
    assert entry["object"]["status"]["phase"] == "Bound"
    assert any("phase Pending: NotSimulated" in line for line in told)


@own_control_plane
def test_a_claim_whose_volume_is_lost_ends_the_wait(cluster):
    def hear(line: str) -> None:
        if "phase Pending" in line:
            cluster.write_status("persistentvolumeclaims", "weights", {"phase": "Lost"})

    with pytest.raises(WaitFailed, match="its volume is lost"):
        cluster.apply(CLAIM, wait=True, progress=hear)
