# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Operations: what takes time, how far it is, and how it ended."""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime

from llmops_gke_sandbox.clock import Clock, rfc3339
from llmops_gke_sandbox.faults import Faults
from llmops_gke_sandbox.google.errors import RPC_CODES, GoogleError, error_info, request_info

_LOG = logging.getLogger(__name__)
_PENDING_SECONDS = 2
_CLUSTER_METRICS = {"CLUSTER_CONFIGURING": 12, "CLUSTER_DEPLOYING": 9, "CLUSTER_HEALTHCHECKING": 3}


class OperationFailed(Exception):
    """Why an operation fails.

    :param code: canonical code, e.g. RESOURCE_EXHAUSTED.
    :param field: where the API tells it: error (with statusMessage, as GKE does), statusMessage alone,
        or nodepoolConditions alone.
    :param condition: the StatusCondition's code, e.g. GCE_STOCKOUT.
    :param costs_cluster: whether a cluster that was to be born with it is lost.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        field: str = "error",
        condition: str = "UNKNOWN",
        costs_cluster: bool = False,
    ) -> None:
        super().__init__(message)
        self.code, self.message, self.field, self.condition = code, message, field, condition
        self.costs_cluster = costs_cluster

    def status_condition(self) -> dict:
        """Return the failure as a StatusCondition."""
        return {"code": self.condition, "message": self.message, "canonicalCode": self.code}


@dataclass
class Operation:
    """One operation on a cluster or a pool.

    :param expected: life's seconds it should take.
    :param stretch: by how much its times are longer than usual.
    """

    type: str
    location: str
    cluster: str
    pool: str | None
    expected: float
    stretch: float
    clock: Clock
    name: str = field(default_factory=lambda: f"operation-{int(time.time() * 1000)}-{uuid.uuid4()}")
    status: str = "PENDING"
    started: datetime | None = None
    ended: datetime | None = None
    failure: OperationFailed | None = None
    conditions: list[dict] = field(default_factory=list)
    _begun: float = field(default_factory=time.monotonic)

    async def sleep(self, seconds: float) -> None:
        """Let life's seconds pass, stretched where the operation is slow."""
        await self.clock.sleep(seconds * self.stretch)

    def fraction(self) -> float:
        """Return how far it is, 0 to 1."""
        if self.status == "DONE":
            return 1.0
        return min(0.99, (time.monotonic() - self._begun) / max(self.clock.scaled(self.expected * self.stretch), 1e-6))


