# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every check by its name: what it looks at, and what must have been read for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from ...core.errors import LlmopsError
from . import access, conflicts, places, quota
from .facts import POOL_SIZES, Facts
from .findings import Finding, listed
from .plan import Plan
from .rules.exposure import EXPOSURE
from .rules.table import VARIABLES


@dataclass(frozen=True)
class Check:
    """look: finds what is wrong with a plan, from the facts that it names in needs."""

    look: Callable[[Plan, Facts], Iterator[Finding]]
    needs: tuple[str, ...]


CHECKS: Mapping[str, Check] = {
    "apis": Check(access.check_apis, ("services",)),
    "permissions": Check(access.check_permissions, ("permissions",)),
    "quota": Check(quota.check_quota, ("region_quotas", "project_quotas", "machine_types", "clusters", POOL_SIZES)),
    "zones": Check(places.check_zones, ("machine_types", "accelerator_types")),
    "shapes": Check(places.check_shapes, ("machine_types",)),
    "names": Check(conflicts.check_names, ("clusters",)),
    "networks": Check(conflicts.check_networks, ("subnetworks", "clusters")),
    "versions": Check(conflicts.check_versions, ("server_config", "clusters")),
}

PRICE, PRICE_NEEDS = "price", "machine_types"
"""The estimate is a check like the others to the user; it has a result besides findings."""

MODEL = "model"
"""Access to the model on the Hub, and whether it fits the GPUs."""

NAMES = (*CHECKS, PRICE, MODEL, VARIABLES, EXPOSURE)


def needs_of(names: set[str]) -> set[str]:
    """The facts that these checks need."""
    needs = {fact for name in names & set(CHECKS) for fact in CHECKS[name].needs}
    return needs | ({PRICE_NEEDS} if PRICE in names else set())


def look_at(plan: Plan, facts: Facts, names: set[str]) -> list[Finding]:
    """What the checks find, in the table's order; first what could not be read, each once, whatever hangs on it."""
    unread: dict[str, list[str]] = {}
    findings: list[Finding] = []
    for name, check in CHECKS.items():
        if name not in names:
            continue
        failures = [facts[need] for need in check.needs if isinstance(facts[need], LlmopsError)]
        for failure in failures:
            blocked = unread.setdefault(failure.message, [])
            blocked += [] if name in blocked else [name]
        if not failures:
            findings += check.look(plan, facts)
    refused = [
        Finding(
            blocked[0],
            f"could not be checked: {message}",
            f"let the caller read it, or turn off {listed(blocked)} by name (preflight_skip)",
        )
        for message, blocked in unread.items()
    ]
    return refused + findings
