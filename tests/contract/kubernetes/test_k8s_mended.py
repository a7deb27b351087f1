# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A task that failed, what it failed on mended, and the same task again: it must go on, not repeat what is past.

The second task begins while the kubelet pauses between two tries: the sandbox's clock stands almost still from the
moment at which the API shows that, until the task has told of it.
"""

from __future__ import annotations

import threading
from typing import Any

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.wait.wait import WaitFailed

SECRET = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "late"}, "stringData": {"k": "v"}}
NEEDS_SECRET = {"env": [{"name": "T", "valueFrom": {"secretKeyRef": {"name": "late", "key": "k"}}}]}
GATED = {"name": "crash", "message": "GatedRepoError: 403 Client Error"}
NOT_FOUND = {"name": "image_not_found"}


def waits(pod: dict[str, Any], reason: str) -> bool:
    states = [one["state"] for one in pod.get("status", {}).get("containerStatuses") or []]
    return any((state.get("waiting") or {}).get("reason") == reason for state in states)


@pytest.mark.parametrize(
    ("fault", "container", "mended", "pause", "words"),
    [
        pytest.param(
            None, NEEDS_SECRET, [SECRET], "CreateContainerConfigError", 'secret "late" not found', id="secret"
        ),
        pytest.param(GATED, {}, [], "CrashLoopBackOff", "gated", id="gated model"),
        pytest.param(NOT_FOUND, {}, [], "ImagePullBackOff", "not found", id="image"),
    ],
)
def test_what_is_mended_no_longer_fails_the_next_task(cluster, deployment, fault, container, mended, pause, words):
    if fault:
        cluster.faults.add(**fault)
    cluster.clock.speed = 4.0
    manifest = deployment(**container)
    # A pod that crashes at once must never have counted as available.
    manifest["spec"]["minReadySeconds"] = 5
    stands = threading.Event()

    def stand() -> None:
        cluster.clock.speed = 0.05
        stands.set()

    cluster.when("pods", lambda pod: waits(pod, pause), stand)
    with pytest.raises(WaitFailed, match=words):
        cluster.apply(manifest, wait=True, engine="tgi")
    assert stands.wait(60)
    cluster.faults.clear()
    told: list[str] = []

    def tell(line: str) -> None:
        told.append(line)
        if "before this task" in line:
            cluster.clock.speed = 60.0

    done = cluster.apply(*mended, manifest, wait=True, engine="tgi", progress=tell)
    assert done["objects"][-1]["object"]["status"]["availableReplicas"] == 1
    assert any("before this task" in line and words in line for line in told)
