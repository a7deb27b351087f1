# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine of gcp_quota_info."""

from __future__ import annotations

from typing import Any

from ...core.deadline import Deadline
from ...core.result import Progress, Result
from ...core.runner import ModuleSpec
from ...google.apis import GoogleApis
from ...google.compute import project_quotas, region_quotas
from ...google.names import check_location, check_project, region_of
from ...google.options import PROJECT_READER


def run(options: dict[str, Any], _check: bool, _progress: Progress) -> Result:
    """Read quotas of a region and of the project. options: those of gcp_quota_info. Raises InvalidOption, HttpError."""
    project = check_project(options["project"])
    region = region_of(check_location(options["location"]))
    apis = GoogleApis(options, Deadline(options["timeout"]))
    try:
        found = {"regional": region_quotas(apis, project, region), "project": project_quotas(apis, project)}
    finally:
        apis.close()
    wanted = options["metrics"]
    quotas = [
        {"metric": metric, "scope": scope, **quota, "available": quota["limit"] - quota["usage"]}
        for scope, metrics in found.items()
        for metric, quota in sorted(metrics.items())
        if wanted is None or metric in wanted
    ]
    return Result(values={"region": region, "quotas": quotas}, http_requests=apis.sent)


ARGUMENT_SPEC: dict[str, Any] = {
    **PROJECT_READER,
    "location": {"type": "str", "required": True},
    "metrics": {"type": "list", "elements": "str"},
}

SPEC = ModuleSpec(run=run, argument_spec=ARGUMENT_SPEC)
