# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Volumes that cannot be mounted, by what the kubelet and Google's driver say (gcs-fuse-csi-driver, docs)."""

from __future__ import annotations

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.diagnosis.mounts import mount_state
from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.wait.states import Failed, Waiting

SET_UP = 'FailedMount: MountVolume.SetUp failed for volume "weights" : '
RPC = f"{SET_UP}rpc error: code = "


@pytest.mark.parametrize(
    ("warning", "advice"),
    [
        (f'{RPC}NotFound desc = failed to get GCS bucket "b": storage: bucket doesn\'t exist', "create the bucket"),
        (f"{RPC}FailedPrecondition desc = failed to find the sidecar container in Pod spec", "the annotation gke"),
        (
            f"{RPC}FailedPrecondition desc = Workload Identity Federation is not enabled on node. Please make sure",
            "enable workload identity on the cluster and the node pool",
        ),
        (
            f"{SET_UP}hostPath type check failed: /mnt/disks/gke-secondary-disks/gke-a-disk/7b is not a directory",
            "correct the directory on the disk image, or",
        ),
        (f'{SET_UP}configmap "files" not found', "apply the Secret or ConfigMap"),
    ],
)
def test_what_only_somebody_can_mend_ends_the_wait(warning, advice):
    state = mount_state("container tgi of pod m-1: ContainerCreating", warning)
    assert isinstance(state, Failed)
    assert state.why == f"container tgi of pod m-1: ContainerCreating; {warning}"
    assert state.advice.startswith(advice) or advice in state.advice


@pytest.mark.parametrize(
    ("warning", "advice"),
    [
        (
            f"{SET_UP}kubernetes.io/csi: mounter.SetUpAt failed to get CSI client: driver name "
            "gcsfuse.csi.storage.gke.io not found in the list of registered CSI drivers",
            "; enable the Cloud Storage FUSE CSI driver of the cluster",
        ),
        (
            f'{RPC}PermissionDenied desc = failed to get GCS bucket "b": googleapi: Error 403: Caller does not have',
            "; grant roles/storage.objectViewer on the bucket to the pod's Kubernetes service account",
        ),
        (
            f"{RPC}Unauthenticated desc = failed to prepare storage service: storage service manager failed to setup",
            "; grant roles/storage.objectViewer",
        ),
        (f"{RPC}Aborted desc = An operation with the given volume key x already exists", ""),
        (f"{SET_UP}hostPath type check failed: /opt/x is not a directory", ""),
    ],
)
def test_what_may_pass_is_waited_for_with_the_advice_beside_it(warning, advice):
    state = mount_state("words", warning)
    assert isinstance(state, Waiting)
    assert state.why.startswith(f"words; {warning}{advice}")
