# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A node pool is brought to its desired state; one that cannot be changed in place is replaced where asked for.

A pool keeps its name for life, so a stand-in takes the pods while the pool is created anew. Where a run ended is seen
from which of the two there are, so the next run goes on from there.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ...core.reconcile import planned
from ...core.result import Change, Progress, Result, Step
from ...gke import compare, target
from ...gke.fields.remedies import ANOTHER_POOL
from ...gke.node_pool import NodePoolTarget, PoolReader
from ...gke.options import NODES_READY
from ...gke.session import Session
from ...gke.target import BROKEN, UNSETTLED
from ..gke_nodes import POOL_LABEL
from .nodes import PoolUntilNodesReady

if TYPE_CHECKING:
    from ...kubernetes.client.api import KubernetesApi
    from .. import cluster_access


def stand_in_name(name: str) -> str:
    """The name of the pool that takes the pods meanwhile; a pool's name has 40 characters at most."""
    return f"{name[:31]}-stand-in"


@dataclass(frozen=True)
class Drain:
    """The payload of a step that empties a pool's nodes; part: as a Call's."""

    pool: str
    part: str = "pods"


class ReplacementPool(NodePoolTarget):
    """A node pool that takes the place of another: what is not named is as that one has it."""

    replaces: dict[str, Any] | None = None

    def create_body(self) -> dict[str, Any]:
        """See ``GkeTarget.create_body``."""
        if self.replaces is None:
            return super().create_body()
        return {"name": self.options["name"], **compare.replacement_body(self.fields, self.options, self.replaces)}


