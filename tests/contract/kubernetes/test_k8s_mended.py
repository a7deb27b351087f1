# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A task that failed, what it failed on mended, and the same task again: it must go on, not repeat what is past.

The second task begins while the kubelet backs off: the sandbox's clock stands almost still until it has told so.
"""

from __future__ import annotations

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.wait.wait import WaitFailed

SECRET = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "late"}, "stringData": {"k": "v"}}
NEEDS_SECRET = {"env": [{"name": "T", "valueFrom": {"secretKeyRef": {"name": "late", "key": "k"}}}]}
GATED = {"name": "crash", "message": "GatedRepoError: 403 Client Error"}
NOT_FOUND = {"name": "image_not_found"}


@pytest.mark.parametrize(
    ("fault", "container", "mended", "words"),
    [
        pytest.param(None, NEEDS_SECRET, [SECRET], 'secret "late" not found', id="secret"),
        pytest.param(GATED, {}, [], "gated", id="gated model"),
        pytest.param(NOT_FOUND, {}, [], "not found", id="image"),
    ],
)
def test_what_is_mended_no_longer_fails_the_next_task(cluster, deployment, fault, container, mended, words):
    if fault:
        cluster.faults.add(**fault)
    cluster.clock.speed = 4.0
    manifest = deployment(**container)
    # A pod that crashes at once must never have counted as available.
    manifest["spec"]["minReadySeconds"] = 5
    with pytest.raises(WaitFailed, match=words):
        cluster.apply(manifest, wait=True, engine="tgi")
    cluster.clock.speed = 0.05
    cluster.faults.clear()
    told: list[str] = []

    def tell(line: str) -> None:
        told.append(line)
        if "before this task" in line:
            cluster.clock.speed = 60.0

    done = cluster.apply(*mended, manifest, wait=True, engine="tgi", progress=tell)
    assert done["objects"][-1]["object"]["status"]["availableReplicas"] == 1
    assert any("before this task" in line and words in line for line in told)
