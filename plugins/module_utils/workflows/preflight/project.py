# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the project and its places say of a plan, all of it read side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ...core.deadline import Deadline
from ...core.errors import InvalidOption, LlmopsError
from ...core.option_names import OptionNames
from ...google.apis import GoogleApis
from ...google.credentials import member
from ...google.prices import read_prices
from .access.checks import MEMBER, naming
from .advice import TARGETS, advise, has_targets
from .checks import PRICE, PRICE_NEEDS, look_at, needs_of
from .deployment import Deployment
from .facts import read_facts
from .findings import RULES, Finding
from .gateways import CHECK as GATEWAY
from .plan import read_plan
from .price import estimate

SHARED_FOR = 60.0
"""Seconds for which what one host of a run has read of the project holds for the others: those of the same task, not
those of a later batch (serial)."""

_NAMES = OptionNames({"prices": "llmops_prices"})


@dataclass
class Looked:
    """findings; price: as estimate returns it, or None; advice: as advise returns it, or None; requests: that were
    sent."""

    findings: list[Finding] = field(default_factory=list)
    price: dict[str, Any] | None = None
    advice: dict[str, Any] | None = None
    requests: int = 0


def look_at_project(
    here: Deployment, others: Sequence[Deployment], names: set[str], options: Mapping[str, Any]
) -> Looked:
    """What the checks find in the project. names: of the checks. options: how to sign in, ``prices``, ``timeout``.

    Raises InvalidOption, CredentialsRefused.
    """
    plan, looked = read_plan(here, others), Looked()
    try:
        prices = read_prices(options["prices"])
    except InvalidOption as error:
        # No reason to be silent about the rest.
        variable = _NAMES.of(error.fields["option"])
        looked.findings.append(Finding(RULES, error.told(_NAMES), variable=variable))
        prices, names = {}, names - {PRICE}
    # It needs nothing of the project then.
    names = names if plan.gateway_class else names - {GATEWAY}
    apis = GoogleApis(dict(options), Deadline(options["timeout"]), shared_for=SHARED_FOR)
    try:
        facts = read_facts(apis, plan, needs_of(names))
        if TARGETS in names and has_targets(here):
            looked.advice, missed = advise(apis, here, plan, prices)
            looked.findings += missed
    finally:
        apis.close()
    found = look_at(plan, facts, names)
    if any(MEMBER in finding.fix for finding in found):
        found = naming(found, member(dict(options)) or MEMBER)
    looked.findings += found
    looked.requests = apis.sent
    if PRICE in names and not isinstance(facts[PRICE_NEEDS], LlmopsError):
        looked.price, unpriced = estimate(plan, facts[PRICE_NEEDS], prices)
        looked.findings += unpriced
    return looked
