# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long things take in the cloud, in life's seconds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields


@dataclass(frozen=True)
class Durations:
    """What a sandbox can be told of the time that a first deployment waits for.

    :param cluster: the operation that creates a cluster.
    :param pool: the operation that creates a node pool.
    :param node: from that operation's start until the pool's nodes are ready; never longer than the operation.
    :param driver: the installation of the GPU driver on a node.
    :param image: the pull of a model server's image; None for as long as the image's size takes.
    :param streamed_image: the same where GKE streams it.
    :param weights: a model server's download of its weights; None for as long as their size takes.
    :param address: until a load balancer has its address.
    """

    cluster: float = 240
    pool: float = 90
    node: float = 45
    driver: float = 12
    image: float | None = None
    streamed_image: float | None = None
    weights: float | None = None
    address: float = 35


USUAL = Durations()


def read(given: Mapping[str, object]) -> Durations:
    """Return the durations, with defaults for those that are not given.

    :raises ValueError: for a duration that does not exist, or that is no number of seconds.
    """
    known = [one.name for one in fields(Durations)]
    for name, seconds in given.items():
        if name not in known:
            raise ValueError(f"unknown duration {name!r}; known: {', '.join(known)}")
        if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds < float("inf"):
            raise ValueError(f"durations.{name} must be a number of seconds, not {seconds!r}")
    return Durations(**given)  # type: ignore[arg-type]
