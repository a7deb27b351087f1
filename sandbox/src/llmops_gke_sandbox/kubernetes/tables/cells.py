# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What single cells of the builtin kinds' tables say."""

from __future__ import annotations

from llmops_gke_sandbox.kubernetes.tables import formats


def conditions(obj: dict) -> dict[str, str]:
    """Return an object's conditions: type to status."""
    return {one["type"]: one["status"] for one in obj.get("status", {}).get("conditions") or ()}


def job_state(job: dict) -> str:
    """Return what the STATUS column says of a Job."""
    found = conditions(job)
    return next((name for name in ("Complete", "Failed", "Suspended") if found.get(name) == "True"), "Running")


def event_age(event: dict) -> str:
    """Return how long ago an event was last seen."""
    last = event.get("series", {}).get("lastObservedTime") or event.get("lastTimestamp") or event.get("eventTime")
    return formats.age(last or event["metadata"].get("creationTimestamp"))


def event_source(event: dict) -> str:
    """Return who reported an event, and from where."""
    source = event.get("source", {})
    parts = (source.get("component") or event.get("reportingComponent"), source.get("host"))
    return ", ".join(part for part in parts if part)


def event_count(event: dict) -> object:
    """Return how often an event was seen."""
    return event.get("series", {}).get("count") or event.get("count") or 1


def involved(event: dict) -> str:
    """Return the object that an event is about."""
    found = event["involvedObject"]
    return f"{found.get('kind', '').lower()}/{found.get('name', '')}"


def api_service(obj: dict) -> str:
    """Return the Service behind an APIService."""
    service = obj["spec"].get("service")
    return f"{service['namespace']}/{service['name']}" if service else "Local"


def reference(obj: dict) -> str:
    """Return what an autoscaler scales."""
    target = obj["spec"]["scaleTargetRef"]
    return f"{target['kind']}/{target['name']}"
