# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a pod came by its node: what the cluster's autoscaler did for it. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ...core.harmless import quoted
from ..wait.states import condition


@dataclass(frozen=True)
class NodeProvisioning:
    """asked: when the autoscaler asked for a machine. machine: when that was a Ready node.

    None where the node was there before the pod, and where nothing tells: events are kept for an hour. refused: what
    the autoscaler said of node pools that could not grow for the pod.
    """

    asked: datetime | None = None
    machine: datetime | None = None
    refused: tuple[str, ...] = ()


def node_provisioning(
    pod: dict[str, Any], node: dict[str, Any] | None, events: Iterable[dict[str, Any]]
) -> NodeProvisioning:
    """Of a pod, by its node (None while it has none) and the events of its namespace."""
    metadata = pod["metadata"]
    created = datetime.fromisoformat(metadata["creationTimestamp"])
    about = [event for event in events if (event.get("involvedObject") or {}).get("uid") == metadata.get("uid")]
    about.sort(key=lambda event: first_seen(event) or created)
    refused = dict.fromkeys(
        quoted(event.get("message") or "") for event in about if event.get("reason") == "FailedScaleUp"
    )
    asked = next((first_seen(event) for event in about if event.get("reason") == "TriggeredScaleUp"), None)
    if node is None:
        return NodeProvisioning(asked, None, tuple(refused))
    node_created = datetime.fromisoformat(node["metadata"]["creationTimestamp"])
    if node_created < created:
        return NodeProvisioning(refused=tuple(refused))
    ready, scheduled = condition(node, "Ready"), condition(pod, "PodScheduled")
    machine = _moment(ready.get("lastTransitionTime")) if ready.get("status") == "True" else None
    bound = _moment(scheduled.get("lastTransitionTime"))
    if machine is not None and bound is not None and machine > bound:
        # It was not Ready for a while later on, and when it first was is not known any more.
        machine = node_created
    return NodeProvisioning(asked, machine, tuple(refused))


def first_seen(event: dict[str, Any]) -> datetime | None:
    """When an event happened for the first time; in either of the forms that events have."""
    return _moment(event.get("firstTimestamp") or event.get("eventTime") or event.get("lastTimestamp"))


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
