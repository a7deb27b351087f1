# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine of gcp_preflight."""

from __future__ import annotations

from typing import Any

from ...core.deadline import Deadline
from ...core.errors import LlmopsError
from ...core.result import Progress, Result
from ...core.runner import ModuleSpec
from ...google.apis import GoogleApis
from ...google.options import PROJECT_READER
from ...google.prices import read_prices
from ...workflows.preflight.checks import NAMES, PRICE, PRICE_NEEDS, look_at, needs_of
from ...workflows.preflight.facts import read_facts
from ...workflows.preflight.findings import WARNING
from ...workflows.preflight.plan import read_plan
from ...workflows.preflight.price import estimate


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


ARGUMENT_SPEC: dict[str, Any] = {
    **PROJECT_READER,
    "location": {"type": "str", "required": True},
    "cluster": {"type": "str", "required": True},
    "node_pools": {"type": "list", "elements": "dict", "default": []},
    "replicas": {
        "type": "dict",
        "options": {
            "accelerator_type": {"type": "str", "required": True},
            "gpus": {"type": "int", "default": 1},
            "min_replicas": {"type": "int", "default": 1},
            "max_replicas": {"type": "int", "default": 1},
        },
    },
    "network": {"type": "str", "default": "default"},
    "subnetwork": {"type": "str", "default": "default"},
    "kubernetes_version": {"type": "str"},
    "ip_ranges": {"type": "dict", "default": {}},
    "prices": {"type": "dict", "default": {}},
    "permissions": {"type": "list", "elements": "str", "default": []},
    "skip": {"type": "list", "elements": "str", "choices": list(NAMES), "default": []},
}

SPEC = ModuleSpec(run=run, argument_spec=ARGUMENT_SPEC)
