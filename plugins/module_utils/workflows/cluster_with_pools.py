# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A cluster and the node pools that are described with it are brought to their desired state, one after the other.

Everything is planned before anything is written, so that what GKE cannot do of the last pool keeps the cluster as it
is. The answer to the one request that reads the cluster serves its pools as well.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import Any

from ..core.errors import ImmutableField, InvalidOption, LlmopsError
from ..core.reconcile import planned
from ..core.result import Result, Step
from ..gke.client import ClusterAbsent, Place
from ..gke.cluster import ClusterReader, ClusterTarget, PredictedCluster
from ..gke.options import CONTROL_PLANE, LOCATION
from ..gke.session import Session
from ..gke.target import converge as converge_target
from .node_pools import zones

_OF_COST = ("initialNodeCount", "locations", "autoscaling")
_OF_COST_IN_CONFIG = (
    *("machineType", "accelerators", "ephemeralStorageLocalSsdConfig", "diskType", "diskSizeGb"),
    *("spot", "preemptible"),
)
"""Of a pool, what its cost depends on."""

_AT_REST = "RUNNING"
"""State of a cluster or pool on which nothing is under way."""


def converge(options: dict[str, Any], session: Session) -> Result:
    """Bring a cluster and its ``node_pools`` to their desired state. options: those of gke_cluster.

    Raises InvalidOption and ImmutableField before any request that writes, and whatever else the target of a cluster
    or of a node pool raises; such an error also says what was done before it, and ``node_pool`` where it is a pool's.
    """
    reader = ClusterReader(session.client, Place(options["project"], options["location"], options["name"]))
    target = ClusterTarget(options, session, reader)
    plan = current, steps = planned(target)
    pools = _pool_options(options) if options["state"] == "present" else []
    predicted = (target.predict(current, steps) if steps else current) or {}
    plans = {} if session.check else _plans(pools, session, PredictedCluster(session.client, reader.place, predicted))
    try:
        result, cluster = converge_target(target, plan)
    except LlmopsError as error:
        _add_steps_left(error, list(plans.values()))
        _add_what_is_left(error, reader)
        raise
    if session.check:
        reader = PredictedCluster(session.client, reader.place, cluster or {})
    for pool in pools:
        try:
            outcome = zones.converge(pool, session, reader)
        except LlmopsError as error:
            following = [plans[other["name"]] for other in pools[pools.index(pool) + 1 :] if other["name"] in plans]
            _attribute(error, pool["name"], [] if session.check else result.plan, following)
            raise
        if isinstance(reader, PredictedCluster):
            reader.put(pool["name"], outcome.values["node_pool"])
        _add(result, outcome, pool["name"])
    result.values["cluster"] = reader.cluster() if pools else cluster
    return result


def converge_pools(options: dict[str, Any], session: Session) -> Result:
    """Bring node pools of a cluster that is there to their desired state. options: those of gke_node_pools.

    A pool that fails keeps none of the others from its turn. Raises InvalidOption and ImmutableField before any request
    that writes, ClusterAbsent, and the first failure with what was done in spite of it. In check mode an absent cluster
    is a warning, because it may be created by then.
    """
    place = Place(options["project"], options["location"], options["cluster"])
    reader, pools = ClusterReader(session.client, place), _pool_options({**options, "name": options["cluster"]})
    unchanged = _unchanged(pools, session, place)
    if unchanged is not None:
        return unchanged
    cluster, result, failures = reader.cluster(), Result(values={"node_pools": []}), []
    coming = [pool["name"] for pool in pools if pool["state"] == "present"]
    if cluster is None and coming:
        if not session.check:
            raise ClusterAbsent(
                f"create node pool {coming[0]}: {place} does not exist; create it first (llmops.gke.gke_cluster)"
            )
        result.warnings.append(f"{place} does not exist; its node pools are predicted as if it did")
    if not session.check:
        _plans(pools, session, PredictedCluster(session.client, place, cluster or {}))
    for pool in pools:
        try:
            outcome = zones.converge(pool, session, reader)
        except LlmopsError as error:
            error.fields.setdefault("node_pool", pool["name"])
            failures.append(error)
            continue
        live = outcome.values["node_pool"]
        result.values["node_pools"] += [] if live is None else [live]
        _add_stockouts(result, outcome, pool["name"])
        for side in ("before", "after"):
            shown = getattr(outcome, side)
            setattr(outcome, side, {f"node pool {pool['name']}": shown} if outcome.changed and shown else None)
        result.add(outcome)
    if failures:
        raise _of_all(failures, result, [] if session.check else _left(session, place), check=session.check)
    return result


def _unchanged(pools: list[dict[str, Any]], session: Session, place: Place) -> Result | None:
    """The result where what another task has just read of the cluster leaves nothing to do; None to read and see."""
    recent = session.client.cluster_just_read(place.project, place.location, str(place.cluster))
    if recent is None or recent.get("status") != _AT_REST:
        return None
    sent, result = session.client.http.sent, Result(values={"node_pools": []})
    reader, dry = PredictedCluster(session.client, place, recent), replace(session, check=True)
    for pool in pools:
        try:
            outcome = zones.converge(pool, dry, reader)
        except LlmopsError:
            return None
        live = outcome.values["node_pool"]
        if outcome.changed or outcome.warnings or (live or {}).get("status", _AT_REST) != _AT_REST:
            return None
        result.values["node_pools"] += [] if live is None else [live]
        _add_stockouts(result, outcome, pool["name"])
        result.plan = [*result.plan, *outcome.plan]
    return result if session.client.http.sent == sent else None


