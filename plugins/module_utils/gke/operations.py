# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Long-running operations: followed to their end, and judged by everything that can tell of a failure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from ..core.deadline import backoff
from ..core.errors import HttpError, OperationFailed
from ..core.harmless import quoted
from ..core.option_names import option
from ..core.result import Progress
from .client import GkeClient, Place

_NO_STOCK = f"name other zones of the region in {option('locations')}, or another machine type, or try again later"
ADVICE = {
    "GCE_STOCKOUT": _NO_STOCK,
    "ZONE_RESOURCE_POOL_EXHAUSTED": _NO_STOCK,
    "GCE_QUOTA_EXCEEDED": "ask for more quota (console: IAM, Quotas), or for fewer or other nodes",
    "GKE_SERVICE_ACCOUNT_DELETED": "restore the service account container-engine-robot of the project",
    "CLOUD_KMS_KEY_ERROR": "check that GKE's service agent may use the key",
    "CLOUD_KMS_KEY_DESTROYED": "restore the key's version",
    "NODE_SERVICE_ACCOUNT_MISSING_PERMISSIONS": "give the nodes' service account "
    "roles/container.defaultNodeServiceAccount",
    "RESOURCE_EXHAUSTED": "ask for more quota, or for other zones, fewer nodes or another machine type",
}
"""What a person can do, by the code that GKE gives (StatusCondition.code, or canonicalCode)."""

_RPC_CODES = {
    3: "INVALID_ARGUMENT",
    7: "PERMISSION_DENIED",
    8: "RESOURCE_EXHAUSTED",
    9: "FAILED_PRECONDITION",
    13: "INTERNAL",
    14: "UNAVAILABLE",
}
_HARMLESS = frozenset({"SET_BY_OPERATOR", "CA_EXPIRING"})
_NAME = re.compile(r"operation-[a-z0-9-]+")


def failure_conditions(conditions: Iterable[dict[str, Any]] | None) -> list[dict[str, Any]]:
    """The conditions that tell of a failure."""
    return [
        condition
        for condition in conditions or []
        if condition.get("code") not in _HARMLESS
        and (condition.get("canonicalCode", "OK") != "OK" or condition.get("code") in ADVICE)
    ]


def failure(
    doing: str,
    conditions: list[dict[str, Any]],
    words: str = "",
    code: str = "",
    remedy: str = "",
    *,
    advise: bool = True,
) -> OperationFailed:
    """The error for what the server said; it advises by the first code that is known, where advise is set, then the way
    out."""
    known, said = _code(conditions, words, code), _said(conditions, words)
    return OperationFailed(
        f"{doing}: GKE failed{f' with {known}' if known else ''}: {_advised(said, known if advise else '', remedy)}",
        code=known or None,
        server_message=said or None,
        conditions=conditions or None,
    )


def complaint(resource: dict[str, Any]) -> str:
    """What a resource that goes on working says of itself, and the advice for it, whose options are marked."""
    conditions, words = resource.get("conditions") or [], resource.get("statusMessage", "")
    return _advised(_said(conditions, words), _code(conditions, words, ""))


def _code(conditions: Iterable[dict[str, Any]], words: str, code: str) -> str:
    """The first code that there is advice for, or else the first one; empty where there is none."""
    given = [str(condition.get(key, "")) for key in ("code", "canonicalCode") for condition in conditions]
    codes = [*(name for name in given if name != "UNKNOWN"), *(name for name in ADVICE if name in words), code]
    return next((name for name in codes if name in ADVICE), next((name for name in codes if name), ""))


def _advised(said: str, code: str, remedy: str = "") -> str:
    return "; ".join(filter(None, [quoted(said).rstrip(". ") or "no reason was given", ADVICE.get(code), remedy]))


def _said(conditions: Iterable[dict[str, Any]], words: str) -> str:
    """All that the server said, each sentence once."""
    told = [words, *(condition.get("message", "") for condition in conditions)]
    return "; ".join(dict.fromkeys(filter(None, told)))


