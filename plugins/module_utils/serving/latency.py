# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Latency from samples, pure: what each figure means, and how sure it is.

All figures are seconds. For one streamed answer of N tokens (N as the server counted them):

- ttft: from sending the request to the first event.
- tpot: (last event - first event) / (N - tokens in the first arrival): the pace once it runs.
- e2e: from sending to the last event.
- ntpot: e2e / N. It holds the time to the first token too, so it is not tpot.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import mean, median
from typing import Any

from .engine import Stream

STREAMED = ("ttft_seconds", "tpot_seconds", "ntpot_seconds", "e2e_seconds")
OVERHEAD = "overhead_seconds"
METRICS = (*STREAMED, OVERHEAD)

SAME_ARRIVAL = 0.0002
"""Events closer than this came in one piece: no GPU makes tokens that fast, but a buffer hands them over so."""

COLLECTED = 2.0
"""Tokens that come together, and times the server's own time for one, from which on something collects them."""

OWN_LATENESS = 0.025
"""Seconds for which a busy machine keeps its own programs waiting: tokens that come together after a shorter while may
have come one by one."""

CONFIDENCE = 0.95
SMALLEST_FOR_P95 = 59
SMALLEST_FOR_P99 = 299
"""With fewer samples, the chance that none of them lies above the percentile is over 5 % (0.95**59, 0.99**299)."""


@dataclass(frozen=True)
class Sample:
    """One streamed answer: when it was sent, when each event came (seconds of one clock), and its tokens.

    counts: the tokens of each event where the server tells them, else None.
    """

    sent: float
    arrivals: tuple[float, ...]
    tokens: int
    counts: tuple[int, ...] | None = None

    @classmethod
    def of(cls, stream: Stream, tokens: int) -> Sample:
        """Of a stream of so many tokens."""
        counts = [event.tokens for event in stream.events if event.tokens is not None]
        told = len(counts) == len(stream.events)
        return cls(stream.sent, tuple(event.at for event in stream.events), tokens, tuple(counts) if told else None)

    @property
    def ttft(self) -> float:
        """Seconds from sending to the first event."""
        return self.arrivals[0] - self.sent

    @property
    def e2e(self) -> float:
        """Seconds from sending to the last event."""
        return self.arrivals[-1] - self.sent

    @property
    def ntpot(self) -> float:
        """e2e over all tokens."""
        return self.e2e / self.tokens

    @property
    def tpot(self) -> float | None:
        """Seconds a token after the first arrival; None where everything came at once."""
        later = self.tokens - self.first_tokens
        return (self.arrivals[-1] - self.arrivals[0]) / later if later > 0 else None

    @property
    def first_tokens(self) -> int:
        """Tokens of the first arrival: those of its events, or as many as the average event holds for each."""
        events = _arrivals(self.arrivals)[1][0]
        if self.counts is not None:
            return max(1, sum(self.counts[:events]))
        return max(1, round(events * self.tokens / len(self.arrivals)))

    @property
    def tokens_per_arrival(self) -> float:
        """1 where each token comes alone; more where something on the way holds tokens back."""
        return self.tokens / len(_arrivals(self.arrivals)[0])

    def figures(self) -> dict[str, float | None]:
        """By metric name."""
        return dict(zip(STREAMED, (self.ttft, self.tpot, self.ntpot, self.e2e), strict=True))


def are_collected(samples: Sequence[Sample], pace: float | None) -> bool:
    """Whether something between model and client collects tokens, and hands several over at a time.

    What collects lets hardly any token through alone, and hardly any two arrivals come as close as the server makes
    its tokens. A machine that is late now and then, server's or client's, has long gaps and then short ones: so the
    lower quartiles decide. pace: the server's own seconds a token, None where it does not tell.
    """
    sizes, gaps, paces = [], [], []
    for sample in samples:
        own = sample.tpot if pace is None else pace
        moments, events = _arrivals(sample.arrivals)
        if len(moments) == 1:
            own = sample.ntpot if own is None else own
            sizes.append(float(sample.tokens))
            gaps.append(own * (sample.tokens - 1))
        else:
            # The last one holds what was left, however little.
            inner = slice(1, -1) if len(moments) > 2 else slice(1, None)
            sizes += [count * sample.tokens / len(sample.arrivals) for count in events[inner]]
            gaps += [after - before for before, after in zip(moments, moments[inner], strict=False)]
        paces.append(own or 0.0)
    if not sizes:
        return False
    return percentile(sorted(sizes), 0.25) >= COLLECTED and percentile(sorted(gaps), 0.25) >= max(
        COLLECTED * median(paces), OWN_LATENESS
    )


def summarize(values: Iterable[float | None]) -> dict[str, Any] | None:
    """The distribution of what was measured: n, median with its 95 % confidence interval, mean, extremes, tails.

    None without any value. p95 and p99 are None below 59 and 299 samples, low and high where there are too few to
    tell (below 6).
    """
    known = sorted(value for value in values if value is not None)
    if not known:
        return None
    interval = median_interval(known)
    summary: dict[str, Any] = {
        "n": len(known),
        "median": median(known),
        "low": interval[0] if interval else None,
        "high": interval[1] if interval else None,
        "mean": mean(known),
        "min": known[0],
        "max": known[-1],
        "p95": percentile(known, 0.95) if len(known) >= SMALLEST_FOR_P95 else None,
        "p99": percentile(known, 0.99) if len(known) >= SMALLEST_FOR_P99 else None,
    }
    return {name: round(value, 6) if isinstance(value, float) else value for name, value in summary.items()}


def median_interval(ordered: Sequence[float]) -> tuple[float, float] | None:
    """The narrowest pair of order statistics that holds the median with at least 95 % confidence, or None.

    No distribution is assumed: the number of samples below the median is binomial with p = 1/2.
    """
    n = len(ordered)
    below, rank = 0.0, 0
    for count in range(n // 2):
        below += math.comb(n, count) / 2**n
        if below > (1 - CONFIDENCE) / 2:
            break
        rank = count + 1
    return (ordered[rank - 1], ordered[n - rank]) if rank else None


def percentile(ordered: Sequence[float], fraction: float) -> float:
    """The smallest sample that at least ``fraction`` of all samples do not exceed (nearest rank)."""
    return ordered[math.ceil(fraction * len(ordered)) - 1]


def _arrivals(arrivals: Sequence[float]) -> tuple[list[float], list[int]]:
    """When something came, and how many events then came together."""
    moments, sizes = [arrivals[0]], [1]
    for before, after in zip(arrivals, arrivals[1:], strict=False):
        if after - before < SAME_ARRIVAL:
            sizes[-1] += 1
        else:
            moments.append(after)
            sizes.append(1)
    return moments, sizes
