# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The end of a playbook: what became of all its hosts, as text and as data. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from .blocks import add_block
from .facts import DEPLOY, STATUS, TEARDOWN, UNTOLD, HostFacts
from .fleet import BLOCKS, add_table, add_together, total_of
from .neighbours import done_once, told_once
from .page import Page
from .record import record_of
from .removal import removed_of_clusters
from .sections import add_left_out, add_sandbox

_HELP = "docs/troubleshooting.md"
_REPOSITORY = "https://github.com/llmops/llmops.gke/blob/main/"


def _all_have(facts: Sequence[HostFacts], name: str, value: Any) -> bool:
    """Whether the commands of all hosts have an extra variable in common."""
    return all(one.command.extra.get(name) == value for one in facts)


def _tell_stopped(records: Sequence[dict[str, Any]]) -> None:
    """Which hosts may have left the play without a failure: any_errors_fatal ends it for all of them."""
    errors = [record["error"] for record in records if record["error"]]
    if UNTOLD in errors and len(errors) > 1:
        for record in records:
            if record["error"] == UNTOLD:
                record["error"] = f"{UNTOLD}, or it was stopped because of another host's"


def summarise(
    facts: Sequence[HostFacts], width: int, here: str = "", unbegun: Sequence[str] = (), *, several: bool = False
) -> tuple[list[str], dict[str, Any]]:
    """Lines of text, told from the folder ``here``, and data: ``llmops_summary``, a record for each host,
    ``llmops_total``, and of a status ``llmops_status``: its differences by host.

    unbegun: hosts that a failed batch kept from their turn. several: whether the play has other hosts as well, as those
    of later batches.
    """
    page = Page(width, here)
    if facts and facts[0].playbook == TEARDOWN:
        places = {place: [one for one in facts if one.place == place] for place in {one.place for one in facts}}
        removed = {place: removed_of_clusters(there) for place, there in places.items()}
        facts = [replace(one, removed=removed[one.place]) for one in facts]
    if facts and facts[0].playbook == DEPLOY:
        facts = done_once(facts)
    records = [record_of(one) for one in facts]
    _tell_stopped(records)
    if len(facts) > BLOCKS:
        add_table(page, facts, records)
        extra = {name: value for name, value in facts[0].command.extra.items() if _all_have(facts, name, value)}
        page.command("details", [*replace(facts[0].command, limit="", extra=extra).words("status"), "--limit HOST"])
        add_left_out(page, facts[0])
    else:
        for one, record in zip(told_once(facts), records, strict=True):
            page.blank()
            # What is advised of one of several hosts would else be done to all of them.
            own = replace(one, command=replace(one.command, limit=one.host)) if several or len(facts) > 1 else one
            add_block(page, own, record)
        if len(facts) > 1:
            add_together(page, facts, records)
    if unbegun:
        why = "a batch that fails as a whole ends the run; the same command does them, once that is mended"
        page.row("not begun", f"{', '.join(unbegun)}: {why}")
    if any(one.failed for one in facts):
        # Not once a host: it is the same page for all of them.
        page.row("look it up", _HELP if facts[0].command.clone else f"{_REPOSITORY}{_HELP}")
    if len(facts) <= BLOCKS:
        served = [one for one in facts if one.playbook == DEPLOY and not one.check and not one.failed]
        if served:
            add_sandbox(page, served[0], apart=len(facts) > 1)
    data: dict[str, Any] = {
        "llmops_summary": {one.host: record for one, record in zip(facts, records, strict=True)},
        "llmops_total": total_of(facts, records),
    }
    if facts and facts[0].playbook == STATUS:
        found = {one.host: one.variables.get("status_differences") for one in facts}
        data["llmops_status"] = {host: {"differences": differences or []} for host, differences in found.items()}
    return page.lines, data
