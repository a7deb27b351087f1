# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Events about an object, from the watch of its namespace's events."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ...core.harmless import quoted
from ..client.resources import EVENT
from .cluster_view import ClusterView


def events_of(view: ClusterView, obj: dict[str, Any], *reasons: str) -> list[dict[str, Any]]:
    """The object's events with one of these reasons (any where none is given), oldest first."""
    metadata = obj["metadata"]
    found = [
        event
        for event in view.all(EVENT, metadata.get("namespace"))
        if _is_about(event.get("involvedObject") or {}, obj) and (not reasons or event.get("reason") in reasons)
    ]
    return sorted(found, key=last_seen)


def last_warning(view: ClusterView, obj: dict[str, Any], *reasons: str) -> str:
    """The newest warning about the object in words, empty where there is none."""
    warnings = [event for event in events_of(view, obj, *reasons) if event.get("type") == "Warning"]
    return text_of(warnings[-1]) if warnings else ""


def text_of(event: dict[str, Any]) -> str:
    """Reason and message of an event, on one line."""
    return f"{event.get('reason')}: {quoted(event.get('message') or '')}"


def count_of(event: Mapping[str, Any]) -> int:
    """How often it has happened."""
    return (event.get("series") or {}).get("count") or event.get("count") or 1


def last_seen(event: Mapping[str, Any]) -> str:
    """When it happened last, as Kubernetes writes a time; empty where it does not say."""
    series = event.get("series") or {}
    moments = (series.get("lastObservedTime"), event.get("lastTimestamp"), event.get("eventTime"))
    return next((moment for moment in moments if moment), "")


def of_living(
    events: Iterable[dict[str, Any]], objects: Iterable[dict[str, Any]], kinds: Iterable[str]
) -> list[dict[str, Any]]:
    """The events but for those about objects of ``kinds`` that are not among ``objects``, which are all of these."""
    objects, kinds = list(objects), set(kinds)
    uids = {obj["metadata"].get("uid") for obj in objects}
    # Kubelets call a node by its name where others have its uid.
    nodes = {obj["metadata"]["name"] for obj in objects if obj.get("kind") == "Node"}
    found = []
    for event in events:
        about = event.get("involvedObject") or {}
        is_there = about.get("uid") in uids or (about.get("kind") == "Node" and about.get("name") in nodes)
        if is_there or about.get("kind") not in kinds:
            found.append(event)
    return found


def _is_about(involved: dict[str, Any], obj: dict[str, Any]) -> bool:
    metadata = obj["metadata"]
    if involved.get("uid") and metadata.get("uid"):
        return involved["uid"] == metadata["uid"]
    return involved.get("kind") == obj.get("kind") and involved.get("name") == metadata["name"]
