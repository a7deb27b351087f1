# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How soon a wait names what goes wrong: within three seconds of life from the moment at which the API shows it.

The sandbox runs fast until the API shows the trouble; from then on its clock runs as in life. So nothing that would
follow later (a restart, a back-off, a repeated event) can help the wait to its words, and three seconds are long
enough for any machine. Nobody is waited for longer: the wait ends as soon as it has named the trouble.
"""

from __future__ import annotations

import time
from concurrent.futures import Future
from typing import Any

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.wait.wait import WaitFailed
from tests.contract.kubernetes.conftest import NEVER_AVAILABLE, REAL, own_control_plane

SECONDS = 3.0
TIMEOUT = 30
# A real Deployment controller keeps wall time.
DEADLINE = 2 if REAL else 600
SERVICE = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "model"},
    "spec": {"type": "LoadBalancer", "selector": {"app": "model"}, "ports": [{"port": 8080, "targetPort": 8080}]},
}
QUOTA = "exceeded quota: gpus, requested: requests.nvidia.com/gpu=1, used: requests.nvidia.com/gpu=2"
WEBHOOK = 'admission webhook "policy.example.com" denied the request: no'
GATED, NO_MEMORY = "GatedRepoError: 403 Client Error", "Not enough memory to handle 4096 prefill tokens"
MISSING = {"env": [{"name": "T", "valueFrom": {"secretKeyRef": {"name": "gone", "key": "k"}}}]}
# A first crash may be an accident; the second one, half a second later, is trouble.
CRASH = {"name": "crash", "after": 0.5}
PODS_REFUSED = {"match": {"resource": "pods"}}


class Named(Exception):
    """The wait has said it; it need not go on."""


def waiting(reason: str):
    return "pods", lambda pod: any((one.get("waiting") or {}).get("reason") == reason for one in _states(pod))


def ended(code: int):
    return "pods", lambda pod: any((one.get("terminated") or {}).get("exitCode") == code for one in _states(pod))


def _states(pod: dict[str, Any]) -> list[dict[str, Any]]:
    containers = pod.get("status", {}).get("containerStatuses") or []
    return [container.get(state) or {} for container in containers for state in ("state", "lastState")]


def condition(resource: str, reason: str):
    return resource, lambda obj: any(one.get("reason") == reason for one in obj.get("status", {}).get("conditions", ()))


def event(reason: str):
    return "events", lambda one: one["reason"] == reason


def phase(reason: str):
    return "pods", lambda pod: pod.get("status", {}).get("reason") == reason


def named_after(cluster, sign, words: list[str], *manifests) -> float:
    """Seconds of life from the trouble's appearing in the API until the wait names it with all of ``words``."""
    appeared: Future[float] = Future()

    def as_in_life() -> None:
        cluster.clock.speed = 1.0
        appeared.set_result(time.monotonic())

    def hear(line: str) -> None:
        if all(word in line for word in words):
            raise Named(line)

    cluster.when(*sign, as_in_life)
    with pytest.raises((Named, WaitFailed)) as told:
        cluster.apply(*manifests, wait=True, engine="tgi", timeout=TIMEOUT, progress=hear)
    named = time.monotonic()
    for word in words:
        assert word in str(told.value)
    # The wait may have been told of it a moment earlier than the test.
    return named - appeared.result(SECONDS)


@pytest.mark.parametrize(
    ("fault", "container", "sign", "words"),
    [
        pytest.param(
            {},
            {"image": "nobody/no:1"},
            waiting("ErrImagePull"),
            ['image "nobody/no:1"', "reference: not found"],
            id="image",
        ),
        pytest.param({}, MISSING, waiting("CreateContainerConfigError"), ['secret "gone" not found'], id="secret"),
        pytest.param({**CRASH, "exit_code": 3, "message": "E: x"}, {}, ended(3), ["code 3", "E: x"], id="crash"),
        pytest.param({**CRASH, "exit_code": 137, "reason": "OOMKilled"}, {}, ended(137), ["memory limit"], id="memory"),
        pytest.param({**CRASH, "message": NO_MEMORY}, {}, ended(1), ["GPU's memory"], id="GPU memory"),
        pytest.param({**CRASH, "message": GATED}, {}, ended(1), ["gated"], id="gated model"),
        pytest.param(
            {"name": "admission", "message": QUOTA, **PODS_REFUSED},
            {},
            event("FailedCreate"),
            [QUOTA],
            id="quota",
            marks=own_control_plane,
        ),
        pytest.param(
            {"name": "admission", "message": WEBHOOK, **PODS_REFUSED},
            {},
            event("FailedCreate"),
            [WEBHOOK],
            id="webhook",
            marks=own_control_plane,
        ),
        pytest.param({"name": "evicted"}, {}, phase("Evicted"), ["evicted", "low on resource"], id="evicted"),
    ],
)
def test_a_workload_s_trouble_is_named_as_it_appears(cluster, deployment, fault, container, sign, words):
    if fault:
        cluster.faults.add(**fault)
    manifest = deployment(**container)
    manifest["spec"] |= NEVER_AVAILABLE
    assert named_after(cluster, sign, words, manifest) <= SECONDS


def test_a_pod_that_fits_nowhere_is_named_as_its_condition_appears(cluster, deployment):
    cluster.cordon()
    words = ["of 1 nodes, 1 node(s) were unschedulable"]
    assert named_after(cluster, condition("pods", "Unschedulable"), words, deployment()) <= SECONDS


def test_a_rollout_past_its_deadline_is_named_as_its_condition_appears(cluster, deployment):
    manifest = deployment(resources={"limits": {"nvidia.com/gpu": 1}})
    manifest["spec"]["progressDeadlineSeconds"] = DEADLINE
    sign = condition("deployments.apps", "ProgressDeadlineExceeded")
    words = ["ProgressDeadlineExceeded", "1 Insufficient nvidia.com/gpu"]
    assert named_after(cluster, sign, words, manifest) <= SECONDS


def test_a_volume_that_cannot_be_mounted_is_named_as_it_appears(cluster, deployment):
    manifest = deployment()
    volumes = manifest["spec"]["template"]["spec"]["volumes"]
    volumes[:] = [{"name": "dshm", "configMap": {"name": "gone"}}]
    words = ['configmap "gone" not found']
    assert named_after(cluster, event("FailedMount"), words, manifest) <= SECONDS


def test_an_address_that_does_not_come_is_named_as_its_event_appears(cluster):
    cluster.faults.add("no_address")
    words = ["IN_USE_ADDRESSES"]
    assert named_after(cluster, event("SyncLoadBalancerFailed"), words, SERVICE) <= SECONDS
