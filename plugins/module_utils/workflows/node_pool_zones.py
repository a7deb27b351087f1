# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""gke_node_pool's engine: where that was asked for, the pool is in the first of its zones that has stock.

A pool that came up without its nodes is deleted and created anew in the next zone, by the same steps as a repair. Its
``locations`` could be changed in place, but what GKE documents of that is for pools that work: not whether it takes the
change of a pool in ERROR, nor how many nodes come in the new zone. A pool without nodes has nothing to lose by the
deletion, and GKE, which goes on asking for its nodes, has to be stopped in any case.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from ..core.deadline import Deadline
from ..core.errors import LlmopsError, OperationFailed
from ..core.option_names import option
from ..core.result import Change, Progress, Result, Step
from ..gke import compare, stockouts
from ..gke.client import GkeClient, Place
from ..gke.fields.field import dig
from ..gke.fields.node_pool.table import NODE_POOL_FIELDS
from ..gke.validation import check_node_pool
from ..google.apis import GoogleApis
from ..google.compute import group_instances
from . import node_pool_replacement

_PATIENCE = 15.0
"""Seconds in which Compute Engine must have said which nodes run."""

_CREATION = re.compile(r".*creation failed: ")


def run(options: dict[str, Any], check: bool, progress: Progress) -> Result:
    """Bring a node pool to its desired state. options: those of gke_node_pool.

    Raises what ``node_pool_replacement.run`` raises; OperationFailed where no zone has stock, with the pool removed.
    """
    if not options["locations_in_order"] or options["state"] == "absent":
        return node_pool_replacement.run(options, check, progress)
    check_node_pool(options)
    client = GkeClient(options, Deadline(options["timeout"]))
    try:
        return _Search(options, client, check=check, progress=progress).run()
    finally:
        client.http.close()


