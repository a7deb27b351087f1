# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The same requests by three sources: this client, what the server says of each, the growth of its counters.

Pure: accounts in, agreement out. What a server says of a single request (in its headers, say) comes with answers that
are not streamed, so of streams only client and counters tell.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .engine import Answer, MetricNames
from .latency import Sample

ROUNDING = 0.001
"""Seconds that the servers' figures may be cut by: some are whole milliseconds."""

TOLERANCE = 0.1
"""Part of the server's time by which the client's may differ from it where it is said that they agree."""


@dataclass(frozen=True)
class Account:
    """What one source says of a series of requests: how many, generated tokens in all, seconds in all."""

    requests: int
    tokens: int
    seconds: float

    def shown(self) -> dict[str, Any]:
        """JSON-ready; the seconds are those of the mean request."""
        mean = round(self.seconds / self.requests, 6) if self.requests else None
        return {"requests": self.requests, "tokens": self.tokens, "mean_seconds": mean}


@dataclass(frozen=True)
class Series:
    """The accounts of one series; None where a source tells nothing."""

    client: Account
    metrics: Account | None = None
    replies: Account | None = None

    def shown(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "client": self.client.shown(),
            "replies": self.replies.shown() if self.replies else None,
            "metrics": self.metrics.shown() if self.metrics else None,
        }


def of_samples(samples: Sequence[Sample]) -> Account:
    """The client's account of streams."""
    return Account(len(samples), sum(one.tokens for one in samples), sum(one.e2e for one in samples))


def of_answers(answers: Sequence[Answer]) -> Account:
    """The client's account of answers that were not streamed."""
    return Account(len(answers), sum(one.tokens or 0 for one in answers), sum(one.seconds for one in answers))


def of_replies(answers: Sequence[Answer]) -> Account | None:
    """The server's account beside each answer; None where one lacks it (a proxy may drop headers)."""
    tokens = [one.server_tokens for one in answers if one.server_tokens is not None]
    seconds = [one.server_seconds for one in answers if one.server_seconds is not None]
    if len(tokens) < len(answers) or len(seconds) < len(answers):
        return None
    return Account(len(answers), sum(tokens), sum(seconds))


def of_metrics(
    names: MetricNames | None, before: Mapping[str, float] | None, after: Mapping[str, float] | None
) -> Account | None:
    """The server's account in how much its counters grew; None where they could not be read or began anew."""
    if names is None or before is None or after is None:
        return None

    def grown(name: str) -> float:
        return after.get(name, 0.0) - before.get(name, 0.0)

    requests = round(grown(names.answered))
    if requests < 0 or names.answered not in after:
        return None
    return Account(requests, round(grown(names.tokens)), grown(names.seconds))


@dataclass(frozen=True)
class Differences:
    """What the sources say differently, in words. contradictions: what cannot be; explained: what lies further apart
    than TOLERANCE because of the way there and back."""

    contradictions: list[str]
    explained: list[str]

    def __bool__(self) -> bool:
        return bool(self.contradictions or self.explained)


def differences(streamed: Series, single: Series) -> Differences:
    """Compare the sources. The way there and back is taken from ``single``'s replies, else from its counters."""
    way = 0.0
    told = single.replies or single.metrics
    if told and told.requests == single.client.requests:
        way = max(0.0, (single.client.seconds - told.seconds) / single.client.requests)
    found = Differences([], [])
    _against(streamed.client, streamed.metrics, "/metrics", "streams", way, found)
    _against(single.client, single.metrics, "/metrics", "single requests", way, found)
    _against(single.client, single.replies, "the replies", "single requests", way, found)
    return found


def pace(streamed: Series, single: Series) -> float | None:
    """Seconds that the server itself takes for one more token; None where it does not tell."""
    long, short = streamed.metrics, single.metrics or single.replies
    if (
        long is None
        or short is None
        or (long.requests, short.requests)
        != (
            streamed.client.requests,
            single.client.requests,
        )
    ):
        return None
    tokens = long.tokens / long.requests - short.tokens / short.requests
    seconds = long.seconds / long.requests - short.seconds / short.requests
    return seconds / tokens if tokens > 0 and seconds > 0 else None


def _against(
    client: Account, server: Account | None, where: str, what: str, way: float, differences: Differences
) -> None:
    if server is None:
        return
    if server.requests != client.requests:
        differences.contradictions.append(
            f"{client.requests} {what} were sent, {where} of the server count {server.requests}: somebody else uses "
            "it, or the requests reached several pods, so what the server says of them can't be compared"
        )
        return
    found = differences.contradictions
    if server.tokens != client.tokens:
        found.append(f"{what}: {client.tokens} tokens by their answers, {server.tokens} by {where} of the server")
    mine, its = client.seconds / client.requests, server.seconds / server.requests
    if mine < its - ROUNDING:
        found.append(f"{what} took {mine:.4f} s for the client and more, {its:.4f} s, by {where} of the server")
        return
    tolerated = its * TOLERANCE + ROUNDING
    apart = (
        f"{what} took {mine:.4f} s for the client and {its:.4f} s by {where} of the server; the way there and back "
        f"explains {way:.4f} s"
    )
    if mine - its > way + tolerated:
        found.append(f"{apart}: look at proxies between, and at the load of this machine")
    elif mine - its > tolerated:
        differences.explained.append(apart)
