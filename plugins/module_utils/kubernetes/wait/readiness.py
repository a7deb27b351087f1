# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When an object is ready: one pure predicate a kind, as data.

A predicate takes the object as the API gives it and returns Ready, Waiting(why) or Failed(why, advice). Kinds
without one are ready once they exist.
"""

from __future__ import annotations

from collections.abc import Container
from ipaddress import ip_address, ip_network
from typing import Any

from . import gateway_readiness
from .states import READY, Failed, Predicate, State, Waiting, condition, said

_GKE = "cloud.google.com/neg"
"""GKE's annotation of the Services of a cluster."""
_INTERNAL = ("networking.gke.io/load-balancer-type", "Internal")
_PRIVATE = tuple(map(ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")))


def state_of(obj: dict[str, Any]) -> State:
    """The state of any object."""
    group = obj["apiVersion"].rpartition("/")[0]
    predicate = PREDICATES.get((group, obj["kind"]))
    return predicate(obj) if predicate else READY


def only(kinds: Container[str] | None) -> Predicate:
    """The state of objects of these kinds, others being ready; where None: of all but those of ASKED_FOR."""

    def predicate(obj: dict[str, Any]) -> State:
        wanted = obj["kind"] in kinds if kinds is not None else obj["kind"] not in ASKED_FOR
        return state_of(obj) if wanted else READY

    return predicate


def has_condition(kind: str, status: str, reason: str | None) -> Predicate:
    """Ready when the condition of that type has the status, and the reason where one is given."""
    wanted = f"{kind} to be {status}" + (f" for {reason}" if reason else "")

    def predicate(obj: dict[str, Any]) -> State:
        found = condition(obj, kind)
        seen = found.get("observedGeneration", (obj.get("status") or {}).get("observedGeneration"))
        if seen is not None and seen < obj["metadata"].get("generation", 0):
            return Waiting("its controller has not seen the change yet", fresh=False)
        if found.get("status") == status and reason in (None, found.get("reason")):
            return READY
        if not found:
            return Waiting(f"no condition {kind} yet")
        why = said(found)
        return Waiting(f"condition {wanted}; it is {found.get('status')}" + (f": {why}" if why else ""))

    return predicate


def _unseen(obj: dict[str, Any]) -> Waiting | None:
    """A status that is older than the spec tells nothing about it."""
    generation = obj["metadata"].get("generation", 0)
    if (obj.get("status") or {}).get("observedGeneration", 0) < generation:
        return Waiting("its controller has not seen the change yet", fresh=False)
    return None


def deployment(obj: dict[str, Any]) -> State:
    """Ready when every replica is of the newest template and available, and no older one is left."""
    if unseen := _unseen(obj):
        return unseen
    spec, status = obj.get("spec") or {}, obj.get("status") or {}
    wanted = spec.get("replicas", 1)
    updated, total = status.get("updatedReplicas", 0), status.get("replicas", 0)
    available = status.get("availableReplicas", 0)
    if updated >= wanted and total <= updated and available >= updated:
        return READY
    progressing, failure = condition(obj, "Progressing"), condition(obj, "ReplicaFailure")
    if failure.get("status") == "True" and is_refusal(failure.get("message", "")):
        return Failed(f"its pods are refused: {failure['message']}", refusal_advice(failure["message"]))
    if progressing.get("reason") == "ProgressDeadlineExceeded":
        advice = "look at its pods (kubectl describe pods), or raise progressDeadlineSeconds where it is only slow"
        return Failed(said(progressing), advice)
    if spec.get("paused"):
        return Failed("its rollout is paused", "resume it: kubectl rollout resume")
    if updated < wanted:
        return Waiting(f"{updated} of {wanted} replicas have the new template")
    if total > updated:
        old = total - updated
        return Waiting(f"{old} replica{'' if old == 1 else 's'} of the old template still there")
    return Waiting(f"{available} of {updated} replicas are available")


def is_refusal(message: str) -> bool:
    """Whether a controller's message says that its pods are not let into the namespace."""
    return "forbidden" in message or "denied the request" in message


def refusal_advice(message: str) -> str:
    """What to do where they are not."""
    if "denied the request" in message:
        return "satisfy the policy that the admission webhook keeps, or ask who runs it"
    if "error looking up service account" in message:
        return "apply the ServiceAccount that it names"
    if "quota" in message:
        return "raise the ResourceQuota that it names, or ask for less"
    return "satisfy the policy that it names"


def stateful_set(obj: dict[str, Any]) -> State:
    """Ready when every replica is ready and of the newest revision."""
    if unseen := _unseen(obj):
        return unseen
    status, wanted = obj.get("status") or {}, (obj.get("spec") or {}).get("replicas", 1)
    updated, ready = status.get("updatedReplicas", 0), status.get("readyReplicas", 0)
    if updated < wanted and status.get("currentRevision") != status.get("updateRevision"):
        return Waiting(f"{updated} of {wanted} replicas have the new template")
    return READY if ready >= wanted else Waiting(f"{ready} of {wanted} replicas are ready")


def daemon_set(obj: dict[str, Any]) -> State:
    """Ready when a pod of the newest template is available on every node that it is for (which may be none)."""
    if unseen := _unseen(obj):
        return unseen
    status = obj.get("status") or {}
    wanted = status.get("desiredNumberScheduled", 0)
    updated, available = status.get("updatedNumberScheduled", 0), status.get("numberAvailable", 0)
    if updated < wanted:
        return Waiting(f"{updated} of {wanted} nodes have the new pod")
    return READY if available >= wanted else Waiting(f"{available} of {wanted} pods are available")


def job(obj: dict[str, Any]) -> State:
    """Ready when it is complete."""
    if condition(obj, "Complete").get("status") == "True":
        return READY
    failure = condition(obj, "Failed")
    if failure.get("status") == "True":
        return Failed(said(failure), "read its pods' logs, delete the Job and run again")
    status = obj.get("status") or {}
    return Waiting(f"{status.get('active', 0)} pods run, {status.get('succeeded', 0)} have succeeded")


def pod(obj: dict[str, Any]) -> State:
    """Ready when its Ready condition says so, or when it has ended well."""
    status = obj.get("status") or {}
    phase = status.get("phase", "Pending")
    if phase == "Succeeded" or condition(obj, "Ready").get("status") == "True":
        return READY
    if phase == "Failed":
        return Failed(said(status) or "it has failed", "read its log")
    return Waiting(f"phase {phase}")


def service(obj: dict[str, Any]) -> State:
    """Ready at once, but for a LoadBalancer: when it has an address."""
    if (obj.get("spec") or {}).get("type") != "LoadBalancer":
        return READY
    ingress = ((obj.get("status") or {}).get("loadBalancer") or {}).get("ingress")
    if not ingress:
        return Waiting("it has no address yet")
    annotations = obj["metadata"].get("annotations") or {}
    if _GKE not in annotations or _INTERNAL in annotations.items():
        return READY
    # One that was internal keeps its old address for some time.
    old = [address for one in ingress if (address := one.get("ip")) and _is_private(address)]
    return Waiting(f"its address {old[0]} is still the internal one") if old else READY


def _is_private(address: str) -> bool:
    parsed = ip_address(address)
    return any(parsed in network for network in _PRIVATE if network.version == parsed.version)


def claim(obj: dict[str, Any]) -> State:
    """Ready when bound."""
    phase = (obj.get("status") or {}).get("phase", "Pending")
    if phase == "Lost":
        return Failed("its volume is lost", "delete the claim and make it anew")
    return READY if phase == "Bound" else Waiting(f"phase {phase}")


def autoscaler(obj: dict[str, Any]) -> State:
    """Ready when it scales, or would not because its target is scaled to zero by hand.

    It has no generation, so that only the metrics in its status tell whether that is about those of its spec.
    """
    active = condition(obj, "ScalingActive")
    if active.get("reason") == "ScalingDisabled":
        return READY
    if active.get("status") == "True":
        asked = _metrics((obj.get("spec") or {}).get("metrics"))
        seen = _metrics((obj.get("status") or {}).get("currentMetrics"))
        outdated = asked and seen and not asked & seen
        return Waiting(f"its controller has not looked at {', '.join(sorted(asked))} yet") if outdated else READY
    able = condition(obj, "AbleToScale")
    if able.get("status") == "False":
        return Waiting(said(able))
    return Waiting(said(active) or "its controller has not seen it yet")


def _metrics(listed: list[dict[str, Any]] | None) -> set[str]:
    sources = [source for each in listed or [] for source in each.values() if isinstance(source, dict)]
    return {name for source in sources if (name := (source.get("metric") or source).get("name"))}


def definition(obj: dict[str, Any]) -> State:
    """Ready when its kind is served."""
    names = condition(obj, "NamesAccepted")
    if names.get("status") == "False":
        return Failed(said(names), "another definition has these names; remove it, or rename this one")
    return READY if condition(obj, "Established").get("status") == "True" else Waiting("its kind is not served yet")


def api_service(obj: dict[str, Any]) -> State:
    """Ready when the server behind it answers."""
    available = condition(obj, "Available")
    return READY if available.get("status") == "True" else Waiting(said(available) or "not checked yet")


def namespace(obj: dict[str, Any]) -> State:
    """Ready unless it is being deleted."""
    phase = (obj.get("status") or {}).get("phase", "Active")
    return Waiting("it is being deleted") if phase == "Terminating" else READY


PREDICATES: dict[tuple[str, str], Predicate] = {
    ("", "Namespace"): namespace,
    ("", "PersistentVolumeClaim"): claim,
    ("", "Pod"): pod,
    ("", "Service"): service,
    ("apiextensions.k8s.io", "CustomResourceDefinition"): definition,
    ("apiregistration.k8s.io", "APIService"): api_service,
    ("apps", "DaemonSet"): daemon_set,
    ("apps", "Deployment"): deployment,
    ("apps", "StatefulSet"): stateful_set,
    ("autoscaling", "HorizontalPodAutoscaler"): autoscaler,
    ("batch", "Job"): job,
    ("gateway.networking.k8s.io", "Gateway"): gateway_readiness.gateway,
    ("gateway.networking.k8s.io", "HTTPRoute"): gateway_readiness.http_route,
    ("inference.networking.k8s.io", "InferencePool"): gateway_readiness.inference_pool,
}

ASKED_FOR = frozenset({"HorizontalPodAutoscaler"})
"""Kinds that are waited for only where they are named: a model's metrics often begin with its first request."""
