# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine of gcp_preflight."""

from __future__ import annotations

from typing import Any

from ansible_collections.llmops.gke.plugins.module_utils.deadline import Deadline
from ansible_collections.llmops.gke.plugins.module_utils.errors import LlmopsError
from ansible_collections.llmops.gke.plugins.module_utils.gcp.apis import GoogleApis
from ansible_collections.llmops.gke.plugins.module_utils.preflight.checks import (
    NAMES,
    PRICE,
    PRICE_NEEDS,
    look_at,
    needs_of,
)
from ansible_collections.llmops.gke.plugins.module_utils.preflight.facts import read_facts
from ansible_collections.llmops.gke.plugins.module_utils.preflight.findings import WARNING
from ansible_collections.llmops.gke.plugins.module_utils.preflight.plan import read_plan
from ansible_collections.llmops.gke.plugins.module_utils.preflight.price import estimate, read_prices
from ansible_collections.llmops.gke.plugins.module_utils.result import Progress, Result


def run(options: dict[str, Any], _check: bool, _progress: Progress) -> Result:
    """Read the project, look at the plan, and give all findings. options: those of gcp_preflight.

    Findings that are errors are for the caller to refuse, together with what else is wrong. Raises InvalidOption,
    CredentialsRefused.
    """
    plan, prices = read_plan(options), read_prices(options["prices"])
    names = set(NAMES) - set(options["skip"])
    apis = GoogleApis(options, Deadline(options["timeout"]))
    try:
        facts = read_facts(apis, plan, needs_of(names))
    finally:
        apis.close()
    findings = look_at(plan, facts, names)
    price = None
    if PRICE in names and not isinstance(facts[PRICE_NEEDS], LlmopsError):
        price, unpriced = estimate(plan, facts[PRICE_NEEDS], prices)
        findings += unpriced
    values = {
        "findings": [finding.to_dict() for finding in findings],
        "price": price,
        "checked": [name for name in NAMES if name in names],
    }
    warnings = [finding["text"] for finding in values["findings"] if finding["severity"] == WARNING]
    return Result(values=values, warnings=warnings, http_requests=apis.sent)
