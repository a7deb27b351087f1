# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every check by its name: what it looks at, and what must have been read for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from ...core.errors import LlmopsError
from . import conflicts, egress, gateways, places
from .access import checks as access
from .advice import TARGETS
from .facts import (
    ACCOUNTS,
    DISK_IMAGE,
    POOL_SIZES,
    PROJECT_QUOTAS,
    REGION_QUOTAS,
    REGION_ZONES,
    UNLISTED_LIMITS,
    WEIGHTS_BUCKET,
    Facts,
)
from .findings import ERROR, WARNING, Finding, listed
from .plan import Plan
from .quotas.quota import check_quota
from .rules.exposure import EXPOSURE
from .rules.rollout import ROLLOUT
from .rules.table import VARIABLES
from .weights import CHECK as WEIGHTS
from .weights import check_weights


@dataclass(frozen=True)
class Check:
    """look: finds what is wrong with a plan, from the facts that it names in needs.

    reads_failures: whether it is asked where one of them could not be read, too. warns: whether it finds no errors.
    """

    look: Callable[[Plan, Facts], Iterator[Finding]]
    needs: tuple[str, ...]
    reads_failures: bool = False
    warns: bool = False


CHECKS: Mapping[str, Check] = {
    "apis": Check(access.check_apis, ("services",), reads_failures=True),
    "permissions": Check(access.check_permissions, ("permissions",)),
    ACCOUNTS: Check(access.check_accounts, (ACCOUNTS, "project")),
    "quota": Check(
        check_quota,
        (REGION_QUOTAS, PROJECT_QUOTAS, "machine_types", "clusters", POOL_SIZES, UNLISTED_LIMITS),
    ),
    "zones": Check(places.check_zones, ("machine_types", "accelerator_types", REGION_ZONES)),
    "shapes": Check(places.check_shapes, ("machine_types",)),
    "names": Check(conflicts.check_names, ("clusters",)),
    "networks": Check(conflicts.check_networks, ("subnetworks", "clusters")),
    "egress": Check(egress.check_egress, ("nat_networks", "clusters"), warns=True),
    WEIGHTS: Check(check_weights, (WEIGHTS_BUCKET, DISK_IMAGE, "clusters")),
    "versions": Check(conflicts.check_versions, ("server_config", "clusters")),
    gateways.CHECK: Check(gateways.check_gateways, ("clusters", "subnetworks", "server_config")),
}

PRICE, PRICE_NEEDS = "price", "machine_types"
"""The estimate is a check like the others to the user; it has a result besides findings."""

MODEL = "model"
"""Access to the model on the Hub, and whether it fits the GPUs."""

NAMES = (*CHECKS, PRICE, MODEL, TARGETS, VARIABLES, EXPOSURE, ROLLOUT)


def needs_of(names: set[str]) -> set[str]:
    """The facts that these checks need."""
    needs = {fact for name in names & set(CHECKS) for fact in CHECKS[name].needs}
    return needs | ({PRICE_NEEDS} if PRICE in names else set())


def look_at(plan: Plan, facts: Facts, names: set[str]) -> list[Finding]:
    """What the checks find, in the table's order; first what could not be read, each once, whatever hangs on it.

    Where the project cannot be seen at all, that alone.
    """
    unseen = access.unseen_project(plan, facts)
    if unseen is not None:
        return [unseen]
    unread: dict[str, tuple[LlmopsError, list[str]]] = {}
    findings: list[Finding] = []
    for name, check in CHECKS.items():
        if name not in names:
            continue
        failures = [facts[need] for need in check.needs if isinstance(facts[need], LlmopsError)]
        for failure in failures:
            if not access.told_elsewhere(failure, names, facts):
                blocked = unread.setdefault(failure.message, (failure, []))[1]
                blocked += [] if name in blocked else [name]
        if not failures or check.reads_failures:
            findings += check.look(plan, facts)
    return [_unread(plan, failure, blocked) for failure, blocked in unread.values()] + findings


def _unread(plan: Plan, failure: LlmopsError, blocked: list[str]) -> Finding:
    way_out = access.way_out(plan, failure) or "let the caller read it"
    return Finding(
        blocked[0],
        f"could not be checked: {failure.message}",
        f"{way_out}, or turn off {listed(blocked)} by name (preflight_skip)",
        WARNING if all(CHECKS[name].warns for name in blocked) else ERROR,
    )
