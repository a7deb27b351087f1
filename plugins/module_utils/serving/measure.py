# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measures a server: the cold request if there is one, warm-up, hot samples, the way there and back.

The server's counters are read around the hot samples and around the way there and back, to check the client's figures.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from ..core.errors import DeadlineExceeded, HttpError, LlmopsError
from ..core.option_names import option
from ..core.result import Progress
from .client import ServerClient
from .cross_checks import TOLERANCE, Series, differences, of_answers, of_metrics, of_replies, of_samples, pace
from .engine import SIMULATED, Answer, GenerationRequest, MetricNames
from .latency import OVERHEAD, STREAMED, Sample, are_collected, summarize

OVERHEAD_SAMPLES = 5


@dataclass(frozen=True)
class Plan:
    """What to send, and how often: discarded requests, then those that are measured. metrics: the server's
    names, where they are known."""

    request: GenerationRequest
    warmup: int
    samples: int
    metrics: MetricNames | None


@dataclass(frozen=True)
class Measured:
    """JSON-ready figures: ``cold`` and ``hot`` as RETURN documents them, and what a person should know of them."""

    values: dict[str, Any]
    warnings: list[str]


def measure(client: ServerClient, plan: Plan, progress: Progress) -> Measured:
    """Send the requests one after the other and return their figures. Raises what the client raises."""
    fresh, reason = _is_fresh(client, plan.metrics)
    cold = None
    if fresh:
        cold = _sample(client, plan)
        progress(f"cold: first token after {cold.ttft:.3f} s")
    for _turn in range(plan.warmup):
        client.stream(plan.request)
    before = _counters(client)
    hot: list[Sample] = []
    for _turn in range(plan.samples):
        hot.append(_in_time(client, plan, len(hot)))
    progress(f"hot: {len(hot)} sample{'s' if len(hot) > 1 else ''} taken")
    between = _counters(client)
    answers = _answers(client, plan)
    figures = [sample.figures() for sample in hot]
    summaries = {name: summarize(figure[name] for figure in figures) for name in STREAMED}
    summaries[OVERHEAD] = summarize(_overhead(answer) for answer in answers)
    streamed = Series(of_samples(hot), of_metrics(plan.metrics, before, between))
    after = _counters(client)
    single = Series(of_answers(answers), of_metrics(plan.metrics, between, after), of_replies(answers))
    differ = differences(streamed, single)
    buffered = are_collected(hot, pace(streamed, single))
    tokens = [sample.tokens for sample in hot]
    per_arrival = summarize(sample.tokens_per_arrival for sample in hot)["median"]
    others = streamed.metrics or single.metrics or single.replies
    values = {
        "cold": _rounded(cold) if cold else None,
        "cold_reason": reason,
        "hot": summaries,
        "samples": {name: [_short(figure[name]) for figure in figures] for name in STREAMED},
        "tokens": {"median": sorted(tokens)[len(tokens) // 2], "min": min(tokens), "max": max(tokens)},
        "prompt_tokens": next((one.prompt_tokens for one in answers if one.prompt_tokens), None),
        "tokens_per_arrival": round(per_arrival, 3),
        "buffered": buffered,
        "cross_checks": {
            "streamed": streamed.shown(),
            "single": single.shown(),
            "tolerance": TOLERANCE,
            "agree": not differ if others else None,
            "disagreements": differ.contradictions,
            "explained": differ.explained,
        },
    }
    # A simulation is faster than tokens can be sent one by one; nothing is to be mended on the way.
    simulated = any(SIMULATED in answer.headers for answer in answers)
    collected = per_arrival if buffered and not simulated else None
    return Measured(values, [*_warnings(collected), *differ.contradictions])


def _is_fresh(client: ServerClient, names: MetricNames | None) -> tuple[bool, str]:
    """Whether nothing was generated yet, by the server's own count, and how that is known."""
    if names is None:
        return False, "unknown: which counter of the server tells it is not known"
    counter = names.received
    try:
        served = client.metrics().get(counter, 0.0)
    except HttpError as error:
        return False, f"unknown: {error.message}"
    if served:
        return False, f"the server had answered {served:.0f} requests before ({counter})"
    return True, f"the server had answered no request before ({counter})"


def _in_time(client: ServerClient, plan: Plan, taken: int) -> Sample:
    """One sample; where the deadline cut it off, the error says how far the measurement came."""
    try:
        return _sample(client, plan)
    except HttpError as error:
        if error.status != 0 or client.seconds_left() > 1:
            raise
        raise DeadlineExceeded(
            f"measure {client.url}: the timeout ended it after {taken} of {plan.samples} samples; "
            f"raise {option('timeout')}, or take fewer samples ({option('samples')}) or ask for shorter answers",
            samples=taken,
        ) from error


def _sample(client: ServerClient, plan: Plan) -> Sample:
    stream = client.stream(plan.request)
    tokens = stream.answer.tokens
    if not tokens:
        raise LlmopsError(
            f"measure {client.url}: the stream ended without a count of its tokens, so no figure a token can be "
            "trusted; look at the server's log, and whether a proxy cuts long answers"
        )
    return Sample.of(stream, tokens)


def _answers(client: ServerClient, plan: Plan) -> list[Answer]:
    """Answers of one token that are not streamed: what they take is mostly the way there and back."""
    shortest = replace(plan.request, max_tokens=1)
    return [client.generate(shortest) for _turn in range(OVERHEAD_SAMPLES)]


def _overhead(answer: Answer) -> float | None:
    """The client's time less the server's; None where the server does not say its own."""
    return None if answer.server_seconds is None else answer.seconds - answer.server_seconds


def _counters(client: ServerClient) -> dict[str, float] | None:
    """The server's counters, None where they cannot be read."""
    try:
        return client.metrics()
    except HttpError:
        return None


def _short(value: float | None) -> float | None:
    """Rounded to microseconds, which is finer than a client can time."""
    return None if value is None else round(value, 6)


def _rounded(sample: Sample) -> dict[str, Any]:
    figures = {name: _short(value) for name, value in sample.figures().items()}
    return {**figures, "tokens": sample.tokens}


def _warnings(per_arrival: float | None) -> list[str]:
    """per_arrival: tokens that come together where something collects them, else None."""
    if per_arrival is None:
        return []
    return [
        f"{per_arrival:.1f} tokens come in one arrival: something between client and model (a buffering proxy, "
        "speculative decoding) collects them, so ttft_seconds and tpot_seconds say less than e2e_seconds"
    ]
