# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A pod's status, put together from its containers. No requests here."""

from __future__ import annotations

from dataclasses import dataclass, field

from llmops_gke_sandbox.agents.kubelet.container import Container
from llmops_gke_sandbox.control.objects import with_condition
from llmops_gke_sandbox.workloads import image_digest

_RAN = ("running", "terminated")


@dataclass
class Progress:
    """How far a pod has come.

    :param address: the pod's address; "" before it has one.
    :param initialized: all init containers have succeeded.
    :param failure: (reason, message) of a pod that the node gave up.
    """

    host: str
    started: str
    inits: list[Container] = field(default_factory=list)
    containers: list[Container] = field(default_factory=list)
    address: str = ""
    initialized: bool = False
    failure: tuple[str, str] | None = None


def pod_status(pod: dict, progress: Progress, now: str) -> dict:
    """Return the whole status of a pod."""
    phase = _phase(pod, progress)
    status = {
        "phase": phase,
        "observedGeneration": pod["metadata"].get("generation"),
        "conditions": _conditions(pod, progress, phase, now),
        "hostIP": progress.host,
        "hostIPs": [{"ip": progress.host}],
        "startTime": progress.started,
        "containerStatuses": [_container(one) for one in progress.containers],
        "qosClass": (pod.get("status") or {}).get("qosClass"),
    }
    if progress.inits:
        status["initContainerStatuses"] = [_container(one) for one in progress.inits]
    if progress.address:
        status |= {"podIP": progress.address, "podIPs": [{"ip": progress.address}]}
    if progress.failure is not None:
        status["reason"], status["message"] = progress.failure
    return status


def _phase(pod: dict, progress: Progress) -> str:
    if progress.failure is not None:
        return "Failed"
    if any("terminated" in one.state and one.state["terminated"]["exitCode"] for one in progress.inits) and (
        pod["spec"].get("restartPolicy") == "Never"
    ):
        return "Failed"
    states = [one.state for one in progress.containers]
    if all("terminated" in state for state in states) and pod["spec"].get("restartPolicy", "Always") != "Always":
        return "Succeeded" if all(state["terminated"]["exitCode"] == 0 for state in states) else "Failed"
    ran = all(one.last_state or any(key in one.state for key in _RAN) for one in progress.containers)
    return "Running" if ran else "Pending"


def _conditions(pod: dict, progress: Progress, phase: str, now: str) -> list[dict]:
    over = phase in ("Succeeded", "Failed")
    unready = _unready(progress, phase)
    conditions = (pod.get("status") or {}).get("conditions") or []
    for kind, refusal in (
        ("PodReadyToStartContainers", None if progress.address and not over else ("", "")),
        ("Initialized", None if progress.initialized else _uninitialized(progress)),
        ("Ready", unready),
        ("ContainersReady", unready),
        ("PodScheduled", None),
    ):
        conditions = with_condition(conditions, _condition(pod, kind, refusal), now)
    if progress.failure is not None:
        told = {"type": "DisruptionTarget", "status": "True", "reason": "TerminationByKubelet"}
        conditions = with_condition(conditions, {**told, "message": progress.failure[1]}, now)
    return conditions


def _unready(progress: Progress, phase: str) -> tuple[str, str] | None:
    """Return (reason, message) of a pod that is not ready, None of one that is."""
    if phase == "Succeeded":
        return "PodCompleted", ""
    if phase == "Failed":
        return "PodFailed", ""
    names = [one.spec["name"] for one in progress.containers if not one.ready]
    return ("ContainersNotReady", f"containers with unready status: [{' '.join(names)}]") if names else None


def _uninitialized(progress: Progress) -> tuple[str, str]:
    names = [one.spec["name"] for one in progress.inits if "terminated" not in one.state]
    return "ContainersNotInitialized", f"containers with incomplete status: [{' '.join(names)}]"


def _condition(pod: dict, kind: str, refusal: tuple[str, str] | None) -> dict:
    condition = {
        "type": kind,
        "observedGeneration": pod["metadata"].get("generation"),
        "status": "True" if refusal is None else "False",
        "lastProbeTime": None,
    }
    for key, text in zip(("reason", "message"), refusal or (), strict=False):
        if text:
            condition[key] = text
    return condition


def _container(container: Container) -> dict:
    image = container.spec["image"]
    return {
        "name": container.spec["name"],
        "state": container.state,
        "lastState": container.last_state,
        "ready": container.ready,
        "restartCount": container.restarts,
        "image": image,
        "imageID": image_digest(image) if container.identity else "",
        **({"containerID": container.identity} if container.identity else {}),
        "started": container.started,
    }