def operation_failure(doing: str, operation: dict[str, Any], remedy: str = "") -> OperationFailed | None:
    """The failure of an operation that has ended, or None; its message ends with the remedy.

    A failure may be in ``error`` or only in the older ``statusMessage`` and conditions; DONE alone proves nothing.
    """
    conditions = failure_conditions([*operation.get("clusterConditions", []), *operation.get("nodepoolConditions", [])])
    status = operation.get("error") or {}
    words = status.get("message") or operation.get("statusMessage", "")
    if not (conditions or words or status.get("code")):
        return None
    error = failure(doing, conditions, words, _RPC_CODES.get(status.get("code", 0), ""), remedy)
    error.fields["operation"] = operation.get("name")
    return error


def stage(operation: dict[str, Any]) -> str:
    """Where an operation is, in its own words."""
    progress = operation.get("progress", {})
    under_way = [item.get("name", "") for item in progress.get("stages", []) if item.get("status") == "RUNNING"]
    named = ", ".join(filter(None, under_way)) or _phase(progress.get("metrics", []))
    return named or operation.get("detail", "") or operation.get("operationType", "")


def _phase(metrics: list[dict[str, Any]]) -> str:
    """The first phase that is not complete: a cluster's creation tells each as a figure beside its ``_TOTAL``."""
    figures = {metric.get("name", ""): int(metric.get("intValue", 0)) for metric in metrics}
    phases = (name for name in figures if figures[name] < figures.get(f"{name}_TOTAL", 0))
    return next(phases, "")


def follow(
    client: GkeClient,
    place: Place,
    operation: dict[str, Any],
    doing: str,
    progress: Progress,
    is_enough: Callable[[], bool] | None = None,
) -> dict[str, Any]:
    """Wait for an operation's end and return it as it then is; its failure is the caller's to judge.

    is_enough: asked while it runs, whether it has come far enough not to be waited for any longer. Raises
    DeadlineExceeded with where it was. One that GKE no longer knows has ended. What ends the process meanwhile has a
    note that the operation goes on.
    """
    try:
        return _follow(client, place, operation, doing, progress, is_enough)
    except Exception:
        raise
    except BaseException as ended:
        ended.add_note(
            f"{doing}: operation {operation['name']} goes on in Google; run again to pick it up, or wait for its end: "
            f"gcloud container operations wait {operation['name']} --location {place.location} "
            f"--project {place.project}"
        )
        raise


def _follow(
    client: GkeClient,
    place: Place,
    operation: dict[str, Any],
    doing: str,
    progress: Progress,
    is_enough: Callable[[], bool] | None,
) -> dict[str, Any]:
    name = operation["name"]
    pauses = backoff()
    began, told = client.deadline.elapsed(), ""
    with client.deadline.polling() as pause:
        while operation.get("status") != "DONE":
            seen = f"{operation.get('status', 'PENDING')}: {stage(operation)}"
            if seen != told and operation.get("status") != "PENDING":
                progress(f"{doing}: {seen}, {client.deadline.elapsed() - began:.0f} s")
                told = seen
            pause(next(pauses), f"{doing} ({name})", seen)
            operation = client.operation(place.project, place.location, name) or {**operation, "status": "DONE"}
            if is_enough is not None and operation.get("status") == "RUNNING" and is_enough():
                break
    return operation


def running_operation(client: GkeClient, place: Place) -> dict[str, Any] | None:
    """The operation that now works on a resource, or on the cluster that a node pool is in; None where none does."""
    targets = (f"/clusters/{place.cluster}", f"/clusters/{place.cluster}/nodePools/{place.node_pool}")
    for operation in client.operations(place.project, place.location):
        if operation.get("status") != "DONE" and operation.get("targetLink", "").endswith(targets):
            return operation
    return None


def blocking_operation(error: HttpError) -> str | None:
    """The operation that keeps a cluster busy, as its refusal names it; None for any other refusal."""
    if error.status not in (400, 409, 412) or error.reason not in ("FAILED_PRECONDITION", "ABORTED"):
        return None
    match = _NAME.search(error.server_message)
    return match.group() if match else None
