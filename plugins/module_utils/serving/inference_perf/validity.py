# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ways in which a load test measures itself instead of the server, each checked before its figures are shown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from math import isfinite
from typing import Any

from ...core.errors import InvalidOption
from ...core.harmless import one_line
from .stages import offered


@dataclass(frozen=True)
class Limits:
    """Beyond these a figure is not to be trusted.

    schedule_delay_p99: seconds that a request may leave later than planned. output_tokens: part by which the mean
    length of a stage's answers may differ from what was asked for. in_flight: part of the senders' capacity that may
    be in use on average. calibration_ttft: seconds, and calibration_tpot: part, by which the known server may be
    measured wrongly.
    """

    schedule_delay_p99: float = 0.010
    output_tokens: float = 0.05
    in_flight: float = 0.8
    calibration_ttft: float = 0.010
    calibration_tpot: float = 0.05


SIGMAS = 3.0
"""Standard errors by which the mean of random lengths may be off by chance: 1 in 400 stages is more."""


@dataclass(frozen=True)
class Spread:
    """How lengths that were asked for vary: standard deviation, and bounds in tokens (None: not judged)."""

    std_dev: float = 0.0
    least: float | None = None
    most: float | None = None

    def __str__(self) -> str:
        bounds = [f"{bound:g}" for bound in (self.least, self.most) if bound is not None]
        return f" ({' to '.join(bounds)})" if len(bounds) == 2 else ""


FIXED = Spread()

NAMES = tuple(field.name for field in fields(Limits))


@dataclass(frozen=True)
class Finding:
    """name: of the trap. stage: its index among the stages that count, None for the calibration. message: one line."""

    name: str
    stage: int | None
    message: str

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {"name": self.name, "stage": self.stage, "message": self.message}


def read_limits(given: Mapping[str, Any]) -> Limits:
    """The limits with those given; raises InvalidOption for a name that is none, or what is no number above 0."""
    numbers: dict[str, float] = {}
    for name, value in given.items():
        if name not in NAMES:
            raise InvalidOption(f"limits.{name}", value, f"no such name; there are {', '.join(NAMES)}")
        try:
            numbers[name] = float(value)
        except (TypeError, ValueError):
            numbers[name] = 0.0
        if not isfinite(numbers[name]) or numbers[name] <= 0:
            raise InvalidOption(f"limits.{name}", value, "a number above 0")
    return Limits(**numbers)


def refused(words: str) -> Finding:
    """What the run said of a first request that got no token, and what may help."""
    advice = "mend the server, or ask for no more than it takes (benchmark_prompt_tokens, benchmark_output_tokens)"
    if "data:{" in words:
        advice = "inference-perf does not read events that begin with data: and no space; mend the server"
    return Finding("first_request", None, f"{one_line(words)}; {advice}")


def stage_findings(
    stages: Sequence[dict[str, Any]],
    limits: Limits,
    *,
    output_tokens: float | None,
    max_in_flight: int | None,
    spread: Spread = FIXED,
) -> list[Finding]:
    """What forbids to show the stages. output_tokens: mean length that was asked for, spread: and how it varies.
    max_in_flight: of all senders."""
    return [
        Finding(name, index, f"stage {index} (offered {offered(stage):g}): {message}")
        for index, stage in enumerate(stages)
        for name, message in _of_stage(stage, limits, output_tokens, max_in_flight, spread)
    ]


def _of_stage(
    stage: dict[str, Any], limits: Limits, output_tokens: float | None, max_in_flight: int | None, spread: Spread
) -> Iterator[tuple[str, str]]:
    if stage["failures"]:
        reasons = ", ".join(stage["failure_reasons"]) or "see the Job's log"
        total = stage["requests"] + stage["failures"]
        yield "failures", f"{stage['failures']} of {total} requests failed ({reasons}); offer less, or mend the server"
    if not stage["requests"]:
        return
    if stage["ttft"] is None:
        yield (
            "ttft_missing",
            "no time to first token was measured; the server's events may begin with data: without a space, which "
            "inference-perf does not read, or streaming is off",
        )
        # Without events there are no tokens either.
        return
    delay = stage["schedule_delay_p99"]
    # A number of open requests has no schedule.
    if stage["offered_rate"] is not None and delay is not None and delay > limits.schedule_delay_p99:
        yield (
            "schedule_delay",
            f"1 % of the requests left more than {delay * 1000:.1f} ms late (limit {limits.schedule_delay_p99 * 1000:g}"
            " ms), so less was offered than said; give the load generator more CPU (benchmark_requests) or workers",
        )
    if max_in_flight and stage["in_flight"] is not None and stage["in_flight"] > limits.in_flight * max_in_flight:
        yield (
            "worker_cap",
            f"{stage['in_flight']:.0f} requests were open on average and the workers allow {max_in_flight}; the rest "
            "waited unseen before they were sent: raise benchmark_workers or benchmark_worker_max_concurrency",
        )
    counted = stage["output_tokens"]
    if (
        output_tokens
        and counted["mean"] is not None
        and _off(counted, stage["requests"], output_tokens, limits, spread)
    ):
        mean = counted["mean"]
        yield (
            "output_tokens",
            f"answers had {mean:g} tokens on average ({stage['output_tokens']['min']:g} to "
            f"{stage['output_tokens']['max']:g}), not {output_tokens:g}{spread}, so stages are not comparable; ask for "
            "fewer (benchmark_output_tokens), as the model ends by itself, or check benchmark_tokenizer",
        )


def _off(counted: Mapping[str, float], requests: int, wanted: float, limits: Limits, spread: Spread) -> bool:
    """Whether answers are not as long as was asked for: on average, or any beyond the distribution's bounds."""
    slack = limits.output_tokens
    by_chance = SIGMAS * spread.std_dev / requests**0.5
    return (
        abs(counted["mean"] - wanted) > slack * wanted + by_chance
        or (spread.least is not None and counted["min"] < spread.least * (1 - slack))
        or (spread.most is not None and counted["max"] > spread.most * (1 + slack))
    )


def calibration_findings(calibration: dict[str, Any] | None, limits: Limits) -> list[Finding]:
    """What forbids to trust the measuring path; calibration as calibration.compare gives it."""
    if calibration is None:
        return [
            Finding("calibration", None, "the server of known timing was not measured, so nothing is known of errors")
        ]
    findings = []
    ttft, tpot = calibration["ttft"], calibration["tpot"]
    if abs(ttft["error"]) > limits.calibration_ttft:
        findings.append(
            f"a TTFT of {ttft['known'] * 1000:.1f} ms was measured as {ttft['measured'] * 1000:.1f} ms "
            f"(limit {limits.calibration_ttft * 1000:g} ms off)"
        )
    if abs(tpot["ratio"] - 1) > limits.calibration_tpot:
        findings.append(
            f"{tpot['known'] * 1000:.2f} ms a token were measured as {tpot['measured'] * 1000:.2f} ms "
            f"(limit {limits.calibration_tpot:.0%} off)"
        )
    advice = "; give the load generator more CPU (benchmark_requests) or a quieter node"
    return [Finding("calibration", None, f"calibration: {text}{advice}") for text in findings]
