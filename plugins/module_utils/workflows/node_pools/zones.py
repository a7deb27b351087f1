# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A node pool is brought to its desired state; where asked for, in the first of its zones that has stock.

A pool that came up without its nodes is deleted and created anew in the next zone, by the same steps as a repair. Its
``locations`` could be changed in place, but what GKE documents of that is for pools that work: not whether it takes the
change of a pool in ERROR, nor how many nodes come in the new zone. A pool without nodes has nothing to lose by the
deletion, and GKE, which goes on asking for its nodes, has to be stopped in any case.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from ...core.deadline import Deadline
from ...core.errors import InvalidOption, LlmopsError, OperationFailed
from ...core.option_names import option, turned_on
from ...core.result import Change, Result, Step
from ...gke import compare, stockouts
from ...gke.client import Place
from ...gke.fields.field import dig
from ...gke.fields.node_pool.table import NODE_POOL_FIELDS
from ...gke.node_pool import PoolReader
from ...gke.session import Session
from ...google.apis import GoogleApis
from ...google.compute import group_instances
from . import replacement

_PATIENCE = 15.0
"""Seconds in which Compute Engine must have said which nodes run."""

_CREATION = re.compile(r".*creation failed: ")


def plan(options: dict[str, Any], session: Session, reader: PoolReader) -> list[Step]:
    """The steps to a node pool's desired state, as far as they are known before any zone is asked.

    options: those of gke_node_pool. Raises what planning raises; sends nothing but what ``reader`` sends.
    """
    if _is_in_order(options):
        options = _ZoneSearch(options, session, reader).planned_options()
    return replacement.plan(options, session, reader)


def converge(options: dict[str, Any], session: Session, reader: PoolReader) -> Result:
    """Bring a node pool to its desired state. options: those of gke_node_pool.

    Raises what ``replacement.converge`` raises; OperationFailed where no zone has stock, with the pool
    removed.
    """
    if _is_in_order(options):
        return _ZoneSearch(options, session, reader).run()
    return replacement.converge(options, session, reader)


def _is_in_order(options: dict[str, Any]) -> bool:
    return options["locations_in_order"] and options["state"] == "present"


