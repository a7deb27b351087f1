# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine of gke_operation_info."""

from __future__ import annotations

from typing import Any

from ...core.deadline import Deadline
from ...core.errors import InvalidOption
from ...core.result import Progress, Result
from ...core.runner import ModuleSpec
from ...gke import operations
from ...gke.client import GkeClient
from ...gke.options import LOCATION
from ...gke.validation import check_name
from ...google.names import check_location, check_project


def run(options: dict[str, Any], _check: bool, _progress: Progress) -> Result:
    """Read one operation, or those of a location. options: those of gke_operation_info.

    Raises InvalidOption, HttpError. An operation that is not found is an empty list.
    """
    project, location, name = check_project(options["project"]), options["location"], options["name"]
    if location != "-":
        check_location(location)
    elif name is not None:
        raise InvalidOption("location", location, "a region or a zone, because name is given")
    if options["cluster"] is not None:
        check_name("cluster", options["cluster"])
    client = GkeClient(options, Deadline(options["timeout"]))
    try:
        found = client.operations(project, location) if name is None else [client.operation(project, location, name)]
    finally:
        client.http.close()
    chosen = [operation for operation in found if operation is not None and _is_meant(operation, options)]
    newest_first = sorted(chosen, key=lambda operation: operation.get("startTime", ""), reverse=True)
    return Result(values={"operations": [_judged(one) for one in newest_first]}, http_requests=client.http.sent)


def _is_meant(operation: dict[str, Any], options: dict[str, Any]) -> bool:
    if options["unfinished"] and operation.get("status") == "DONE":
        return False
    cluster = options["cluster"]
    return cluster is None or f"/clusters/{cluster}/" in f"{operation.get('targetLink', '')}/"


def _judged(operation: dict[str, Any]) -> dict[str, Any]:
    """The operation as the API gives it, with what GKE said of its failure in ``failure``, wherever it said it."""
    doing = f"{operation.get('operationType', 'operation')} {operation['name']}"
    failure = operations.operation_failure(doing, operation) if operation.get("status") == "DONE" else None
    return {**operation, "failure": failure.message if failure else None}


ARGUMENT_SPEC: dict[str, Any] = {
    **LOCATION,
    "name": {"type": "str"},
    "cluster": {"type": "str"},
    "unfinished": {"type": "bool", "default": False},
    "timeout": {"type": "int", "default": 120},
}

SPEC = ModuleSpec(run=run, argument_spec=ARGUMENT_SPEC, told=frozenset({"operations"}))
