# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine of gcp_quota_info."""

from __future__ import annotations

import math
from typing import Any

from ...core.deadline import Deadline
from ...core.errors import HttpError, InvalidOption
from ...core.result import Progress, Result
from ...core.runner import ModuleSpec
from ...google.accelerators import GPUS
from ...google.apis import GoogleApis, why_unread
from ...google.cloud_quotas import API, CLOUD_QUOTAS, UNLIMITED, gpu_limit
from ...google.compute import project_quotas, region_quotas
from ...google.hardware import Gpu
from ...google.names import check_location, check_project, region_of
from ...google.options import PROJECT_READER


def run(options: dict[str, Any], _check: bool, _progress: Progress) -> Result:
    """Read quotas of a region and of the project. options: those of gcp_quota_info. Raises InvalidOption, HttpError."""
    gpus = [_gpu(name) for name in options["accelerator_types"] or []]
    project = check_project(options["project"])
    region = region_of(check_location(options["location"]))
    apis = GoogleApis(options, Deadline(options["timeout"]))
    try:
        found = {"regional": region_quotas(apis, project, region), "project": project_quotas(apis, project)}
        limits = [_limit(apis, project, region, gpu, spot) for gpu in gpus for spot in (False, True)]
    finally:
        apis.close()
    wanted = options["metrics"]
    quotas = [
        {"metric": metric, "scope": scope, **quota, "available": quota["limit"] - quota["usage"]}
        for scope, metrics in found.items()
        for metric, quota in sorted(metrics.items())
        if wanted is None or metric in wanted
    ]
    return Result(values={"region": region, "quotas": quotas, "gpu_limits": limits}, http_requests=apis.sent)


def _gpu(name: str) -> Gpu:
    if name not in GPUS:
        raise InvalidOption("accelerator_types", name, f"types of GPU: {', '.join(GPUS)}")
    return GPUS[name]


def _limit(apis: GoogleApis, project: str, region: str, gpu: Gpu, spot: bool) -> dict[str, Any]:
    """A limit by Cloud Quotas. That it cannot be read is an answer, too: the API is off in most projects."""
    limit, why = None, f"{CLOUD_QUOTAS} has no quota of it"
    try:
        limit = gpu_limit(apis, project, region, gpu, spot=spot)
    except HttpError as error:
        why = why_unread(error, CLOUD_QUOTAS, API, project)
    return {
        "accelerator_type": gpu.name,
        "spot": spot,
        "limit": UNLIMITED if limit == math.inf else limit,
        "unknown": why if limit is None else None,
    }


ARGUMENT_SPEC: dict[str, Any] = {
    **PROJECT_READER,
    "location": {"type": "str", "required": True},
    "metrics": {"type": "list", "elements": "str"},
    "accelerator_types": {"type": "list", "elements": "str"},
}

SPEC = ModuleSpec(run=run, argument_spec=ARGUMENT_SPEC)