class Operations:
    """All operations of the project; one at a time on a cluster.

    :param base: URL under which the API is served, e.g. http://127.0.0.1:1234/container/v1.
    """

    def __init__(self, base: str, project: str, number: str, clock: Clock, faults: Faults) -> None:
        self._base, self._project, self._number = base, project, number
        self._clock, self._faults = clock, faults
        self._operations: dict[str, Operation] = {}
        self._tasks: set[asyncio.Task] = set()

    def check_idle(self, location: str, cluster: str, verb: str) -> None:
        """Check that nothing is under way on a cluster.

        :raises GoogleError: FAILED_PRECONDITION naming the operation.
        """
        running = self._running(location, cluster)
        fault = self._faults.take("cluster_busy", project=self._project, location=location, cluster=cluster, verb=verb)
        if running is None and fault is None:
            return
        name = (
            running.name if running else fault.get("operation", f"operation-{int(time.time() * 1000)}-{uuid.uuid4()}")
        )
        raise GoogleError(
            "FAILED_PRECONDITION",
            f"Cluster is running incompatible operation {name}.",
            [error_info("CLUSTER_ALREADY_HAS_OPERATION", "container.googleapis.com"), request_info()],
        )

    def begin(
        self,
        type: str,
        location: str,
        cluster: str,
        *,
        seconds: float,
        work: Callable[[Operation], Awaitable[None]],
        undo: Callable[[OperationFailed], Awaitable[None]],
        pool: str | None = None,
    ) -> dict:
        """Start an operation and return it as the API shows it.

        :param seconds: life's seconds that it should take; work lets them pass.
        :param work: what it does; OperationFailed ends it as failed.
        :param undo: puts the resource in the state that a failure leaves.
        """
        context = {"project": self._project, "location": location, "type": type, "cluster": cluster}
        context |= {"pool": pool} if pool else {}
        slow = self._faults.take("slow_operation", **context) or {}
        stretch = float(slow.get("factor", 1)) + float(slow.get("seconds", 0)) / max(seconds, 1)
        operation = Operation(type, location, cluster, pool, seconds, stretch, self._clock)
        self._operations[operation.name] = operation
        task = asyncio.create_task(self._run(operation, work, undo, self._faults.take("operation_error", **context)))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return self.shown(operation)

    def find(self, location: str, name: str) -> Operation | None:
        """Return an operation of a location, or None."""
        operation = self._operations.get(name)
        return operation if operation and location in ("-", operation.location) else None

    def all(self, location: str) -> list[Operation]:
        """Return the operations of a location, or of all for "-"."""
        # A copy, since whoever embeds the sandbox may look from another thread while an operation begins.
        return [operation for operation in list(self._operations.values()) if location in ("-", operation.location)]

    def shown(self, operation: Operation) -> dict:
        """Return an operation in the API's form."""
        target = f"locations/{operation.location}/clusters/{operation.cluster}"
        target += f"/nodePools/{operation.pool}" if operation.pool else ""
        home = f"{self._base}/projects/{self._number}"
        value = {
            "name": operation.name,
            "zone": operation.location,
            "location": operation.location,
            "operationType": operation.type,
            "status": operation.status,
            "selfLink": f"{home}/locations/{operation.location}/operations/{operation.name}",
            "targetLink": f"{home}/{target}",
            "progress": _progress(operation),
        }
        if operation.started:
            value["startTime"] = rfc3339(operation.started)
        if operation.ended:
            value["endTime"] = rfc3339(operation.ended)
        failure = operation.failure
        if failure and failure.field in ("error", "statusMessage"):
            value["statusMessage"] = value["detail"] = failure.message
        if failure and failure.field == "error":
            value["error"] = {"code": RPC_CODES.get(failure.code, RPC_CODES["UNKNOWN"]), "message": failure.message}
        if operation.conditions:
            value["nodepoolConditions"] = list(operation.conditions)
        return value

    async def stop(self) -> None:
        """End what is under way."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _run(self, operation: Operation, work, undo, fault: dict | None) -> None:
        operation.started = self._clock.now()
        try:
            await operation.sleep(_PENDING_SECONDS)
            operation.status = "RUNNING"
            if fault is not None:
                await operation.sleep(operation.expected - _PENDING_SECONDS)
                raise _injected(fault)
            await work(operation)
        except OperationFailed as failure:
            await undo(failure)
            self._fail(operation, failure)
        except asyncio.CancelledError:
            raise
        except Exception:
            _LOG.exception("operation %s (%s of %s) broke", operation.name, operation.type, operation.cluster)
            failure = OperationFailed("INTERNAL", "Internal error of the sandbox; its log says more.")
            await undo(failure)
            self._fail(operation, failure)
        operation.ended = self._clock.now()
        operation.status = "DONE"

    def _running(self, location: str, cluster: str) -> Operation | None:
        return next(
            (
                operation
                for operation in self._operations.values()
                if (operation.location, operation.cluster) == (location, cluster) and operation.status != "DONE"
            ),
            None,
        )

    @staticmethod
    def _fail(operation: Operation, failure: OperationFailed) -> None:
        operation.failure = failure
        if failure.field == "nodepoolConditions" or failure.condition != "UNKNOWN":
            operation.conditions.append(failure.status_condition())


def _injected(fault: dict) -> OperationFailed:
    return OperationFailed(
        str(fault.get("code", "INTERNAL")),
        str(fault.get("message", "Internal error.")),
        field=str(fault.get("field", "error")),
        condition=str(fault.get("condition", "UNKNOWN")),
    )


def _progress(operation: Operation) -> dict:
    """GKE's figures: phases of a cluster's creation, nodes of the rest."""
    fraction = operation.fraction()
    progress: dict = {"name": operation.name, "status": operation.status}
    if operation.type == "CREATE_CLUSTER":
        metrics, done = [], fraction * sum(_CLUSTER_METRICS.values())
        for name, total in _CLUSTER_METRICS.items():
            metrics.append({"name": name, "intValue": str(int(max(0, min(total, done))))})
            metrics.append({"name": f"{name}_TOTAL", "intValue": str(total)})
            done -= total
        progress["metrics"] = metrics
    else:
        stage = {"name": operation.type, "status": operation.status}
        stage["metrics"] = [{"name": "PROGRESS", "doubleValue": round(fraction, 2)}]
        progress["stages"] = [stage]
    return progress