class _Search:
    """One search for a zone: which are out of stock, and what was done until now."""

    def __init__(self, options: dict[str, Any], client: GkeClient, *, check: bool, progress: Progress) -> None:
        self._options, self._client, self._check, self._progress = options, client, check, progress
        self._zones: list[str] = list(dict.fromkeys(options["locations"]))
        self._place = Place(options["project"], options["location"], options["cluster"], options["name"])
        self._resource = f"node pool {options['name']}"
        self._out: dict[str, dict[str, Any]] = {}
        self._remembered = False
        self._steps: list[Step] = []
        self._requests = 0

    def run(self) -> Result:
        """Go through the zones. Raises what ends the search."""
        first = self._look()
        stockout = stockouts.pool_stockout(first) if first else None
        zones, repair = self._home(first), self._options["repair"]
        if first is None or first.get("status") == "STOPPING":
            stockouts.in_first_zone(self._options)
            self._remember()
            zones = [self._next() or self._zones[0]]
        elif stockout is not None and self._may_go(first, stockout):
            zones, repair = self._onward(first, stockout), True
        while True:
            try:
                result = self._attempt(zones, repair)
            except LlmopsError as error:
                zones, repair = self._after(error), True
            else:
                return self._told(result, first)

    def _look(self) -> dict[str, Any] | None:
        place = self._place
        return self._client.node_pool(place.project, place.location, place.cluster, place.node_pool)

    def _home(self, pool: dict[str, Any] | None) -> list[str]:
        """Where a pool that is there stays: in those of its zones that are in the list."""
        have = (pool or {}).get("locations") or []
        return [zone for zone in self._zones if zone in have] or self._zones[:1]

    def _attempt(self, zones: list[str], repair: bool) -> Result:
        deadline = self._client.deadline
        deadline.pause(0, f"find a zone for {self._resource}", f"out of stock: {', '.join(self._out)}")
        left = max(int(deadline.remaining()), 1)
        options = {**self._options, "locations": zones, "repair": repair, "timeout": left}
        return node_pool_replacement.run(options, self._check, self._progress)

    def _after(self, error: LlmopsError) -> list[str]:
        """The zone to go to after a failure. Raises it where another zone is not the answer."""
        steps = _steps(error)
        self._requests += error.http_requests
        if isinstance(error, OperationFailed) and stockouts.is_stockout(error):
            pool = self._look()
            without = pool is None or stockouts.says_nothing_else(pool)
            if without and self._may_go(pool, error) and not self._check:
                self._steps += steps
                return self._onward(pool, error)
        if self._out:
            error.fields["out_of_stock"] = self._facts()
            error.add(f"; out of stock before it: {', '.join(self._out)}")
        error.fields["steps_done"] = [step.to_dict() for step in self._steps] + error.fields.get("steps_done", [])
        raise error

    def _may_go(self, pool: dict[str, Any] | None, error: LlmopsError) -> bool:
        """Whether the pool may be deleted: with no node, or where a repair was asked for. Else the error says why not.

        GKE's status does not tell: a pool stays in ERROR after its nodes have come at last.
        """
        if pool is None or self._options["repair"]:
            return True
        try:
            nodes = self._nodes(pool)
        except LlmopsError as failure:
            error.add(f"; it stays where it is, because its nodes could not be counted: {failure.message}")
            return False
        if nodes:
            moved = f"{option('repair')}: true moves it even so"
            error.add(f"; it stays where it is, because {nodes} of its nodes run; {moved}")
        return not nodes

    def _nodes(self, pool: dict[str, Any]) -> int:
        apis = GoogleApis(self._options, Deadline(_PATIENCE))
        try:
            return sum(group_instances(apis, url) for url in pool.get("instanceGroupUrls", []))
        finally:
            self._requests += apis.sent
            apis.close()

    def _onward(self, pool: dict[str, Any] | None, error: LlmopsError) -> list[str]:
        """The next zone, as a list; where there is none, the pool goes and the search ends with OperationFailed."""
        self._remember()
        said = stockouts.words(error)
        where = (pool or {}).get("locations") or self._zones
        for zone in stockouts.zones_named(said, where):
            self._out[zone] = {"message": said, "operation": error.fields.get("operation")}
        zone = self._next()
        if zone is None:
            raise self._in_vain(pool)
        number = f"{self._zones.index(zone) + 1} of {len(self._zones)}"
        self._progress(f"{self._resource}: out of stock in {', '.join(self._out)}; going on in {zone} ({number})")
        return [zone]

    def _remember(self) -> None:
        """Take up the search of a run that was cut short, once."""
        if not self._remembered:
            history = self._client.operations(self._place.project, self._place.location)
            self._out = dict(stockouts.out_before(history, self._place, self._zones, datetime.now(UTC)))
            self._remembered = True

    def _next(self) -> str | None:
        return next((zone for zone in self._zones if zone not in self._out), None)

    def _in_vain(self, pool: dict[str, Any] | None) -> OperationFailed:
        left = self._removed(pool)
        said = "; ".join(f"{zone}: {_CREATION.sub('', fact['message'])}" for zone, fact in self._out.items())
        spot = dig(self._options, "config.spot")
        machines = "on-demand machines (config.spot: false)" if spot else "spot machines (config.spot: true)"
        return OperationFailed(
            f"{self._resource}: every zone of locations is out of stock: {said}; {left}; run again later, or try "
            f"{machines}, a reservation (config.reservation_affinity), another machine type or another region",
            code="GCE_STOCKOUT",
            server_message="; ".join(dict.fromkeys(fact["message"] for fact in self._out.values())),
            out_of_stock=self._facts(),
            steps_done=[step.to_dict() for step in self._steps],
        )

    def _removed(self, pool: dict[str, Any] | None) -> str:
        """Delete the pool, for which GKE would go on to ask for nodes; returns what is left, in words."""
        stays = f"cluster {self._options['cluster']} stays as it is"
        if self._check:
            return f"nothing was removed in check mode, {stays}"
        if pool is None:
            return f"no pool is left, {stays}"
        where = ", ".join(pool.get("locations", []))
        self._progress(f"{self._resource}: out of stock in every zone; deleting it")
        timeout = max(int(self._client.deadline.remaining()), 1)
        # The pool alone: on one that stands in for it the workload runs.
        absent = {**self._options, "state": "absent", "recreate": False, "timeout": timeout}
        try:
            gone = node_pool_replacement.run(absent, False, self._progress)
        except LlmopsError as failure:
            return (
                f"the pool is left in {where} ({failure.message}): delete it (state: absent), or it costs money as "
                "soon as its nodes come"
            )
        self._steps += gone.plan
        return f"the pool was deleted, so that no node comes later unasked; {stays}"

    def _facts(self) -> list[dict[str, Any]]:
        return [{"zone": zone, **fact} for zone, fact in self._out.items()]

    def _told(self, result: Result, first: dict[str, Any] | None) -> Result:
        """The result with what was done on the way to it."""
        where = (result.values["node_pool"] or {}).get("locations") or []
        result.http_requests += self._requests + self._client.http.sent
        result.values["out_of_stock"] = self._facts()
        if self._steps:
            rows = compare.rows_for(NODE_POOL_FIELDS, self._options)
            born = first is None or first.get("status") == "STOPPING"
            name = {"name": self._options["name"]}
            result.before = None if born else {**name, **compare.shown(rows, self._options, first)}
            result.plan = [*self._steps, *result.plan]
        if self._out:
            result.warnings.append(
                f"{self._resource} goes to {', '.join(where)}, because {', '.join(self._out)} "
                f"{'is' if len(self._out) == 1 else 'are'} out of stock"
            )
        elif len(where) > 1:
            result.warnings.append(
                f"{self._resource} has nodes in {', '.join(where)}, and locations_in_order takes none away: name one "
                "of them alone in locations to have it there alone"
            )
        return result


def _steps(error: LlmopsError) -> list[Step]:
    """The steps that were taken until an error, the one that failed included."""
    failed = error.fields.get("step_failed")
    return [
        Step(one["action"], one["resource"], one["request"], tuple(Change(**change) for change in one["changes"]))
        for one in [*error.fields.get("steps_done", []), *([failed] if failed else [])]
    ]
