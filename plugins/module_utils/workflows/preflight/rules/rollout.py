# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a rolling update has a GPU for the pod that it starts before an old one ends. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from ....kubernetes.diagnosis.rollouts import may_end_old_pods_first
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
    limits = {"maxSurge": values[_SURGE], "maxUnavailable": values[_AWAY]}
    spec = {"replicas": wanted.least, "strategy": {"rollingUpdate": limits}}
    room = replicas_in(values.gpu_pools, wanted)
    if room and wanted.least + 1 > room and not may_end_old_pods_first({"spec": spec}):
        message = (
            f"with {wanted.least} of {room} replicas that the node pools can hold, an update of the model has no GPU "
            "for the pod that it starts first, and fails while the old one serves on"
        )
        fix = (
            "raise gpu_nodepool_max_node_count, or let the old pod end first, with the model away until the new one "
            f"has loaded ({_SURGE}: 0, {_AWAY}: 1)"
        )
        yield Finding(ROLLOUT, message, fix, severity=WARNING, variable=_SURGE)
