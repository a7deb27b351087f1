# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine of gke_cluster_info."""

from __future__ import annotations

from typing import Any

from ...core.deadline import Deadline
from ...core.errors import InvalidOption
from ...core.result import Progress, Result
from ...core.runner import ModuleSpec
from ...gke.client import GkeClient
from ...gke.cluster import without_secrets
from ...gke.options import LOCATION
from ...gke.validation import check_name
from ...google.names import check_location, check_project


def run(options: dict[str, Any], _check: bool, _progress: Progress) -> Result:
    """Read one cluster, or all of a location. options: those of gke_cluster_info. Raises InvalidOption, HttpError."""
    project, location, name = check_project(options["project"]), options["location"], options["name"]
    if location != "-":
        check_location(location)
    elif name is not None:
        raise InvalidOption("location", location, "a region or a zone, because name is given")
    if name is not None:
        check_name("name", name)
    client = GkeClient(options, Deadline(options["timeout"]))
    try:
        if name is None:
            clusters = client.clusters(project, location)
        else:
            clusters = [cluster for cluster in [client.cluster(project, location, name)] if cluster is not None]
    finally:
        client.http.close()
    return Result(
        values={"clusters": [without_secrets(cluster) for cluster in clusters]}, http_requests=client.http.sent
    )


ARGUMENT_SPEC: dict[str, Any] = {
    **LOCATION,
    "name": {"type": "str"},
    "timeout": {"type": "int", "default": 120},
}

SPEC = ModuleSpec(run=run, argument_spec=ARGUMENT_SPEC)
