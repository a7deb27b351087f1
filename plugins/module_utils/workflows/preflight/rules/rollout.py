# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a rolling update has a GPU for the pod that it starts before an old one ends. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from ..deployment import Deployment
from ..findings import WARNING, Finding
from .evaluation import Values
from .shared import replicas_in

ROLLOUT = "rollout"
"""The check by whose name the warning is turned off."""

_SURGE, _AWAY = "model_server_max_surge", "model_server_max_unavailable"
_READ = (_SURGE, _AWAY, "llmops_gpus_per_replica", "gpu_nodepool_max_node_count")


def check_rollout(here: Deployment) -> Iterator[Finding]:
    """A warning where the pools, at their most, hold no further pod and no old one may end first."""
    values = Values(here, _READ)
    wanted = values.replicas
    if not wanted or not wanted.least or not values.gpu_pools or here.refused & {*_READ}:
        return
    # As the Deployment's controller rounds percentages; at least one of both is one pod.
    surge = _pods(values[_SURGE], wanted.least, math.ceil)
    away = _pods(values[_AWAY], wanted.least, math.floor)
    room = replicas_in(values.gpu_pools, wanted)
    if room and surge and not away and wanted.least + 1 > room:
        message = (
            f"with {wanted.least} of {room} replicas that the node pools can hold, an update of the model has no GPU "
            "for the pod that it starts first, and fails while the old one serves on"
        )
        fix = (
            "raise gpu_nodepool_max_node_count, or let the old pod end first, with the model away until the new one "
            f"has loaded ({_SURGE}: 0, {_AWAY}: 1)"
        )
        yield Finding(ROLLOUT, message, fix, severity=WARNING, variable=_SURGE)


def _pods(value: Any, replicas: int, rounded: Any) -> int:
    text = str(value)
    return int(rounded(replicas * int(text[:-1]) / 100)) if text.endswith("%") else int(text)
