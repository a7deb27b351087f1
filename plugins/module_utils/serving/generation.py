# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One request for generation, streamed or not: what came back, and whether that is what was expected."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from operator import attrgetter
from typing import Any

from ..core.deadline import Deadline
from ..core.errors import HttpError
from ..core.result import Result
from .client import check_url
from .engine import Answer, Engine, GenerationRequest
from .expectations import check_expected, require_answer, require_refusal
from .latency import Sample
from .reachability import look

NO_TIMINGS: dict[str, float | None] = {"ttft_seconds": None, "tpot_seconds": None}


def generate(
    engine: Engine,
    request: GenerationRequest,
    options: Mapping[str, Any],
    check: bool,
    reason_of: Callable[[Answer], str | None] = attrgetter("finish_reason"),
) -> Result:
    """Send the request; in check mode ask for health and identity alone.

    options: ``url``, ``api_key``, ``stream``, ``expect``, ``timeout``. reason_of: the value ``finish_reason``.
    Raises HttpError for a refusal that is not expected, ExpectationFailed for an answer that is not.
    """
    expected = check_expected(options["expect"])
    check_url(options["url"])
    if check:
        return look(engine, options["url"], options["api_key"], options["timeout"])
    client = engine.connect(options["url"], options["api_key"], Deadline(options["timeout"]))
    try:
        if options["stream"]:
            stream = client.stream(request)
            answer, timings = stream.answer, _timings(Sample.of(stream, stream.answer.tokens or len(stream.events)))
            if not answer.tokens:
                timings["tpot_seconds"] = None
        else:
            answer, timings = client.generate(request), NO_TIMINGS
    except HttpError as error:
        values = {"url": client.url, **require_refusal(expected, error)}
        return Result(values=values, http_requests=client.sent)
    finally:
        client.close()
    values = {**_values(answer, client.url), "finish_reason": reason_of(answer), **timings}
    require_answer(expected, values, client.url)
    return Result(values=values, http_requests=client.sent)


def _timings(sample: Sample) -> dict[str, float | None]:
    """Time to the first token, and a token after it."""
    tpot = sample.tpot
    return {"ttft_seconds": round(sample.ttft, 6), "tpot_seconds": None if tpot is None else round(tpot, 6)}


def _values(answer: Answer, url: str) -> dict[str, Any]:
    tokens = answer.tokens
    return {
        "reachable": True,
        "url": url,
        "status": 200,
        "generated_text": answer.text,
        "generated_tokens": tokens,
        "prompt_tokens": answer.prompt_tokens,
        "seconds": round(answer.seconds, 6),
        "seconds_per_token": round(answer.seconds / tokens, 6) if tokens else None,
        "headers": dict(answer.headers),
        "details": answer.details,
    }
