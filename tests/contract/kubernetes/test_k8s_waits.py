# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waits of k8s_apply on a living cluster: every failure is named while it happens, long before the timeout."""

from __future__ import annotations

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.core.errors import DeadlineExceeded
from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.apply.refusals import ApplyRefused
from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.wait.wait import WaitFailed
from tests.contract.kubernetes.conftest import NEVER_AVAILABLE, REAL, own_control_plane
from tests.contract.out_of_time import time_ends_at

SERVICE = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "model"},
    "spec": {"type": "LoadBalancer", "selector": {"app": "model"}, "ports": [{"port": 8080, "targetPort": 8080}]},
}
KEY = {"secretKeyRef": {"name": "gone", "key": "k"}}
QUOTA = "exceeded quota: gpus, requested: requests.nvidia.com/gpu=1, used: requests.nvidia.com/gpu=2"
WEBHOOK = 'admission webhook "policy.example.com" denied the request: no'
PODS = {"match": {"resource": "pods"}}


@pytest.mark.parametrize(
    ("fault", "container", "reasons"),
    [
        ({}, {"image": "nobody/nothing:1"}, ["ImagePullBackOff", 'image "nobody/nothing:1"', "reference: not found"]),
        ({}, {"env": [{"name": "T", "valueFrom": KEY}]}, ['secret "gone" not found', "apply the Secret"]),
        ({"name": "image_not_found"}, {}, ["ImagePullBackOff", 'pause:3.10"', "reference: not found"]),
        (
            {"name": "crash", "exit_code": 3, "message": "ValueError: x"},
            {},
            ["exit code 3", "log ends with: ValueError: x"],
        ),
        (
            {"name": "crash", "exit_code": 137, "reason": "OOMKilled"},
            {},
            ["memory limit is not enough", "137 (OOMKilled)"],
        ),
        ({"name": "crash", "message": "Not enough memory to handle 4096 prefill tokens"}, {}, ["GPU's memory"]),
        ({"name": "crash", "message": "GatedRepoError: 403 Client Error"}, {}, ["gated", "accept the model's terms"]),
        pytest.param(
            {"name": "admission", "message": QUOTA, **PODS}, {}, [QUOTA, "ResourceQuota"], marks=own_control_plane
        ),
        pytest.param(
            {"name": "admission", "message": WEBHOOK, **PODS}, {}, [WEBHOOK, "webhook keeps"], marks=own_control_plane
        ),
        ({"name": "evicted"}, {}, ["pods were evicted", "low on resource: ephemeral-storage"]),
    ],
)
def test_what_cannot_heal_ends_the_wait_with_its_reason(cluster, deployment, fault, container, reasons):
    if fault:
        cluster.faults.add(**fault)
    manifest = deployment(**container)
    manifest["spec"] |= NEVER_AVAILABLE
    with pytest.raises(WaitFailed) as error:
        cluster.apply(manifest, wait=True, engine="tgi")
    for reason in reasons:
        assert reason in error.value.message


def test_a_volume_whose_secret_is_missing_is_named(cluster, deployment):
    manifest = deployment()
    volumes = manifest["spec"]["template"]["spec"]["volumes"]
    volumes[:] = [{"name": "dshm", "secret": {"secretName": "gone"}}]
    with pytest.raises(WaitFailed, match='FailedMount.*secret "gone" not found'):
        cluster.apply(manifest, wait=True)


def test_a_rollout_without_room_is_named_when_its_own_deadline_passes(cluster, deployment):
    manifest = deployment(resources={"limits": {"nvidia.com/gpu": 1}})
    # A real Deployment controller keeps wall time.
    manifest["spec"]["progressDeadlineSeconds"] = 2 if REAL else 600
    with pytest.raises(WaitFailed, match=r"ProgressDeadlineExceeded.*of 1 nodes, 1 Insufficient nvidia\.com/gpu"):
        cluster.apply(manifest, wait=True)


def test_an_address_that_a_quota_keeps_away_is_named_by_the_service_s_events(cluster):
    cluster.faults.add("no_address")
    with pytest.raises(WaitFailed, match=r"SyncLoadBalancerFailed.*IN_USE_ADDRESSES"):
        cluster.apply(SERVICE, wait=True)


def test_what_may_heal_is_shown_while_it_lasts_and_at_the_end(cluster, deployment):
    cluster.cordon()
    cluster.faults.add("no_address", message="the network is being made")
    patient = deployment()
    patient["spec"]["progressDeadlineSeconds"] = 30000
    reasons = ("of 1 nodes, 1 node(s) were unschedulable", "the network is being made")
    with time_ends_at(*reasons) as hear, pytest.raises(DeadlineExceeded) as error:
        cluster.apply(patient, SERVICE, wait=True, progress=hear)
    for reason in reasons:
        assert reason in error.value.message


@own_control_plane
def test_a_webhook_that_refuses_the_manifest_itself_is_told_from_missing_rights(cluster):
    cluster.faults.add("admission", message=WEBHOOK, match={"resource": "services"})
    with pytest.raises(ApplyRefused) as error:
        cluster.apply(SERVICE)
    assert WEBHOOK in error.value.message
    assert "RBAC" not in error.value.message


def job(**spec):
    pod = {"restartPolicy": "Never", "containers": [{"name": "main", "image": "registry.k8s.io/pause:3.10"}]}
    manifest = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "once"}}
    return {**manifest, "spec": {"template": {"spec": pod}, **spec}}


def test_a_job_is_waited_for_to_its_end_good_or_bad(cluster):
    cluster.faults.add("crash", exit_code=0, reason="Completed", times=1)
    done = cluster.apply(job(), wait=True)["objects"][0]["object"]
    assert done["status"]["succeeded"] == 1
    cluster.apply(job(), state="absent")
    cluster.faults.add("crash", exit_code=3, message="no such model")
    with pytest.raises(WaitFailed, match="BackoffLimitExceeded.*exit code 3.*no such model"):
        cluster.apply(job(backoffLimit=0), wait=True)


def test_a_stateful_set_is_waited_for_until_every_pod_is_ready(cluster, deployment):
    template = deployment()["spec"]
    template["template"]["spec"]["containers"][0].pop("env")
    spec = {**template, "replicas": 2, "serviceName": "model"}
    manifest = {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "model"}, "spec": spec}
    ready = cluster.apply(manifest, wait=True)["objects"][0]["object"]
    assert ready["status"]["readyReplicas"] == 2
