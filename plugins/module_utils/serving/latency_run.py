# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measuring a server's latency: options in, Result out; and what check mode says of a server."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..core.deadline import Deadline
from ..core.errors import HttpError, InvalidOption
from ..core.result import Progress, Result
from .measure import Plan, measure
from .tgi.client import TgiClient, check_url
from .tgi.parameters import body_parameters, check_request
from .thresholds import ThresholdBreached, breach_of, check_thresholds, compare

CHECK_SECONDS = 5.0
"""Check mode looks whether the server is there; it does not wait for one."""


def run_latency(
    options: dict[str, Any], check: bool, progress: Progress, beside: Mapping[str, Any] | None = None
) -> Result:
    """Measure latency; in check mode ``/health`` and ``/info`` alone.

    beside: what is known of the server from elsewhere; it goes into the values, and limits may be set on it.
    """
    parameters = body_parameters(options["parameters"]) or {"do_sample": True}
    limits = check_thresholds(options["thresholds"])
    check_url(options["url"])
    check_request(options["inputs"], parameters, streaming=True)
    for name, least in (("warmup", 0), ("samples", 1)):
        if options[name] < least:
            raise InvalidOption(name, options[name], f"{least} or more")
    if check:
        return looked(options)
    client = TgiClient(options["url"], options["api_key"], Deadline(options["timeout"]))
    plan = Plan(options["inputs"], {**parameters, "details": True}, options["warmup"], options["samples"])
    try:
        client.health()
        info = client.info()
        measured = measure(client, plan, progress)
    finally:
        client.close()
    values = {
        "reachable": True,
        "url": client.url,
        "model": info["model_id"],
        "info": info,
        **(beside or {}),
        **measured.values,
    }
    compared = compare(limits, values)
    values |= {"thresholds": compared, "breach": breach_of(compared, values)}
    if values["breach"] and options["enforce"]:
        raise broken(values)
    return Result(values=values, warnings=measured.warnings, http_requests=client.sent)


def broken(values: Mapping[str, Any]) -> ThresholdBreached:
    """The error for a broken limit, with all figures: run_latency's values, in which ``breach`` says which limits."""
    measured = {name: value for name, value in values.items() if name not in ("thresholds", "breach")}
    return ThresholdBreached(values["breach"], thresholds=values["thresholds"], measured=measured)


def looked(options: Mapping[str, Any]) -> Result:
    """What check mode can say: whether the server is there, and which model it serves."""
    client = TgiClient(options["url"], options["api_key"], Deadline(min(options["timeout"], CHECK_SECONDS)))
    values: dict[str, Any] = {"reachable": True, "url": client.url}
    try:
        client.health()
        values["model"] = client.info()["model_id"]
    except HttpError as error:
        values.update(reachable=False, unreachable_reason=error.message)
    finally:
        client.close()
    return Result(values=values, http_requests=client.sent)
