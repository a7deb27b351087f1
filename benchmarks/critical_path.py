# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a first deployment waits for, and the least time in which all of it can be done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

DURATIONS = {
    "cluster": 300.0,
    "pool": 150.0,
    "node": 60.0,
    "driver": 30.0,
    "image": 300.0,
    "streamed_image": 90.0,
    "weights": 70.0,
    "address": 45.0,
}
"""Life's seconds, as the sandbox takes them."""

LOADING = 20.0
"""Life's seconds in which a model server brings downloaded weights into the GPU's memory."""


@dataclass(frozen=True)
class Step:
    """Something that takes life's seconds, and what must have ended before."""

    seconds: float
    after: tuple[str, ...] = field(default=())


def steps(durations: Mapping[str, float], *, streaming: bool) -> dict[str, Step]:
    """What happens between the first request and the first answer.

    The GPU pool is asked for when the cluster is there, and not together with it: a stockout of its GPUs would cost
    the cluster. A pod is scheduled when the driver is installed, because only then the node has a GPU to give.
    """
    image = durations["streamed_image" if streaming else "image"]
    return {
        "cluster": Step(durations["cluster"]),
        "pool": Step(durations["pool"], ("cluster",)),
        "node": Step(durations["node"], ("cluster",)),
        "driver": Step(durations["driver"], ("node",)),
        "image": Step(image, ("driver",)),
        "weights": Step(durations["weights"], ("image",)),
        "loading": Step(LOADING, ("weights",)),
        "address": Step(durations["address"], ("cluster",)),
        "served": Step(0.0, ("loading", "address", "pool")),
    }


def critical_path(work: Mapping[str, Step]) -> tuple[float, list[str]]:
    """The least seconds in which all steps can end, and the steps of the chain that takes them.

    Raises ValueError where steps wait for each other, and KeyError for one that is not there.
    """
    ends: dict[str, float] = {}
    last: dict[str, str | None] = {}

    def end(name: str, waiting: tuple[str, ...]) -> float:
        if name in waiting:
            raise ValueError(f"steps wait for each other: {' after '.join([*waiting, name])}")
        if name not in ends:
            step = work[name]
            begins = {other: end(other, (*waiting, name)) for other in step.after}
            last[name] = max(begins, key=lambda other: begins[other], default=None)
            ends[name] = step.seconds + max(begins.values(), default=0.0)
        return ends[name]

    for name in work:
        end(name, ())
    chain: list[str] = []
    name: str | None = max(ends, key=lambda step: ends[step], default=None)
    while name is not None:
        chain.append(name)
        name = last[name]
    return max(ends.values(), default=0.0), [name for name in reversed(chain) if work[name].seconds]
