# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""DCGM exporters, whoever runs them: their pods, their DaemonSets, and what they answer."""

from __future__ import annotations

import re
from typing import Any

from ...core.errors import HttpError
from ...http.answers import TEXT
from ...http.prometheus import samples
from ...kubernetes.client.api import KubernetesApi
from ...kubernetes.client.resources import DAEMON_SET, POD
from .diagnosis import Exporter

# GKE's own is gke-dcgm-exporter.
_IMAGE = re.compile(r"(?:.*/)?(?:gke-)?dcgm-exporter(?:[:@].*)?")
_PORT = 9400
_OF_GKE = "gke-managed-"
"""What the namespaces begin with in which GKE runs its own."""


def exporter_pods(api: KubernetesApi) -> list[dict[str, Any]]:
    """The pods of every exporter of the cluster that have a node."""
    return [pod for pod in api.list(POD) if _container(pod["spec"]) and pod["spec"].get("nodeName")]


def exporter_daemon_sets(api: KubernetesApi) -> list[dict[str, Any]]:
    """Every DaemonSet of the cluster that runs an exporter."""
    return [one for one in api.list(DAEMON_SET) if _container(one["spec"]["template"]["spec"])]


def is_of_gke(daemon_set: dict[str, Any]) -> bool:
    """Whether it is the exporter that GKE runs."""
    return daemon_set["metadata"]["namespace"].startswith(_OF_GKE)


def read_exporter(api: KubernetesApi, pod: dict[str, Any]) -> Exporter:
    """What an exporter's pod says now, in one request; or in words why it says nothing."""
    meta, container = pod["metadata"], _container(pod["spec"]) or {}
    where = (meta["namespace"], meta["name"], pod["spec"]["nodeName"])
    problem = _not_running(pod, container["name"])
    if problem:
        return Exporter(*where, problem)
    ports = [one["containerPort"] for one in container.get("ports") or [] if one.get("name") == "metrics"]
    path = f"/api/v1/namespaces/{where[0]}/pods/{where[1]}:{(ports or [_PORT])[0]}/proxy/metrics"
    try:
        doing = f"read the metrics of {where[0]}/{where[1]}"
        reply = api.http.request("GET", path, doing=doing, repeatable=False, want=TEXT)
    except HttpError as error:
        return Exporter(*where, f"does not answer: {error.server_message or error.message}")
    return Exporter(*where, list(samples(reply.body)))


def _container(pod_spec: dict[str, Any]) -> dict[str, Any] | None:
    return next((one for one in pod_spec["containers"] if _IMAGE.fullmatch(one["image"])), None)


def _not_running(pod: dict[str, Any], container: str) -> str:
    """Why a container does not run, "" where it does."""
    for status in (pod.get("status") or {}).get("containerStatuses") or []:
        if status["name"] == container and "running" not in (status.get("state") or {}):
            waiting = (status.get("state") or {}).get("waiting") or {}
            return f"does not run: {waiting.get('reason', 'it ended')} {waiting.get('message', '')}".rstrip()
    return "" if (pod.get("status") or {}).get("phase") == "Running" else "is not started yet"
