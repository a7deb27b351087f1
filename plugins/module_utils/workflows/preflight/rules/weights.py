# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the weights come from, and what each place needs of the cluster and its nodes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ansible.module_utils.parsing.convert_bool import boolean

from ....core.rules import Rule
from ....google.names import is_directory_uri, is_disk_image
from .evaluation import Values

HUB, BUCKET, DISK = "hub", "bucket", "disk"

_DISK_PATH = re.compile(r"/*([-A-Za-z0-9._+@~]+/*)*")
_MOUNT_OPTION = re.compile(r"[^,\s]+")
_FIELD = {BUCKET: "llmops_weights_bucket", DISK: "llmops_weights_disk_image"}


def _is_on(value: Any) -> bool:
    return value is not None and boolean(value)


def _clusters(values: Values) -> list[Mapping[str, Any]]:
    """The cluster that the play makes; none where it is somebody else's, of which nothing is known here."""
    return [plan["cluster"] for plan in values.deployment.plans.values() if plan.get("cluster")]


def _gpu_pools(values: Values) -> Iterator[Mapping[str, Any]]:
    """The definitions of the pools whose nodes the model may run on."""
    wanted = values.deployment.options.get("llmops_accelerator_type")
    for plan in values.deployment.plans.values():
        for pool in plan.get("node_pools") or ():
            types = [one.get("accelerator_type") for one in (pool.get("config") or {}).get("accelerators") or ()]
            if wanted in types and pool.get("state", "present") == "present":
                yield pool


def _has_driver(values: Values) -> bool:
    return values["llmops_weights"] != BUCKET or all(
        _is_on(((one.get("addons_config") or {}).get("gcs_fuse_csi_driver_config") or {}).get("enabled"))
        for one in _clusters(values)
    )


def _has_identity(values: Values) -> bool:
    return values["llmops_weights"] != BUCKET or (
        all((one.get("workload_identity_config") or {}).get("workload_pool") for one in _clusters(values))
        and all(
            ((pool.get("config") or {}).get("workload_metadata_config") or {}).get("mode") == "GKE_METADATA"
            for pool in _gpu_pools(values)
        )
    )


def _has_disk(values: Values) -> bool:
    image = values["llmops_weights_disk_image"]
    return values["llmops_weights"] != DISK or all(
        any(
            disk.get("disk_image") == image and not disk.get("mode")
            for disk in (pool.get("config") or {}).get("secondary_boot_disks") or ()
        )
        for pool in _gpu_pools(values)
    )


def _streams(values: Values) -> bool:
    return values["llmops_weights"] != DISK or all(
        _is_on(((pool.get("config") or {}).get("gcfs_config") or {}).get("enabled")) for pool in _gpu_pools(values)
    )


def _named_alone(place: str) -> Rule:
    """A place is named where it is chosen, and nowhere else."""
    field = _FIELD[place]
    return Rule(
        field,
        (field, "llmops_weights"),
        lambda values: not values[field] or values["llmops_weights"] == place,
        lambda values: (
            f"nothing with llmops_weights {values['llmops_weights']}; llmops_weights: {place} makes use of it"
        ),
    )


def _needs(place: str, holds: Any, accepted: str) -> Rule:
    """What the choice of a place asks of others; ``holds`` is asked of other places too, and lets them pass."""
    others = " or ".join(one for one in (HUB, BUCKET, DISK) if one != place)
    return Rule("llmops_weights", ("llmops_weights", *_FIELD.values()), holds, f"{others}, or {accepted}")


RULES = (
    _named_alone(BUCKET),
    _named_alone(DISK),
    Rule(
        "llmops_weights_bucket",
        ("llmops_weights_bucket", "llmops_weights"),
        lambda values: values["llmops_weights"] != BUCKET or is_directory_uri(values["llmops_weights_bucket"]),
        "gs://BUCKET/PATH, the directory with the model's config.json, tokenizer and weights",
    ),
    Rule(
        "llmops_weights_disk_image",
        ("llmops_weights_disk_image", "llmops_weights"),
        lambda values: values["llmops_weights"] != DISK or is_disk_image(values["llmops_weights_disk_image"]),
        "projects/PROJECT/global/images/NAME, the disk image with the model's files",
    ),
    Rule(
        "llmops_weights_disk_path",
        ("llmops_weights_disk_path",),
        lambda values: (
            _DISK_PATH.fullmatch(values["llmops_weights_disk_path"]) is not None
            and ".." not in values["llmops_weights_disk_path"].split("/")
        ),
        "the directory with the model's files on the disk, such as models/mistral-7b",
    ),
    Rule(
        "model_server_bucket_mount_options",
        ("model_server_bucket_mount_options",),
        lambda values: all(_MOUNT_OPTION.fullmatch(one) for one in values["model_server_bucket_mount_options"]),
        "options of Cloud Storage FUSE, one an item, without commas and blanks",
    ),
    _needs(
        BUCKET,
        _has_driver,
        "a cluster with the Cloud Storage FUSE CSI driver: gke_cluster_fields: {addons_config: "
        "{gcs_fuse_csi_driver_config: {enabled: true}}}, the default",
    ),
    _needs(
        BUCKET,
        _has_identity,
        "workload identity on cluster and GPU nodes, which lets pods read the bucket: gke_cluster_workload_pool: "
        "PROJECT.svc.id.goog, and gpu_nodepool_fields: {config: {workload_metadata_config: {mode: GKE_METADATA}}}, "
        "the defaults",
    ),
    _needs(
        DISK,
        _has_disk,
        "GPU node pools that have the disk: gpu_nodepool_fields must not set other secondary_boot_disks than "
        "llmops_weights_disk_image, without a mode",
    ),
    _needs(
        DISK,
        _streams,
        "GPU node pools with image streaming, without which GKE takes no secondary boot disk: gpu_nodepool_fields: "
        "{config: {gcfs_config: {enabled: true}}}, the default",
    ),
)
