# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The engines of tgi_generate and tgi_latency: options in, Result out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ansible_collections.llmops.gke.plugins.module_utils.deadline import Deadline
from ansible_collections.llmops.gke.plugins.module_utils.errors import HttpError, InvalidOption, LlmopsError
from ansible_collections.llmops.gke.plugins.module_utils.result import Progress, Result
from ansible_collections.llmops.gke.plugins.module_utils.serving.measure import Plan, measure
from ansible_collections.llmops.gke.plugins.module_utils.serving.parameters import body_parameters, check_request
from ansible_collections.llmops.gke.plugins.module_utils.serving.tgi import Answer, TgiClient, check_url
from ansible_collections.llmops.gke.plugins.module_utils.serving.thresholds import (
    check_thresholds,
    compare,
    require,
)

CHECK_SECONDS = 5.0
"""Check mode looks whether the server is there; it does not wait for one."""


class ExpectationFailed(LlmopsError):
    """The model answered, but not what ``expect`` asks for."""

    kind = "expectation_failed"


def run_generate(options: dict[str, Any], check: bool, progress: Progress) -> Result:
    """One request for generation; in check mode ``/health`` and ``/info`` alone."""
    parameters = body_parameters(options["parameters"])
    expected = {name: value for name, value in (options["expect"] or {}).items() if value is not None}
    check_url(options["url"])
    check_request(options["inputs"], parameters, streaming=False)
    pattern = _pattern(expected)
    if check:
        return _looked(options)
    if parameters is not None:
        parameters.setdefault("details", True)
    else:
        # As TGI itself does without parameters: it samples.
        parameters = {"do_sample": True, "details": True}
    if "finish_reason" in expected and not parameters["details"]:
        raise InvalidOption("parameters.details", False, "true, because expect.finish_reason is read from the details")
    client = TgiClient(options["url"], options["api_key"], Deadline(options["timeout"]))
    try:
        answer = client.generate(options["route"], options["inputs"], parameters)
    finally:
        client.close()
    values = _values(answer, client.url)
    _require_expected(expected, pattern, values, client.url)
    return Result(values=values, http_requests=client.sent)


def run_latency(options: dict[str, Any], check: bool, progress: Progress) -> Result:
    """Measure latency; in check mode ``/health`` and ``/info`` alone."""
    parameters = body_parameters(options["parameters"]) or {"do_sample": True}
    limits = check_thresholds(options["thresholds"])
    check_url(options["url"])
    check_request(options["inputs"], parameters, streaming=True)
    for name, least in (("warmup", 0), ("samples", 1)):
        if options[name] < least:
            raise InvalidOption(name, options[name], f"{least} or more")
    if check:
        return _looked(options)
    client = TgiClient(options["url"], options["api_key"], Deadline(options["timeout"]))
    plan = Plan(options["inputs"], {**parameters, "details": True}, options["warmup"], options["samples"])
    try:
        client.health()
        model = client.info()["model_id"]
        measured = measure(client, plan, progress)
    finally:
        client.close()
    values = {"reachable": True, "url": client.url, "model": model, **measured.values}
    compared = compare(limits, values)
    require(compared, values)
    values["thresholds"] = compared
    return Result(values=values, warnings=measured.warnings, http_requests=client.sent)


def _looked(options: Mapping[str, Any]) -> Result:
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


def _values(answer: Answer, url: str) -> dict[str, Any]:
    tokens = answer.tokens
    details = answer.details or {}
    return {
        "reachable": True,
        "url": url,
        "generated_text": answer.text,
        "generated_tokens": tokens,
        "finish_reason": details.get("finish_reason"),
        "seconds": round(answer.seconds, 6),
        "seconds_per_token": round(answer.seconds / tokens, 6) if tokens else None,
        "headers": answer.headers,
        "details": answer.details,
    }


def _pattern(expected: Mapping[str, Any]) -> re.Pattern[str] | None:
    if "pattern" not in expected:
        return None
    try:
        return re.compile(expected["pattern"])
    except re.error as error:
        raise InvalidOption("expect.pattern", expected["pattern"], f"a regular expression ({error})") from error


def _require_expected(
    expected: Mapping[str, Any], pattern: re.Pattern[str] | None, values: Mapping[str, Any], url: str
) -> None:
    least, reason, tokens = expected.get("minimum_tokens"), expected.get("finish_reason"), values["generated_tokens"]
    failures = []
    if least is not None and (tokens or 0) < least:
        failures.append(f"{tokens} tokens, at least {least} expected")
    if reason is not None and values["finish_reason"] != reason:
        failures.append(f"finish_reason {values['finish_reason']}, {reason} expected")
    if pattern is not None and not pattern.search(values["generated_text"]):
        failures.append(f"no match of {pattern.pattern!r} in {values['generated_text'][:80]!r}")
    if failures:
        raise ExpectationFailed(f"generate on {url}: {'; '.join(failures)}", answer=dict(values))
