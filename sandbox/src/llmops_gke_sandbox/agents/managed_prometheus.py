# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Managed Prometheus: it reads the pods that PodMonitorings name, relabels, and knows where each series comes from."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator

import aiohttp

from llmops_gke_sandbox.agents.network.pod_network import PodNetwork
from llmops_gke_sandbox.control.objects import is_pod_ready, labels_of, selects
from llmops_gke_sandbox.control.plane import Plane
from llmops_gke_sandbox.workloads.metrics.series import Series, parse

_GROUP = "monitoring.googleapis.com"
_PATIENCE = aiohttp.ClientTimeout(total=2)
# Labels of the monitored resource; a metric's own label of such a name is kept under another one.
_TAKEN = ("project_id", "location", "cluster", "namespace", "job", "instance", "pod", "container")


class Collector:
    """Reads at the moment it is asked, where the real one keeps what it read last."""

    def __init__(self, plane: Plane, network: PodNetwork) -> None:
        self._plane, self._network = plane, network

    async def series(self) -> list[Series]:
        """Return every series of the cluster."""
        async with aiohttp.ClientSession(timeout=_PATIENCE) as session:
            found = await asyncio.gather(*(self._read(session, *target) for target in self._targets()))
        return [one for series in found for one in series]

    def _targets(self) -> Iterator[tuple[dict, dict, dict]]:
        """Yield (monitoring, endpoint, pod) of all that is to be read."""
        store = self._plane.informers.store
        pods = [pod for pod in store("pods").all() if is_pod_ready(pod)]
        for plural in ("podmonitorings", "clusterpodmonitorings"):
            for monitoring in store(f"{plural}.{_GROUP}").all():
                namespace = monitoring["metadata"].get("namespace")
                for pod in pods:
                    here = namespace in (None, pod["metadata"]["namespace"])
                    if here and selects(monitoring["spec"]["selector"], labels_of(pod)):
                        for endpoint in monitoring["spec"]["endpoints"]:
                            yield monitoring, endpoint, pod

    async def _read(self, session: aiohttp.ClientSession, monitoring: dict, endpoint: dict, pod: dict) -> list[Series]:
        port = _port(pod, endpoint["port"])
        local = self._network.local_port(pod["status"]["podIP"], port) if port else None
        if local is None:
            return []
        try:
            async with session.get(f"http://127.0.0.1:{local}{endpoint.get('path', '/metrics')}") as answer:
                text = await answer.text() if answer.status == 200 else ""
        except (aiohttp.ClientError, TimeoutError):
            return []
        meta = pod["metadata"]
        resource = {
            "project_id": self._plane.project,
            "location": self._plane.location,
            "cluster": self._plane.name,
            "namespace": meta["namespace"],
            "job": monitoring["metadata"]["name"],
            "instance": f"{meta['name']}:{endpoint['port']}",
        }
        own = {"pod": meta["name"], "container": pod["spec"]["containers"][0]["name"]}
        found = []
        for name, kind, labels, value in parse(text):
            labels = {f"exported_{key}" if key in _TAKEN else key: one for key, one in labels.items()}
            kept = relabelled(name, labels, endpoint.get("metricRelabeling") or [])
            if kept is not None:
                # What is known of a metric's type is known by its old name.
                found.append(Series(kept[0], kind if kept[0] == name else "unknown", kept[1] | own, resource, value))
        return found


def relabelled(name: str, labels: dict[str, str], rules: list[dict]) -> tuple[str, dict[str, str]] | None:
    """Return a sample's name and labels after Prometheus' relabelling (replace, keep, drop); None if it is dropped.

    :raises ValueError: for an action that is not played.
    """
    known = {"__name__": name, **labels}
    for rule in rules:
        action = rule.get("action", "replace")
        source = rule.get("separator", ";").join(known.get(label, "") for label in rule.get("sourceLabels", []))
        match = re.fullmatch(rule.get("regex", "(.*)"), source)
        if action == "replace":
            if match:
                known[rule["targetLabel"]] = match.expand(re.sub(r"\$(\d+)", r"\\\1", rule.get("replacement", "$1")))
        elif action not in ("keep", "drop"):
            raise ValueError(f"the sandbox does not play metricRelabeling's action {action}")
        elif bool(match) is (action == "drop"):
            return None
    return known.pop("__name__"), known


def _port(pod: dict, port: str | int) -> int | None:
    if isinstance(port, int):
        return port
    ports = [one for container in pod["spec"]["containers"] for one in container.get("ports") or []]
    return next((one["containerPort"] for one in ports if one.get("name") == port), None)