class ReplacedPool(ReplacementPool):
    """A node pool that is replaced where it differs in what cannot be changed."""

    def __init__(self, *args: Any, stack: ExitStack, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._stack = stack
        self._access: cluster_access.ClusterAccess | None = None
        self._stand_in_name = stand_in_name(self.options["name"])
        self._stand_in: dict[str, Any] | None = None
        self._owners: dict[tuple[str, str], NodePoolTarget] = {}

    @property
    def requests(self) -> int:
        """HTTP requests sent for the drains."""
        return self._access.requests if self._access else 0

    def fetch(self) -> dict[str, Any] | None:
        """See ``GkeTarget.fetch``; the stand-in is seen by the same request."""
        pools = {pool["name"]: pool for pool in self.reader.pools()}
        self._stand_in = pools.get(self._stand_in_name)
        return pools.get(self.options["name"])

    def read(self) -> dict[str, Any] | None:
        """See ``GkeTarget.read``; a stand-in at work is waited for, too."""
        current = super().read()
        if not self.check and self._stand_in is not None and self._stand_in.get("status") in UNSETTLED:
            self._stand_in = self._sibling(self._stand_in_name, self.options).read()
        return current

    def plan(self, current: dict[str, Any] | None) -> list[Step]:
        """See ``GkeTarget.plan``."""
        stand_in = self._stand_in
        if self.options["state"] == "absent":
            left = stand_in is None or self._left_to_cluster
            return super().plan(current) + ([] if left else [self._delete(stand_in["name"])])
        self.replaces = stand_in
        steps = super().plan(current)
        stale = current is not None and any(step.remedy == ANOTHER_POOL.remedy for step in steps)
        if stale and not any(step.remedy not in (None, ANOTHER_POOL.remedy) for step in steps):
            changes = tuple(change for step in steps for change in step.changes)
            return self._replacement(current, changes)
        return steps + (self._drained_and_deleted(stand_in) if stand_in else [])

    def act(self, step: Step, progress: Progress) -> dict[str, Any] | None:
        """See ``GkeTarget.act``."""
        # Only a replacement speaks to the cluster itself, and few pools are ever replaced.
        from ...kubernetes.apply import drain

        if isinstance(step.payload, Drain):
            selector = f"{POOL_LABEL}={step.payload.pool}"
            drain.refuse_pods_that_would_be_lost(self._api(), selector)
            drain.drain(self._api(), selector, f"drain {step.resource}", progress)
            return None
        owner = self._owners.get((step.resource, step.action))
        if owner is None:
            return super().act(step, progress)
        if step.action == "create":
            # Whatever stands in the way of the drain is to be known before anything is created for it.
            drain.refuse_pods_that_would_be_lost(self._api(), f"{POOL_LABEL}={self.options['name']}")
        return owner.act(step, progress)

    def _replacement(self, current: dict[str, Any], changes: tuple[Change, ...]) -> list[Step]:
        stand_in, steps = self._stand_in, []
        # A run that was cut short may have taken the autoscaler from the pool, but not yet from the stand-in.
        self.replaces = stand_in or current
        if stand_in is None:
            other = self._sibling(self._stand_in_name, self.options)
            other.replaces = current
            steps.append(self._owned(other, other.plan(None)[0]))
            stand_in = other.create_body()
        elif stand_in.get("status") in BROKEN:
            raise self._broken(f"node pool {stand_in['name']}, which stands in for {self.resource},", stand_in)
        create = self._step("create", self.create_call(), changes)
        return [*steps, *self._drained_and_deleted(current), create, *self._drained_and_deleted(stand_in)]

    def _drained_and_deleted(self, pool: dict[str, Any]) -> list[Step]:
        """Stop the pool from growing, move its pods away, and delete it."""
        name, steps = pool["name"], []
        if (pool.get("autoscaling") or {}).get("enabled"):
            still = self._sibling(name, {"state": "present", "repair": False, "autoscaling": {"enabled": False}})
            steps += [self._owned(still, step) for step in still.plan(pool)]
        request = "POST /api/v1/namespaces/{namespace}/pods/{pod}/eviction"
        steps.append(Step("drain", f"node pool {name}", request, payload=Drain(name)))
        return [*steps, self._delete(name)]

    def _delete(self, name: str) -> Step:
        gone = self._sibling(name, {"state": "absent", "repair": False})
        return self._owned(gone, gone.plan({"name": name})[0])

    def _owned(self, owner: NodePoolTarget, step: Step) -> Step:
        self._owners[step.resource, step.action] = owner
        return step

    def _sibling(self, name: str, options: dict[str, Any]) -> ReplacementPool:
        """A target of its own for a pool of the same cluster."""
        return ReplacementPool({**options, "name": name}, self.session, self.reader)

    def _api(self) -> KubernetesApi:
        from .. import cluster_access

        if self._access is None:
            self._access = self._stack.enter_context(cluster_access.cluster_access(self.options, self.client.deadline))
        return self._access.required()


def plan(options: dict[str, Any], session: Session, reader: PoolReader) -> list[Step]:
    """The steps to a node pool's desired state. options: those of gke_node_pool. Raises what planning raises."""
    with _target(options, session, reader) as pool:
        return planned(pool)[1]


def converge(options: dict[str, Any], session: Session, reader: PoolReader) -> Result:
    """Bring a node pool to its desired state. options: those of gke_node_pool.

    Raises InvalidOption and ImmutableField before any request that writes, ClusterAbsent and WouldBeLost before
    anything is replaced, OperationFailed, HttpError, DeadlineExceeded.
    """
    with _target(options, session, reader) as pool:
        result, live = target.converge(pool)
    result.values["node_pool"] = live
    return result


@contextmanager
def _target(options: dict[str, Any], session: Session, reader: PoolReader) -> Iterator[NodePoolTarget]:
    if not options["recreate"]:
        kind = PoolUntilNodesReady if options.get("wait_until") == NODES_READY else NodePoolTarget
        yield kind(options, session, reader)
        return
    with ExitStack() as stack:
        pool = ReplacedPool(options, session, reader, stack=stack)
        try:
            yield pool
        finally:
            session.other_requests += pool.requests
