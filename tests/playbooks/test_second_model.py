# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A second model comes to the cluster and the GPU pool of the demo, and goes again, by a second inventory."""

from __future__ import annotations

from tests.playbooks.watching import Watcher

BOTH = ("-i", "inventories/sandbox", "-i", "inventories/second")
SHORT = {"verify_latency_samples": 1, "verify_report_path": ""}


def test_a_second_model_joins_and_leaves_the_first_as_it_is(sandbox):
    assert sandbox.play("deploy.yml", variables=SHORT).code == 0
    watcher = Watcher(sandbox)
    first = watcher.get("deployment", "mistral-7b")["metadata"]["generation"]
    run = sandbox.play("deploy.yml", *BOTH, variables=SHORT)
    assert run.code == 0, run.output
    assert "[WARNING]: rollout" not in run.output
    assert "Together: about 2.82 USD an hour" in run.output
    assert {one["metadata"]["name"]: one["status"]["readyReplicas"] for one in watcher.get("deployment")["items"]} == {
        "mistral-7b": 1,
        "gemma-9b": 1,
    }
    assert {name: len(nodes) for name, nodes in watcher.pools().items()} == {"default-pool": 3, "mistral-gpu-pool": 2}
    assert watcher.get("deployment", "mistral-7b")["metadata"]["generation"] == first
    gone = sandbox.play("teardown.yml", *BOTH, "--limit", "gemma-9b")
    assert gone.code == 0, gone.output
    assert "mistral-cluster-gke stays, because others run on it: default/mistral-7b" in " ".join(gone.output.split())
    assert [one["metadata"]["name"] for one in watcher.get("deployment")["items"]] == ["mistral-7b"]
