# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A caller with the permissions of docs/iam.md and no other goes the whole way, from preflight to teardown.

The sandbox asks for a permission at each request to Google and to the cluster, as GKE does.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.workflows.preflight.access import table
from tests.playbooks.playground import Sandbox

NODES = "nodes@sandbox-project.iam.gserviceaccount.com"
AUTOSCALED = {"llmops_gpu_metrics": "daemonset", "model_server_hpa_enabled": True}
BUCKET = {
    "llmops_weights": "bucket",
    "llmops_weights_bucket": "gs://sandbox-project-models/mistralai/Mistral-7B-Instruct-v0.1",
}
CASES = {
    "by default": ((table.ALWAYS,), {}),
    "with an autoscaler, a DaemonSet and weights from a bucket": (
        (table.ALWAYS, table.DAEMON_SET, table.ADAPTER, table.ADAPTER_GRANT, table.BUCKET),
        AUTOSCALED | BUCKET,
    ),
}
ON_THE_BUCKET = ["storage.buckets.getIamPolicy", "storage.buckets.setIamPolicy", "storage.objects.list"]
"""What docs/iam.md says of a bucket."""


def granted(*when: str) -> list[str]:
    """The permissions of the table that are needed then."""
    return sorted({name for need in table.NEEDS if need.when in when for name in need.permissions})


@pytest.mark.parametrize("case", CASES)
def test_the_permissions_that_are_asked_for_are_enough(tmp_path: Path, case: str):
    when, variables = CASES[case]
    # May act as the account of the nodes, and as no other of the project.
    config = {"config": {"service_account": NODES}}
    given: dict[str, Any] = {**variables, "gke_cluster_pool_fields": config, "gpu_nodepool_fields": config}
    sandbox = Sandbox(
        tmp_path / "sandbox",
        granted_permissions=granted(*when) + (ON_THE_BUCKET if table.BUCKET in when else []),
        account_permissions={NODES: [table.ACT_AS]},
    )
    try:
        for playbook in ("deploy.yml", "verify.yml", "status.yml", "teardown.yml"):
            run = sandbox.play(playbook, variables=given, HF_TOKEN="hf_test")
            assert run.code == 0, run.output
            # What Google measured and which quotas Compute's list lacks is told where it can be read, and not needed.
            refused = [line for line in run.output.splitlines() if "403" in line and "not known" not in line]
            assert not refused, run.output
    finally:
        sandbox.stop()
