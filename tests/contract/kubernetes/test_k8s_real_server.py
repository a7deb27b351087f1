# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a real API server refuses by itself, in its own words: only with LLMOPS_GKE_SANDBOX_KUBECONFIG."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.core.errors import DeadlineExceeded
from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.apply.refusals import ApplyRefused
from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.wait.wait import WaitFailed
from tests.contract.kubernetes.conftest import REAL
from tests.contract.out_of_time import time_ends_at

pytestmark = pytest.mark.skipif(not REAL, reason="wants a real API server, see sandbox/docs/real-kubernetes.md")

ADMISSION = "admissionregistration.k8s.io/v1"
RULE = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}
POLICY = {
    "apiVersion": ADMISSION,
    "kind": "ValidatingAdmissionPolicy",
    "metadata": {"name": "no-pods"},
    "spec": {
        "matchConstraints": {"resourceRules": [RULE]},
        "validations": [{"expression": "object.metadata.namespace != 'default'", "message": "images must be signed"}],
    },
}
BINDING = {
    "apiVersion": ADMISSION,
    "kind": "ValidatingAdmissionPolicyBinding",
    "metadata": {"name": "no-pods"},
    "spec": {"policyName": "no-pods", "validationActions": ["Deny"]},
}
QUOTA = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "gpus"}, "spec": {"hard": {"pods": "0"}}}
POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "alone"},
    "spec": {"containers": [{"name": "main", "image": "registry.k8s.io/pause:3.10"}]},
}


def refusal(cluster, words: str) -> str:
    """The refusal of a pod, as soon as the server has learned to refuse it: both take it a moment."""
    for _attempt in range(100):
        try:
            cluster.apply(POD, check=True)
        except ApplyRefused as refused:
            if words in refused.message:
                return refused.message
        time.sleep(0.1)
    raise AssertionError(f"never refused with {words!r}")


@pytest.fixture
def policy(cluster) -> Iterator[str]:
    """A policy that refuses pods; its words."""
    cluster.apply(POLICY, BINDING)
    yield refusal(cluster, "images must be signed")
    cluster.apply(POLICY, BINDING, state="absent")


def test_pods_over_a_quota_are_named_with_it(cluster, deployment):
    cluster.apply(QUOTA)
    assert "exceeded quota: gpus" in refusal(cluster, "exceeded quota")
    with pytest.raises(WaitFailed, match="pods are refused.*exceeded quota: gpus.*raise the ResourceQuota"):
        cluster.apply(deployment(), wait=True)


def test_pods_that_a_policy_refuses_are_named_with_it(cluster, deployment, policy):
    assert "denied request" in policy and "RBAC" not in policy
    with pytest.raises(WaitFailed, match="ValidatingAdmissionPolicy 'no-pods'.*images must be signed.*satisfy"):
        cluster.apply(deployment(), wait=True)


def test_a_claim_that_nothing_can_fill_is_shown_with_its_event(cluster):
    claim = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "weights"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    }
    why = "phase Pending: FailedBinding: no persistent volumes available"
    with time_ends_at(why) as hear, pytest.raises(DeadlineExceeded, match=why):
        cluster.apply(claim, wait=True, progress=hear)
