# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A model's pod on its way to take requests: what Kubernetes and TGI's log say of it, put together. Pure.

The phases: asked, until the autoscaler asked for a machine. machine: until it was a node. scheduled: until that had a
free GPU (its driver comes after it). image: until the container ran. weights: until they lay on the node. load: until
the router answered. ready: until a probe saw it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ..kubernetes.diagnosis.node_provisioning import NodeProvisioning
from ..kubernetes.diagnosis.pod_startup import Ends, PodStart, itemised
from ..serving.tgi.launch_log import read_launch


def ends_of(
    came: NodeProvisioning,
    scheduled: datetime | None,
    started: datetime | None,
    ready: datetime | None,
    log: list[str],
) -> Ends:
    """The phases' ends, None for what is not over or not told.

    A container that was restarted began anew, so its former runs are in ``image``. What the log of a ready pod does
    not tell apart is ``load``, and there is no ``ready`` then.
    """
    launch = read_launch(log)
    ends = [("asked", came.asked), ("machine", came.machine), ("scheduled", scheduled), ("image", started)]
    ends += [("weights", launch.weights)]
    if launch.answers is None and ready is not None:
        return [*ends, ("load", ready)]
    return [*ends, ("load", launch.answers), ("ready", ready)]


def start_of(start: PodStart, came: NodeProvisioning, log: list[str]) -> dict[str, Any]:
    """A ready pod's way: ``start_stages`` of ``{name, seconds}``, one after the other, in all ``start_seconds``."""
    stages = itemised(start.created, ends_of(came, start.scheduled, start.started, start.ready, log), start.ready)
    return {"start_seconds": round(sum(stage["seconds"] for stage in stages), 3), "start_stages": stages}
