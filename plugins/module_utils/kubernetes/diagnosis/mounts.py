# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a volume cannot be mounted, by the words of the kubelet and of GKE's drivers, and what to do about it. Pure.

What passes by itself (a driver on a new node, a grant that is minutes old) is waited for, with the advice beside it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..wait.states import Failed, State, Waiting

APPLY_FIRST = "apply the Secret or ConfigMap that it names, with that key, first"


@dataclass(frozen=True)
class _Cause:
    """words: what the event says. advice: what to do. passes: whether it may be over without anybody's doing."""

    words: re.Pattern[str]
    advice: str
    passes: bool = False


_CAUSES = (
    _Cause(
        re.compile(r'(secret|configmap) "[^"]+" not found|references non-existent (secret|config) key'), APPLY_FIRST
    ),
    _Cause(
        re.compile(r"driver name gcsfuse\.csi\.storage\.gke\.io not found"),
        "enable the Cloud Storage FUSE CSI driver of the cluster (gcloud container clusters update CLUSTER "
        "--update-addons GcsFuseCsiDriver=ENABLED), unless the node is a few minutes old",
        passes=True,
    ),
    _Cause(re.compile(r"storage: bucket doesn't exist"), "create the bucket, or correct its name"),
    _Cause(
        re.compile(r"code = (PermissionDenied|Unauthenticated) desc = failed to (get GCS bucket|prepare storage)"),
        "grant roles/storage.objectViewer on the bucket to the pod's Kubernetes service account; a grant takes some "
        "minutes until it holds",
        passes=True,
    ),
    _Cause(
        re.compile(r"Workload Identity Federation is not enabled on node"),
        "enable workload identity on the cluster and the node pool (workload_metadata_config.mode GKE_METADATA)",
    ),
    _Cause(
        re.compile(r"failed to find the sidecar container in Pod spec"),
        'give the pod the annotation gke-gcsfuse/volumes: "true"',
    ),
    _Cause(
        re.compile(r"hostPath type check failed: /mnt/disks/gke-secondary-disks/"),
        "correct the directory on the disk image, or have the node pool use the image as a secondary boot disk",
    ),
)


def mount_state(words: str, warning: str) -> State:
    """What becomes of a pod whose volume could not be mounted. words: where it waits. warning: the event's words."""
    cause = next((one for one in _CAUSES if one.words.search(warning)), None)
    said = f"{words}; {warning}"
    if cause is None:
        return Waiting(said)
    return Waiting(f"{said}; {cause.advice}") if cause.passes else Failed(said, cause.advice)
