# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many hosts as one table, with their sum. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from .changes import Changes, changes_of, sum_up
from .costs.of_cluster import Cost
from .costs.of_hosts import of_others, together
from .facts import DEPLOY, STATUS, TEARDOWN, VERIFY, HostFacts
from .page import Page, columns
from .removal import add_removed

BLOCKS = 2
"""Hosts up to which each has a block of its own."""

_HEAD = ("host", "state", "changed", "TTFT", "verdict", "USD/h")
_NUMBERS = (3, 5)
_NAME = 24
_WHEN = {STATUS: "with the nodes there are now", TEARDOWN: "of what is left"}


def total_of(facts: Sequence[HostFacts], records: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The hosts by their state, all changes, and what all of it costs an hour; a cluster that several hosts share is
    counted once, with the node pools of all of them."""
    changes = _changes(facts)
    hours = {place: hour for place, (hour, _whole) in _of_places(facts, records).items()}
    return {
        "hosts": len(records),
        "states": dict(Counter(record["state"] for record in records)),
        "changes": changes.sum(check=any(one.check for one in facts)),
        "clusters": len(hours),
        "hour": round(sum(hours.values()), 2) if hours else None,
    }


def add_table(page: Page, facts: Sequence[HostFacts], records: Sequence[Mapping[str, Any]]) -> None:
    """A row of figures and a row of words for each host, and a row for all of them."""
    total = total_of(facts, records)
    rows = [_HEAD, *(_row(one, record) for one, record in zip(facts, records, strict=True))]
    changes = _changes(facts)
    hour = "" if total["hour"] is None else f"{total['hour']:.2f}"
    rows.append((f"total {total['hosts']}", "", changes.short(), "", "", hour))
    lines = columns(rows, _NUMBERS)
    for number, line in enumerate(lines):
        page.lines.append(line)
        if 0 < number <= len(records):
            page.line(_words(records[number - 1]))
    states = ", ".join(f"{count} {state}" for state, count in total["states"].items())
    shared = f", of {total['clusters']} cluster{'s' if total['clusters'] > 1 else ''}" if total["clusters"] else ""
    page.line(f"{states}{shared}; {total['changes']}")
    for line in _meaning(facts, records) if total["hour"] is not None else ():
        page.line(line)
    add_removed(page, facts, records)


def add_together(page: Page, facts: Sequence[HostFacts], records: Sequence[Mapping[str, Any]]) -> None:
    """What a few hosts cost where they share a cluster, which each of their blocks counts as its own."""
    total = total_of(facts, records)
    share = len({one.place for one in facts}) < len(facts)
    if share and facts[0].playbook in (DEPLOY, STATUS) and total["hour"] is not None:
        page.blank()
        page.line(f"Together: about {total['hour']:.2f} USD an hour, the nodes that they share counted once.", 0)


def _meaning(facts: Sequence[HostFacts], records: Sequence[Mapping[str, Any]]) -> list[str]:
    """What the column of costs counts, and what it leaves out."""
    playbook = facts[0].playbook
    if playbook == VERIFY:
        return ["USD/h: the machines that a host's model runs on"]
    when = _WHEN.get(playbook, "with the first nodes")
    once = "; the total counts once what hosts share"
    places = _of_places(facts, records).items()
    beside = [f"cluster {place[2]}: {others}" for place, (_hour, whole) in places if (others := of_others(whole or {}))]
    return [f"USD/h: a host's node pools and its whole cluster, {when}{once}", *beside]


def _of_places(
    facts: Sequence[HostFacts], records: Sequence[Mapping[str, Any]]
) -> dict[tuple[str, str, str], tuple[float, Cost | None]]:
    """What each cluster costs an hour, with the pools of all its hosts, and the cost that this is of."""
    found = {}
    for place in dict.fromkeys(one.place for one in facts):
        there = [pair for pair in zip(facts, records, strict=True) if pair[0].place == place and pair[1]["cost"]]
        if there:
            whole = together([one for one, _record in there])
            each = [record["cost"]["hour"] for _one, record in there]
            found[place] = max(*each, whole["hour"] if whole else 0.0), whole
    return found


def _changes(facts: Sequence[HostFacts]) -> Changes:
    """Of all hosts. What several of them have in one cluster is one resource."""
    whole = Changes()
    for place in dict.fromkeys(one.place for one in facts):
        made = [result for one in facts if one.place == place for result in one.made]
        part = sum_up(made, check=any(one.check for one in facts))
        whole.actions.update({"/".join((*place, name)): action for name, action in part.actions.items()})
    return whole


def _row(facts: HostFacts, record: Mapping[str, Any]) -> tuple[str, ...]:
    ttft = (record["latency"] or {}).get("ttft_seconds")
    host = facts.host if len(facts.host) <= _NAME else f"{facts.host[: _NAME - 2]}.."
    return (
        host,
        record["state"],
        changes_of(facts).short(),
        "" if ttft is None else f"{ttft:.3f} s",
        record["verdict"] or "",
        f"{record['cost']['hour']:.2f}" if record["cost"] else "",
    )


def _words(record: Mapping[str, Any]) -> str:
    if record["error"]:
        return str(record["error"])
    parts = [record["model"], record["engine"] and f"by {record['engine']}", record["address"]]
    words = " ".join(part for part in parts if part)
    return f"{words}: {record['reason']}" if record["reason"] else words