def _left(session: Session, place: Place) -> list[dict[str, Any]]:
    """The cluster's pools after a failure, which leaves some of them in ERROR; none where they cannot be read."""
    try:
        cluster = session.client.cluster(place.project, place.location, str(place.cluster))
        return (cluster or {}).get("nodePools", [])
    except LlmopsError:
        return []


def _of_all(failures: list[LlmopsError], result: Result, left: list[dict[str, Any]], *, check: bool) -> LlmopsError:
    """The first failure, which also tells of the others, of the pools that did not fail, and of all that are left."""
    first, *others = failures
    for other in others:
        first.add(f"; {other.marked}")
    if left:
        first.fields["node_pools"] = _in_short(left, _touched(failures, result))
    name = "plan" if check else "steps_done"
    if steps := [step.to_dict() for step in result.plan]:
        first.fields[name] = [*steps, *first.fields.get(name, [])]
    return first


def _add_what_is_left(error: LlmopsError, reader: ClusterReader) -> None:
    """Let the error of a creation also tell of the cluster that it left, in short: it costs money, and is mended or
    removed."""
    begun = error.fields.get("operation") and (error.fields.get("step_failed") or {}).get("action") == "create"
    if not begun:
        return
    with suppress(LlmopsError):
        cluster = reader.cluster()
        if cluster:
            left = {name: cluster[name] for name in ("name", "status", "location") if name in cluster}
            pools = cluster.get("nodePools") or []
            error.fields["cluster"] = left | {
                "nodePools": _in_short(pools, {f"node pool {one['name']}" for one in pools})
            }


def _touched(failures: list[LlmopsError], result: Result) -> set[str]:
    """The resources that steps were taken on, to their end or not."""
    steps = [step.to_dict() for step in result.plan]
    for error in failures:
        steps += [*error.fields.get("steps_done", ()), error.fields.get("step_failed") or {}]
    return {step["resource"] for step in steps if step}


def _in_short(pools: list[dict[str, Any]], touched: set[str]) -> list[dict[str, Any]]:
    """Of each pool name and status, and what costs of those that are not as they were before: a failure is read."""
    told = []
    for pool in pools:
        told.append({name: pool[name] for name in ("name", "status") if name in pool})
        if f"node pool {pool['name']}" in touched:
            config = pool.get("config") or {}
            told[-1] |= {name: pool[name] for name in _OF_COST if name in pool}
            told[-1]["config"] = {name: config[name] for name in _OF_COST_IN_CONFIG if name in config}
    return told


def _pool_options(options: dict[str, Any]) -> list[dict[str, Any]]:
    """Each pool of ``node_pools`` with the options of gke_node_pool."""
    names = (*LOCATION, *CONTROL_PLANE, "wait_until", "timeout")
    shared = {name: options[name] for name in names if name in options}
    return [{**shared, "cluster": options["name"], **pool} for pool in options["node_pools"] or []]


def _plans(pools: list[dict[str, Any]], session: Session, reader: PredictedCluster) -> dict[str, list[Step]]:
    """The steps of each pool on the predicted cluster. Raises InvalidOption and ImmutableField."""
    dry = replace(session, check=True)
    plans: dict[str, list[Step]] = {}
    for pool in pools:
        try:
            plans[pool["name"]] = zones.plan(pool, dry, reader)
        except (ImmutableField, InvalidOption) as error:
            _attribute(error, pool["name"], [], [])
            raise
        except LlmopsError:
            # Such as a pool that is broken: that fails when it is the pool's turn, with what was done before it.
            plans[pool["name"]] = []
    return plans


def _attribute(error: LlmopsError, name: str, before: list[Step], following: list[list[Step]]) -> None:
    """Let the error of a pool say whose it is, what was done before it and what was not begun."""
    error.fields.setdefault("node_pool", name)
    error.about_item_of("node_pools")
    if name not in error.message:
        error.begin_with(f"node pool {name}: ")
    done = [step.to_dict() for step in before] + error.fields.get("steps_done", [])
    if done:
        error.fields["steps_done"] = done
    _add_steps_left(error, following)


def _add_steps_left(error: LlmopsError, plans: list[list[Step]]) -> None:
    left = [step.to_dict() for plan in plans for step in plan]
    if left:
        error.fields["steps_left"] = error.fields.get("steps_left", []) + left


def _add(result: Result, outcome: Result, name: str) -> None:
    """Add what came of a pool to the result of its cluster."""
    result.changed = result.changed or outcome.changed
    result.plan = [*result.plan, *outcome.plan]
    result.operations = [*result.operations, *outcome.operations]
    result.warnings = [*result.warnings, *outcome.warnings]
    for side in ("before", "after"):
        whole, part = getattr(result, side), getattr(outcome, side)
        if whole is not None and part is not None:
            setattr(result, side, {**whole, "node_pools": [*whole.get("node_pools", []), part]})
    _add_stockouts(result, outcome, name)


def _add_stockouts(result: Result, outcome: Result, name: str) -> None:
    out_of_stock = [{"node_pool": name, **zone} for zone in outcome.values.get("out_of_stock", [])]
    if "out_of_stock" in outcome.values:
        result.values["out_of_stock"] = [*result.values.get("out_of_stock", []), *out_of_stock]
