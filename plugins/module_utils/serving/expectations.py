# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a user expects of an answer: its status, its length, why it ended, what stands in it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ..core.errors import HttpError, InvalidOption, LlmopsError

ANSWERED = 200

EXPECT: dict[str, dict[str, Any]] = {
    "status": {"type": "int"},
    "minimum_tokens": {"type": "int", "no_log": False},
    "pattern": {"type": "str"},
}
"""Argument spec of what can be expected; finish_reason is beside it, in each module's own words."""


class ExpectationFailed(LlmopsError):
    """The model answered, but not what ``expect`` asks for."""

    kind = "expectation_failed"


def check_expected(given: Mapping[str, Any] | None) -> dict[str, Any]:
    """What was named of the expectations; raises InvalidOption for what no answer could fulfil."""
    expected = {name: value for name, value in (given or {}).items() if value is not None}
    if "pattern" in expected:
        try:
            re.compile(expected["pattern"])
        except re.error as error:
            raise InvalidOption("expect.pattern", expected["pattern"], f"a regular expression ({error})") from error
    status = expected.get("status", ANSWERED)
    if status != ANSWERED and not 400 <= status <= 599:
        raise InvalidOption("expect.status", status, "200, or the status of a refusal, 400 to 599")
    if status != ANSWERED and len(expected) > 1:
        raise InvalidOption("expect.status", status, "200 where anything else is expected of the answer")
    return expected


def require_refusal(expected: Mapping[str, Any], error: HttpError) -> dict[str, Any]:
    """The values of a refusal that was expected; raises the refusal itself where it was not."""
    # An answer of another server than the engine's is an error too, and has the status 200.
    if error.status == ANSWERED or error.status != expected.get("status"):
        raise error
    return {
        "reachable": True,
        "status": error.status,
        "error_type": error.reason or None,
        "error_message": error.server_message,
    }


def require_answer(expected: Mapping[str, Any], values: Mapping[str, Any], url: str) -> None:
    """Raise ExpectationFailed where an answer is not what was expected, naming everything that is not."""
    least, reason, pattern = (expected.get(name) for name in ("minimum_tokens", "finish_reason", "pattern"))
    status, tokens = expected.get("status", ANSWERED), values["generated_tokens"]
    failures = []
    if status != ANSWERED:
        failures.append(f"status {ANSWERED}, {status} expected")
    if least is not None and (tokens or 0) < least:
        failures.append(f"{tokens} tokens, at least {least} expected")
    if reason is not None and values["finish_reason"] != reason:
        failures.append(f"finish_reason {values['finish_reason']}, {reason} expected")
    if pattern is not None and not re.search(pattern, values["generated_text"]):
        failures.append(f"no match of {pattern!r} in {values['generated_text'][:80]!r}")
    if failures:
        raise ExpectationFailed(f"generate on {url}: {'; '.join(failures)}", answer=dict(values))
