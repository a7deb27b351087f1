# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the weights of a pod are from, by what is mounted into it."""

from __future__ import annotations

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.workflows.model_startup import weights_of

HUB = "the Hugging Face Hub"
CSI = "gcsfuse.csi.storage.gke.io"


@pytest.mark.parametrize(
    ("volume", "env", "told"),
    [
        ({"emptyDir": {}}, {}, HUB),
        ({"emptyDir": {}}, {"HF_ENDPOINT": "https://mirror"}, "https://mirror, as the Hugging Face Hub"),
        ({"csi": {"driver": CSI, "volumeAttributes": {"bucketName": "b"}}}, {}, "gs://b"),
        (
            {"csi": {"driver": CSI, "volumeAttributes": {"bucketName": "b", "mountOptions": "a-b,only-dir=a/7b"}}},
            {},
            "gs://b/a/7b",
        ),
        ({"csi": {"driver": "pd.csi.storage.gke.io"}}, {}, HUB),
        ({"hostPath": {"path": "/mnt/disks/gke-secondary-disks/gke-models-disk/7b"}}, {}, "a disk of the image models"),
        ({"hostPath": {"path": "/mnt/disks/other"}}, {}, HUB),
    ],
)
def test_a_pod_tells_where_its_weights_are_from(volume, env, told):
    container = {"name": "tgi", "env": [{"name": name, "value": value} for name, value in env.items()]}
    mounted = {**container, "volumeMounts": [{"name": "w", "mountPath": "/models"}]}
    pod = {"spec": {"containers": [{"name": "sidecar"}, mounted], "volumes": [{"name": "w", **volume}]}}
    assert weights_of(pod, "tgi") == told
    assert weights_of(pod, "sidecar") == HUB
    assert weights_of(pod, "another") == HUB
