# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Volumes with a model's files: buckets by Cloud Storage FUSE, and secondary boot disks by their path on the node.

Google's driver words its refusals so (gcs-fuse-csi-driver, pkg/csi_driver/node.go and docs/troubleshooting.md). Its
sidecar is not played: that its annotation is there is what counts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from llmops_gke_sandbox.workloads.base import Directory, ModelFiles

GCS_FUSE = "gcsfuse.csi.storage.gke.io"
MOUNT_SECONDS, PREFETCH_SECONDS = 4.0, 2.0
"""Until the driver's sidecar runs and has mounted, and until it has listed all files: estimates."""

BUCKET_BYTES, PARALLEL_BUCKET_BYTES = 0.35e9, 1.2e9
"""Bytes a second from a bucket in the same region, as files are read and in parts side by side: estimates."""

DISK_BYTES = {"pd-standard": 0.12e9, "pd-balanced": 0.24e9, "pd-ssd": 0.48e9}
"""Bytes a second from a disk of some hundred GB, which has the type of the node's boot disk."""

_DISK = re.compile(r"/mnt/disks/gke-secondary-disks/gke-(?P<image>[^/]+)-disk(?:/(?P<path>.*))?")
_BOOT_DISK = "cloud.google.com/gke-boot-disk"
_IDENTITY = "iam.gke.io/gke-metadata-server-enabled"


class MountError(Exception):
    """A volume can't be mounted; worded as the kubelet words it."""


class ModelVolumes:
    """What is on them, and whether they can be mounted.

    :param files: the project's buckets and disk images; None where there are none.
    :param drivers: -> the CSI drivers that run on the nodes.
    :param disks: node -> images of its secondary boot disks.
    """

    def __init__(
        self, files: ModelFiles | None, drivers: Callable[[], frozenset[str]], disks: Callable[[str], list[str]]
    ) -> None:
        self._files, self._drivers, self._disks = files, drivers, disks

    def check(self, pod: dict, node: dict, volume: dict) -> float:
        """Return how long it takes to mount a volume.

        :raises MountError: where it can't be.
        """
        failed = f'MountVolume.SetUp failed for volume "{volume["name"]}" : '
        if "csi" in volume:
            return self._check_bucket(pod, node, volume["csi"], failed)
        if "hostPath" in volume:
            self._check_path(node, volume["hostPath"], failed)
        return 0.0

    def mounted(self, pod: dict, node: dict, container: dict) -> dict[str, Directory]:
        """Return the directories with models that a container finds, by the path at which they are mounted."""
        volumes = {volume["name"]: volume for volume in pod["spec"].get("volumes") or []}
        found: dict[str, Directory] = {}
        for mount in container.get("volumeMounts") or []:
            directory = self._directory(node, volumes.get(mount["name"], {}))
            if directory is not None:
                found[mount["mountPath"]] = directory.below(mount.get("subPath", ""))
        return found

    def _directory(self, node: dict, volume: dict) -> Directory | None:
        if volume.get("csi", {}).get("driver") == GCS_FUSE:
            attributes = volume["csi"].get("volumeAttributes") or {}
            options = _options(attributes)
            cached = options.get("file-cache:max-size-mb", "0") != "0"
            parallel = cached and options.get("file-cache:enable-parallel-downloads") == "true"
            rate = PARALLEL_BUCKET_BYTES if parallel else BUCKET_BYTES
            inside = self._files.bucket(attributes.get("bucketName", "")) if self._files else None
            return Directory(inside or {}, rate).below(options.get("only-dir", ""))
        found = _DISK.fullmatch(volume.get("hostPath", {}).get("path", ""))
        if found is None:
            return None
        rate = DISK_BYTES.get(node["metadata"]["labels"].get(_BOOT_DISK, ""), DISK_BYTES["pd-balanced"])
        return Directory(self._on_disk(node, found["image"]) or {}, rate).below(found["path"] or "")

    def _check_bucket(self, pod: dict, node: dict, csi: dict, failed: str) -> float:
        driver, attributes = csi.get("driver", ""), csi.get("volumeAttributes") or {}
        if driver not in self._drivers():
            raise MountError(
                f"{failed}kubernetes.io/csi: mounter.SetUpAt failed to get CSI client: driver name {driver} not found "
                "in the list of registered CSI drivers"
            )
        bucket = attributes.get("bucketName", "")
        namespace, account = pod["metadata"]["namespace"], pod["spec"].get("serviceAccountName") or "default"
        if attributes.get("skipCSIBucketAccessCheck") != "true":
            self._check_access(bucket, namespace, account, failed)
        if node["metadata"]["labels"].get(_IDENTITY) != "true":
            raise MountError(
                f"{failed}rpc error: code = FailedPrecondition desc = Workload Identity Federation is not enabled on "
                "node. Please make sure this is enabled on both cluster and node pool level "
                "(https://cloud.google.com/kubernetes-engine/docs/how-to/workload-identity)"
            )
        if (pod["metadata"].get("annotations") or {}).get("gke-gcsfuse/volumes", "").lower() != "true":
            raise MountError(
                f"{failed}rpc error: code = FailedPrecondition desc = failed to find the sidecar container in Pod spec"
            )
        prefetches = attributes.get("gcsfuseMetadataPrefetchOnMount") == "true"
        return MOUNT_SECONDS + (PREFETCH_SECONDS if prefetches else 0.0)

    def _check_access(self, bucket: str, namespace: str, account: str, failed: str) -> None:
        if self._files is None or self._files.bucket(bucket) is None:
            raise MountError(
                f'{failed}rpc error: code = NotFound desc = failed to get GCS bucket "{bucket}": storage: bucket '
                "doesn't exist"
            )
        if not self._files.may_read(bucket, namespace, account):
            raise MountError(
                f'{failed}rpc error: code = PermissionDenied desc = failed to get GCS bucket "{bucket}": googleapi: '
                "Error 403: Caller does not have storage.objects.list access to the Google Cloud Storage bucket. "
                "Permission 'storage.objects.list' denied on resource (or it may not exist)., forbidden"
            )

    def _check_path(self, node: dict, host_path: dict, failed: str) -> None:
        path = host_path.get("path", "")
        found = _DISK.fullmatch(path)
        if found is None or host_path.get("type") != "Directory":
            return
        inside = self._on_disk(node, found["image"])
        wanted = (found["path"] or "").strip("/")
        if inside is None or (wanted and not any(f"{one}/".startswith(f"{wanted}/") for one in inside)):
            raise MountError(f"{failed}hostPath type check failed: {path} is not a directory")

    def _on_disk(self, node: dict, name: str) -> Mapping[str, str] | None:
        """Return what is on the node's disk of an image by that name; None where it has none."""
        if self._files is None:
            return None
        images = [one for one in self._disks(node["metadata"]["name"]) if one.rpartition("/")[2] == name]
        return self._files.image(images[0]) if images else None


def _options(attributes: dict) -> dict[str, str]:
    """Return mount options, each ``NAME``, ``NAME:VALUE`` or ``NAME=VALUE``; a name may hold a colon itself."""
    found: dict[str, str] = {}
    for option in attributes.get("mountOptions", "").split(","):
        name, equals, value = option.partition("=")
        if not equals:
            name, _colon, value = option.rpartition(":") if option.count(":") else (option, "", "true")
        found[name] = value
    return found
