# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Limits that Compute Engine's own list of quotas does not have (https://cloud.google.com/docs/quotas/reference/rest/v1).

Cloud Quotas tells limits and no use.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from ..core.errors import HttpError
from ..http.answers import INT64
from .apis import GoogleApis
from .hardware import Gpu

CLOUD_QUOTAS = "Cloud Quotas"
API = "cloudquotas.googleapis.com"

GPU_FAMILIES = "GPUS-PER-GPU-FAMILY-per-project-region"
"""The quota of GPUs on demand that have none of their own, by the dimensions ``gpu_family`` and ``region``."""

_INFO = {
    "dimensionsInfos": [
        {"dimensions": {"*": str}, "details": {"value": INT64}, "applicableLocations": [str]},
    ]
}
UNLIMITED = -1
"""The limit of a quota without one."""


def gpu_limit(apis: GoogleApis, project: str, region: str, gpu: Gpu, *, spot: bool) -> float | None:
    """The GPUs of a type that a project may have in a region, infinity where there is no limit.

    None where the type's quota is not known, or the project has none of that name. Raises HttpError.
    """
    metric, wanted = gpu.quota_metric(spot=spot), {"region": region}
    quota = f"{metric.replace('_', '-')}-per-project-region" if metric else None
    if quota is None and gpu.quota_family and not spot:
        quota, wanted = GPU_FAMILIES, {**wanted, "gpu_family": gpu.quota_family}
    if quota is None:
        return None
    path = f"/v1/projects/{project}/locations/global/services/compute.googleapis.com/quotaInfos/{quota}"
    try:
        info = apis.get(CLOUD_QUOTAS, path, f"read the quota {quota} of project {project}", _INFO)
    except HttpError as error:
        if error.status == 404:
            return None
        raise
    return limit_of(info, wanted)


def limit_of(info: Mapping[str, Any], wanted: Mapping[str, str]) -> float | None:
    """The limit for these values of its dimensions; None where the quota has no word on them.

    Of several that apply the one with the most dimensions holds. A dimension that it does not name it has for every
    value, as far as its locations go.
    """
    found = [
        one
        for one in info.get("dimensionsInfos", [])
        if all(wanted.get(name) == value for name, value in one.get("dimensions", {}).items())
        and wanted["region"] in one.get("applicableLocations", [wanted["region"]])
    ]
    if not found:
        return None
    # A limit of 0 is left out, as every number of that value is.
    value = int(max(found, key=lambda one: len(one.get("dimensions", {}))).get("details", {}).get("value", 0))
    return math.inf if value == UNLIMITED else float(value)
