# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine of gcp_zone_info."""

from __future__ import annotations

from typing import Any

from ...core.deadline import Deadline
from ...core.errors import InvalidOption
from ...core.result import Progress, Result
from ...core.runner import ModuleSpec
from ...google.apis import GoogleApis
from ...google.compute import accelerator_types, machine_types, zones_by_region
from ...google.names import check_location, check_project, region_of
from ...google.options import PROJECT_READER


def run(options: dict[str, Any], _check: bool, _progress: Progress) -> Result:
    """Find the zones that have all of what is asked for. options: those of gcp_zone_info.

    Raises InvalidOption, HttpError.
    """
    project = check_project(options["project"])
    region = region_of(check_location(options["location"])) if options["location"] else None
    machine, accelerator = options["machine_type"], options["accelerator_type"]
    for name, value in (("machine_type", machine), ("accelerator_type", accelerator)):
        if value is not None and not value.strip():
            raise InvalidOption(name, value, "the name of one, or to be left out")
    apis = GoogleApis(options, Deadline(options["timeout"]))
    try:
        offers = []
        if machine:
            offers.append(machine_types(apis, project, {machine})[machine])
        if accelerator:
            offers.append(accelerator_types(apis, project, {accelerator})[accelerator])
    finally:
        apis.close()
    zones = {zone: offers[0][zone] for zone in offers[0] if all(zone in offer for offer in offers)}
    regions = zones_by_region(zones)
    shown = regions.get(region, []) if region else sorted(zones)
    return Result(values={"zones": shown, "regions": regions}, http_requests=apis.sent)


ARGUMENT_SPEC: dict[str, Any] = {
    **PROJECT_READER,
    "location": {"type": "str"},
    "machine_type": {"type": "str"},
    "accelerator_type": {"type": "str"},
}

RULES: dict[str, Any] = {"required_one_of": [("machine_type", "accelerator_type")]}

SPEC = ModuleSpec(run=run, argument_spec=ARGUMENT_SPEC, rules=RULES)
