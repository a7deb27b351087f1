# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sources of weights that break a rule of preflight, and those that hold."""

from __future__ import annotations

from typing import Any

IMAGE = "projects/demo-project/global/images/mistral-7b"
BUCKET: dict[str, Any] = {"llmops_weights": "bucket", "llmops_weights_bucket": "gs://my-models/mistral/7b"}
DISK: dict[str, Any] = {"llmops_weights": "disk", "llmops_weights_disk_image": IMAGE}
DRIVER = {"addons_config": {"gcs_fuse_csi_driver_config": {"enabled": True}}}
IDENTITY = {"workload_identity_config": {"workload_pool": "demo-project.svc.id.goog"}}
METADATA = {"workload_metadata_config": {"mode": "GKE_METADATA"}}
STREAMING = {"gcfs_config": {"enabled": True}}
DISKS = {"secondary_boot_disks": [{"disk_image": IMAGE}]}

BREAKS: list[tuple[dict[str, Any], str]] = [
    (
        {"llmops_weights_bucket": "gs://my-models"},
        'llmops_weights_bucket: "gs://my-models" is not accepted; it takes nothing with llmops_weights hub; '
        "llmops_weights: bucket makes use of it",
    ),
    ({"llmops_weights_disk_image": IMAGE}, f'llmops_weights_disk_image: "{IMAGE}" is not accepted; it takes nothing'),
    ({"llmops_weights_disk_path": "../etc"}, 'llmops_weights_disk_path: "../etc" is not accepted; it takes the'),
    ({"llmops_weights_disk_path": "a b"}, 'llmops_weights_disk_path: "a b" is not accepted'),
    (
        {"model_server_bucket_mount_options": ["implicit-dirs,ro"]},
        'model_server_bucket_mount_options: ["implicit-dirs,ro"] is not accepted; it takes options of Cloud Storage',
    ),
]

BROKEN_PLACES: list[tuple[dict[str, Any], str]] = [
    *(
        (
            {**BUCKET, "llmops_weights_bucket": uri},
            f'llmops_weights_bucket: "{uri}" is not accepted; it takes gs://BUCKET',
        )
        for uri in (
            *("", "my-models", "https://storage.googleapis.com/my-models", "gs://", "gs:///7b", "gs://My-Models/7b"),
            *("gs://my-models/a,b", "gs://my-models/../other", "gs://my-models//7b", "s3://my-models/7b", "gs://ab"),
        )
    ),
    *(
        ({**DISK, "llmops_weights_disk_image": image}, f'llmops_weights_disk_image: "{image}" is not accepted; it')
        for image in ("", "mistral-7b", "projects/p/zones/z/disks/d", "global/images/7b", "global/images/a/b")
    ),
]
"""Of the play whose cluster and nodes have what these places need."""

HOLDS: list[dict[str, Any]] = [
    {},
    BUCKET,
    {**BUCKET, "llmops_weights_bucket": "gs://my-models"},
    {**BUCKET, "llmops_weights_bucket": "gs://my.models_1/a/B.c-d/"},
    DISK,
    {**DISK, "llmops_weights_disk_path": "/models/mistral-7b/"},
    {**DISK, "model_server_network_policy_egress": "none"},
]
