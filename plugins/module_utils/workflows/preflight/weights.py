# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether weights that come from a bucket or a disk image are there, and the cluster can have them. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ...google.storage.buckets import READ_POLICY, WRITE_POLICY, Bucket
from .access.checks import MEMBER
from .deployment import BucketPlan
from .facts import DISK_IMAGE, WEIGHTS_BUCKET, Facts, existing
from .findings import WARNING, Finding, listed
from .plan import Plan

CHECK = "weights"

_BUCKET, _IMAGE, _PLACE = "llmops_weights_bucket", "llmops_weights_disk_image", "llmops_weights"
_CONFIG = "config.json"
_WEIGHTS = (".safetensors", ".bin", ".pt", ".gguf")
_READY = "READY"
_GRANTED_OTHERWISE = (
    "have somebody else grant roles/storage.objectViewer to the pods' service account, and set "
    "model_server_bucket_iam: false"
)


def check_weights(plan: Plan, facts: Facts) -> Iterator[Finding]:
    """What is wrong with the bucket or the disk image that the plan names, and with a cluster that is there already."""
    if plan.bucket is not None:
        yield from _bucket(plan, plan.bucket, facts[WEIGHTS_BUCKET])
        yield from _cluster(plan, existing(plan, facts["clusters"]))
    if plan.disk_image:
        yield from _image(plan.disk_image, facts[DISK_IMAGE])


def _bucket(plan: Plan, wanted: BucketPlan, found: Bucket) -> Iterator[Finding]:
    if not found.exists:
        fix = f"gcloud storage buckets create gs://{wanted.name} --location {plan.region} --project {plan.project}"
        yield Finding(CHECK, f"there is no bucket {wanted.name} ({_BUCKET})", fix, variable=_BUCKET)
        return
    if found.files is None:
        message = f"the caller may not list {wanted.uri}, so whether the model's files are there is not known"
        fix = _binding(wanted, "roles/storage.objectViewer")
        yield Finding(CHECK, message, fix, WARNING, _BUCKET)
    elif missing := _missing(found.files):
        message = f"{wanted.uri} holds no {listed(missing)} ({_BUCKET})"
        fix = f"hf download MODEL --local-dir DIRECTORY && gcloud storage cp -r 'DIRECTORY/*' {wanted.uri}/"
        yield Finding(CHECK, message, fix, variable=_BUCKET)
    lacking = [one for one in (READ_POLICY, WRITE_POLICY) if one not in found.permissions]
    if wanted.grants and lacking:
        message = f"the caller lacks {listed(lacking)} on bucket {wanted.name}, to let the pods read it"
        fix = f"{_binding(wanted, 'roles/storage.admin')}, or {_GRANTED_OTHERWISE}"
        yield Finding(CHECK, message, fix, variable="model_server_bucket_iam")


def _missing(files: frozenset[str]) -> list[str]:
    config = [] if _CONFIG in files else [_CONFIG]
    return [*config, *([] if any(one.endswith(_WEIGHTS) for one in files) else ["*.safetensors"])]


def _binding(wanted: BucketPlan, role: str) -> str:
    return f"gcloud storage buckets add-iam-policy-binding gs://{wanted.name} --member={MEMBER} --role={role}"


def _cluster(plan: Plan, cluster: Mapping[str, Any] | None) -> Iterator[Finding]:
    """Of a cluster that somebody else has made; the rules look at the one that the play makes."""
    if cluster is None or plan.makes_cluster:
        return
    update = f"gcloud container clusters update {plan.cluster} --location {plan.location} --project {plan.project}"
    driver = (cluster.get("addonsConfig") or {}).get("gcsFuseCsiDriverConfig") or {}
    if not driver.get("enabled"):
        message = f"cluster {plan.cluster} has no Cloud Storage FUSE CSI driver, so it mounts no bucket ({_PLACE})"
        yield Finding(CHECK, message, f"{update} --update-addons GcsFuseCsiDriver=ENABLED", variable=_PLACE)
    if not (cluster.get("workloadIdentityConfig") or {}).get("workloadPool"):
        message = f"cluster {plan.cluster} has no workload identity, so its pods can be granted no bucket ({_PLACE})"
        yield Finding(CHECK, message, f"{update} --workload-pool {plan.project}.svc.id.goog", variable=_PLACE)


def _image(name: str, status: str | None) -> Iterator[Finding]:
    if status is None:
        fix = "gcloud compute images list, or make it (docs/weights.md)"
        yield Finding(CHECK, f"there is no disk image {name} ({_IMAGE})", fix, variable=_IMAGE)
    elif status != _READY:
        message = f"the disk image {name} is {status}, not {_READY} ({_IMAGE})"
        yield Finding(CHECK, message, "wait until it is, or make it anew", variable=_IMAGE)