class _ZoneSearch:
    """One search for a zone: which are out of stock, and what was done until now."""

    def __init__(self, options: dict[str, Any], session: Session, reader: PoolReader) -> None:
        self._options, self._session, self._reader = options, session, reader
        self._zones: list[str] = list(dict.fromkeys(options["locations"]))
        cluster = reader.place
        self._place = Place(cluster.project, cluster.location, cluster.cluster, options["name"])
        self._resource = f"node pool {options['name']}"
        self._out: dict[str, dict[str, Any]] = {}
        self._history_read = False
        self._steps: list[Step] = []

    def planned_options(self) -> dict[str, Any]:
        """The pool's options in the zone that is tried first. Raises InvalidOption for a pool without nodes."""
        first = self._look()
        if self._is_absent(first):
            self._check_has_nodes()
        return {**self._options, "locations": self._current_zones(first)}

    def run(self) -> Result:
        """Go through the zones. Raises what ends the search."""
        first = self._look()
        stockout = stockouts.pool_stockout(first) if first else None
        zones, repair = self._current_zones(first), self._options["repair"]
        if self._is_absent(first):
            self._check_has_nodes()
            self._read_history()
            zones = [self._next_zone() or self._zones[0]]
        elif first is not None and stockout is not None and self._may_move(first, stockout):
            zones, repair = self._move(first, stockout), True
        while True:
            try:
                result = self._attempt(zones, repair)
            except LlmopsError as error:
                zones, repair = self._zones_after(error), True
            else:
                return self._finished(result, first)

    @staticmethod
    def _is_absent(pool: dict[str, Any] | None) -> bool:
        return pool is None or pool.get("status") == "STOPPING"

    def _check_has_nodes(self) -> None:
        """Whether a zone has stock shows only in asking for nodes: InvalidOption for a pool to be created without."""
        if self._options["initial_node_count"] == 0:
            raise InvalidOption(
                "locations_in_order",
                True,
                f"a node pool that is created with nodes, which {self._options['name']} is not ("
                f"{option('initial_node_count')} is 0): let the autoscaler find the zone that has stock, by "
                f"{option('autoscaling.location_policy')}: ANY",
            )

    def _look(self) -> dict[str, Any] | None:
        return self._reader.pool(self._options["name"])

    def _current_zones(self, pool: dict[str, Any] | None) -> list[str]:
        """Where a pool that is there stays: in those of its zones that are in the list."""
        have = (pool or {}).get("locations") or []
        return [zone for zone in self._zones if zone in have] or self._zones[:1]

    def _attempt(self, zones: list[str], repair: bool) -> Result:
        deadline = self._session.client.deadline
        deadline.pause(0, f"find a zone for {self._resource}", f"out of stock: {', '.join(self._out)}")
        options = {**self._options, "locations": zones, "repair": repair}
        return replacement.converge(options, self._session, self._reader)

    def _zones_after(self, error: LlmopsError) -> list[str]:
        """The zone to go to after a failure. Raises it where another zone is not the answer."""
        steps = _steps(error)
        if isinstance(error, OperationFailed) and stockouts.is_stockout(error):
            pool = self._look()
            without = pool is None or stockouts.is_only_stockout(pool)
            if without and self._may_move(pool, error) and not self._session.check:
                self._steps += steps
                return self._move(pool, error)
        if self._out:
            error.fields["out_of_stock"] = self._out_of_stock()
            error.add(f"; out of stock before it: {', '.join(self._out)}")
        error.fields["steps_done"] = [step.to_dict() for step in self._steps] + error.fields.get("steps_done", [])
        raise error

    def _may_move(self, pool: dict[str, Any] | None, error: LlmopsError) -> bool:
        """Whether the pool may be deleted: with no node, or where a repair was asked for. Else the error says why not.

        GKE's status does not tell: a pool stays in ERROR after its nodes have come at last.
        """
        if pool is None or self._options["repair"]:
            return True
        try:
            nodes = self._nodes(pool)
        except LlmopsError as failure:
            error.add(f"; it stays where it is, because its nodes could not be counted: {failure.marked}")
            return False
        if nodes:
            moved = f"{turned_on('repair')} moves it even so"
            error.add(f"; it stays where it is, because {nodes} of its nodes run; {moved}")
        return not nodes

    def _nodes(self, pool: dict[str, Any]) -> int:
        apis = GoogleApis(self._options, Deadline(_PATIENCE))
        try:
            return sum(group_instances(apis, url) for url in pool.get("instanceGroupUrls", []))
        finally:
            self._session.other_requests += apis.sent
            apis.close()

    def _move(self, pool: dict[str, Any] | None, error: LlmopsError) -> list[str]:
        """The next zone, as a list; where there is none, the pool goes and the search ends with OperationFailed."""
        self._read_history()
        said = stockouts.server_words(error)
        where = (pool or {}).get("locations") or self._zones
        for zone in stockouts.zones_named(said, where):
            self._out[zone] = {"message": said, "operation": error.fields.get("operation")}
        zone = self._next_zone()
        if zone is None:
            raise self._no_zone_left(pool)
        number = f"{self._zones.index(zone) + 1} of {len(self._zones)}"
        out = ", ".join(self._out)
        self._session.progress(f"{self._resource}: out of stock in {out}; going on in {zone} ({number})")
        return [zone]

    def _read_history(self) -> None:
        """Take up the search of a run that was cut short, once."""
        if not self._history_read:
            history = self._session.client.operations(self._place.project, self._place.location)
            self._out = dict(stockouts.zones_found_out_of_stock(history, self._place, self._zones, datetime.now(UTC)))
            self._history_read = True

    def _next_zone(self) -> str | None:
        return next((zone for zone in self._zones if zone not in self._out), None)

    def _no_zone_left(self, pool: dict[str, Any] | None) -> OperationFailed:
        left = self._removed(pool)
        said = "; ".join(f"{zone}: {_CREATION.sub('', fact['message'])}" for zone, fact in self._out.items())
        spot = dig(self._options, "config.spot")
        machines = f"{'on-demand' if spot else 'Spot'} machines ({option('config.spot')}: {str(not spot).lower()})"
        return OperationFailed(
            f"{self._resource}: every zone of {option('locations')} is out of stock: {said}; {left}; run again later, "
            f"or try {machines}, a reservation ({option('config.reservation_affinity')}), another machine type or "
            "another region",
            code="GCE_STOCKOUT",
            server_message="; ".join(dict.fromkeys(fact["message"] for fact in self._out.values())),
            out_of_stock=self._out_of_stock(),
            steps_done=[step.to_dict() for step in self._steps],
        )

    def _removed(self, pool: dict[str, Any] | None) -> str:
        """Delete the pool, for which GKE would go on to ask for nodes; returns what is left, in words."""
        stays = f"cluster {self._place.cluster} stays as it is"
        if self._session.check:
            return f"nothing was removed in check mode, {stays}"
        if pool is None:
            return f"no pool is left, {stays}"
        where = ", ".join(pool.get("locations", []))
        self._session.progress(f"{self._resource}: out of stock in every zone; deleting it")
        # The pool alone: on one that stands in for it the workload runs.
        absent = {**self._options, "state": "absent", "recreate": False}
        try:
            gone = replacement.converge(absent, self._session, self._reader)
        except LlmopsError as failure:
            return (
                f"the pool is left in {where} ({failure.marked}): delete it (state: absent), or it costs money as "
                "soon as its nodes come"
            )
        self._steps += gone.plan
        return f"the pool was deleted, so that no node comes later unasked; {stays}"

    def _out_of_stock(self) -> list[dict[str, Any]]:
        return [{"zone": zone, **fact} for zone, fact in self._out.items()]

    def _finished(self, result: Result, first: dict[str, Any] | None) -> Result:
        """The result with what was done on the way to it."""
        where = (result.values["node_pool"] or {}).get("locations") or []
        result.values["out_of_stock"] = self._out_of_stock()
        if self._steps:
            rows = compare.rows_for(NODE_POOL_FIELDS, self._options)
            name = {"name": self._options["name"]}
            shown = None if self._is_absent(first) else {**name, **compare.shown(rows, self._options, first or {})}
            result.before = shown
            result.plan = [*self._steps, *result.plan]
        if self._out:
            result.warnings.append(
                f"{self._resource} goes to {', '.join(where)}, because {', '.join(self._out)} "
                f"{'is' if len(self._out) == 1 else 'are'} out of stock"
            )
        elif len(where) > 1:
            result.warnings.append(
                f"{self._resource} has nodes in {', '.join(where)}, and {option('locations_in_order')} takes none "
                f"away: name one of them alone in {option('locations')} to have it there alone"
            )
        return result


def _steps(error: LlmopsError) -> list[Step]:
    """The steps that were taken until an error, the one that failed included."""
    failed = error.fields.get("step_failed")
    return [
        Step(one["action"], one["resource"], one["request"], tuple(Change(**change) for change in one["changes"]))
        for one in [*error.fields.get("steps_done", []), *([failed] if failed else [])]
    ]
