# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What status read of a deployment, in words: cluster, pools, drift, and the objects of Kubernetes. Pure."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from ...kubernetes.diagnosis.events import count_of, last_seen
from .facts import HostFacts
from .neighbours import add_others, parted
from .page import Page
from .sections import node_pool

Object = Mapping[str, Any]

_LOAD_BALANCER = "networking.gke.io/load-balancer-type"
_UNITS = ((86400, "days"), (3600, "h"), (60, "min"))
"""Of an age: seconds and name."""


def add_seen(page: Page, facts: HostFacts) -> None:
    """All of it, and in short what others have on the cluster."""
    project, location, name = facts.place
    cluster = facts.cluster
    if cluster is None:
        page.line(f"There is no cluster {name} in {location} of {project}.")
    elif facts.told_before:
        page.line(f"Cluster {name} and its nodes: as above")
    else:
        version = cluster.get("currentMasterVersion")
        page.line(f"Cluster {cluster.get('name')} in {location}: {cluster.get('status')}, version {version}")
        for pool in cluster.get("nodePools") or []:
            page.line(f"node pool {pool.get('name')}: {pool.get('status')}, {node_pool(pool)}", 4)
            for one in pool.get("conditions") or []:
                page.line(f"{one.get('code') or one.get('canonicalCode') or ''}: {one.get('message') or ''}", 6)
    _add_drift(page, facts)
    own, theirs = parted(facts)
    for thing in own:
        add = _KINDS.get(thing.get("kind"))
        if add:
            add(page, thing)
        elif thing.get("kind") == "Service":
            _service(page, thing, facts)
        elif thing.get("kind") == "Event":
            _event(page, thing, facts.now)
    add_others(page, theirs)


def _add_drift(page: Page, facts: HostFacts) -> None:
    differences = facts.variables.get("status_differences") or []
    for one in differences:
        resource = one["resource"]
        if one["state"] == "missing":
            page.line(f"MISSING: {resource}")
        elif one["state"] == "left over":
            page.line(f"left over: {resource}, which the inventory has not")
        elif one["state"] == "unknown":
            page.line(f"not compared: {one['message']}")
        elif one["changes"]:
            for change in one["changes"]:
                before, after = (_value(change[side]) for side in ("before", "after"))
                page.line(f"drift in {resource}: {change['field']} is {before}, the inventory has {after}")
        else:
            page.line(f"drift in {resource}: {one['message']}")
    if not differences:
        page.line("no drift: everything is as the inventory has it")
    secret = f"Secret {facts.text('llmops_namespace')}/{facts.text('llmops_secret_name')}"
    differs = any(one["resource"] == secret and one["state"] != "missing" for one in differences)
    if differs and not facts.variables.get("llmops_hf_token"):
        page.line(
            "llmops_hf_token is empty here, so this is what deploy.yml would do without a token; give it as to "
            "deploy.yml (HF_TOKEN)"
        )
    fields = {change["field"] for one in differences if one["resource"] == secret for change in one["changes"]}
    if "data.API_KEY" in fields and not facts.variables.get("llmops_api_key"):
        page.line("llmops_api_key is empty here, though the model has a key; give it as to deploy.yml (LLMOPS_API_KEY)")


def _value(given: Any) -> str:
    return "nothing" if given is None else json.dumps(given, ensure_ascii=False)


def _node(page: Page, node: Object) -> None:
    labels = node["metadata"].get("labels") or {}
    ready = "Ready" if _condition(node, "Ready") == "True" else "NotReady"
    spot = ", Spot" if "cloud.google.com/gke-spot" in labels else ""
    gpus = (node.get("status", {}).get("allocatable") or {}).get("nvidia.com/gpu", 0)
    machine = labels.get("node.kubernetes.io/instance-type", "")
    page.line(f"Node {node['metadata']['name']}: {ready}, {machine}{spot}, GPUs {gpus}")


def _deployment(page: Page, deployment: Object) -> None:
    spec, status = deployment["spec"], deployment.get("status") or {}
    page.blank()
    page.line(f"Deployment {_name(deployment)}")
    counts = {name: status.get(f"{name}Replicas", 0) for name in ("updated", "available", "unavailable")}
    said = f"{spec.get('replicas')} desired | {counts['updated']} updated | {status.get('replicas', 0)} total"
    _row(page, "Replicas", f"{said} | {counts['available']} available | {counts['unavailable']} unavailable")
    _row(page, "Selector", _pairs(spec["selector"].get("matchLabels")))
    for container in spec["template"]["spec"]["containers"]:
        _row(page, "Container", f"{container['name']}, image {container.get('image')}")
        _row(page, "Limits", _pairs((container.get("resources") or {}).get("limits")))
        env = [f"{one['name']}={one['value']}" for one in container.get("env") or [] if "value" in one]
        _row(page, "Env", " ".join(env))
        _row(page, "Mounts", " ".join(one["mountPath"] for one in container.get("volumeMounts") or []))
    for one in status.get("conditions") or []:
        _row(page, "Condition", f"{one.get('type')} {one.get('status')} {one.get('reason')}")


def _pod(page: Page, pod: Object) -> None:
    status = pod.get("status") or {}
    containers = status.get("containerStatuses") or []
    ready = "ready" if _condition(pod, "Ready") == "True" else "not ready"
    restarts = sum(one.get("restartCount", 0) for one in containers)
    waits = [one["state"]["waiting"].get("reason") for one in containers if "waiting" in (one.get("state") or {})]
    waiting = "".join(f", waiting: {reason}" for reason in waits)
    where = pod["spec"].get("nodeName") or "no node yet"
    page.line(
        f"Pod {pod['metadata']['name']}: {status.get('phase')}, {ready}, on {where}, {restarts} restarts{waiting}"
    )


def _service(page: Page, service: Object, facts: HostFacts) -> None:
    """A load balancer of any name, and the model's own Service of any type."""
    spec, balanced = service["spec"], service["spec"].get("type") == "LoadBalancer"
    own = f"{facts.text('llmops_namespace')}/{facts.text('llmops_service_name')}"
    if not balanced and _name(service) != own:
        return
    page.blank()
    if balanced:
        internal = (service["metadata"].get("annotations") or {}).get(_LOAD_BALANCER) == "Internal"
        page.line(f"{'Internal load balancer' if internal else 'Load balancer'} {_name(service)}")
        ingress = ((service.get("status") or {}).get("loadBalancer") or {}).get("ingress") or []
        _row(page, "Address", ", ".join(one["ip"] for one in ingress if one.get("ip")) or "none yet")
    else:
        page.line(f"Service {_name(service)}")
        _row(page, "Type", f"{spec.get('type', 'ClusterIP')}, reached inside the cluster alone")
    ports = [f"{port['port']} -> {port.get('targetPort')}/{port.get('protocol')}" for port in spec.get("ports") or []]
    _row(page, "Ports", " ".join(ports))
    _row(page, "Labels", _pairs(service["metadata"].get("labels")))
    _row(page, "Selector", _pairs(spec.get("selector")))
    _row(page, "IP", str(spec.get("clusterIP")))


def _gateway(page: Page, gateway: Object) -> None:
    spec, status = gateway["spec"], gateway.get("status") or {}
    page.blank()
    page.line(f"Gateway {_name(gateway)}, class {spec.get('gatewayClassName')}")
    addresses = [str(one.get("value")) for one in status.get("addresses") or []]
    _row(page, "Address", ", ".join(addresses) or "none yet")
    _row(page, "Listeners", " ".join(f"{one.get('port')}/{one.get('protocol')}" for one in spec.get("listeners") or []))
    _conditions(page, status.get("conditions") or [])


def _route(page: Page, route: Object) -> None:
    page.line(f"Route {_name(route)}")
    backends = [one for rule in route["spec"].get("rules") or [] for one in rule.get("backendRefs") or []]
    _row(page, "Leads to", " ".join(f"{one.get('kind', 'Service')} {one.get('name')}" for one in backends))
    _conditions(page, _of_parents(route))


def _pool(page: Page, pool: Object) -> None:
    picker = pool["spec"].get("endpointPickerRef") or {}
    page.line(f"Pool {_name(pool)}")
    _row(page, "Selector", _pairs(pool["spec"]["selector"].get("matchLabels")))
    _row(page, "Picker", f"{picker.get('name', 'none')}, {picker.get('failureMode', 'FailClose')}")
    _conditions(page, _of_parents(pool))


def _of_parents(thing: Object) -> list[Object]:
    parents = (thing.get("status") or {}).get("parents") or []
    return [one for parent in parents for one in parent.get("conditions") or []]


def _conditions(page: Page, conditions: Iterable[Object]) -> None:
    for one in conditions:
        message = f": {one['message']}" if one.get("message") and one.get("status") != "True" else ""
        _row(page, "Condition", f"{one.get('type')} {one.get('status')} {one.get('reason')}{message}")


def _autoscaler(page: Page, autoscaler: Object) -> None:
    spec, current = autoscaler["spec"], (autoscaler.get("status") or {}).get("currentReplicas", 0)
    wanted = f"{spec.get('minReplicas')} to {spec.get('maxReplicas')} wanted"
    active = _condition(autoscaler, "ScalingActive")
    page.blank()
    page.line(f"Autoscaler {autoscaler['metadata']['name']}: {current} pods now, {wanted}, ScalingActive {active}")


def _event(page: Page, event: Object, now: datetime | None) -> None:
    if event.get("type") == "Warning":
        about, count = event.get("involvedObject") or {}, count_of(event)
        often = f", {count} times" if isinstance(count, int) and count > 1 else ""
        said = f"{event.get('reason')}: {event.get('message') or ''}"
        page.line(f"Warning {about.get('kind')}/{about.get('name')}{often}{_ago(last_seen(event), now)}: {said}")


def _ago(moment: str, now: datetime | None) -> str:
    """How long ago it was, in the largest unit of which it is two or more; empty where nobody knows."""
    try:
        seconds = (now - datetime.fromisoformat(moment)).total_seconds() if now else None
    except (TypeError, ValueError):
        seconds = None
    if seconds is None:
        return ""
    size, unit = next(((size, unit) for size, unit in _UNITS if seconds >= 2 * size), (1, "s"))
    return f", {max(int(seconds / size), 0)} {unit} ago"


_KINDS: dict[Any, Callable[[Page, Object], None]] = {
    "Node": _node,
    "Deployment": _deployment,
    "Pod": _pod,
    "Gateway": _gateway,
    "HTTPRoute": _route,
    "InferencePool": _pool,
    "HorizontalPodAutoscaler": _autoscaler,
}


def _row(page: Page, label: str, text: str) -> None:
    page.line(f"{f'{label}:'.ljust(11)} {text}", 4, 12)


def _name(thing: Object) -> str:
    return f"{thing['metadata'].get('namespace')}/{thing['metadata']['name']}"


def _condition(thing: Object, kind: str) -> str:
    conditions: Iterable[Object] = (thing.get("status") or {}).get("conditions") or []
    return next((str(one.get("status")) for one in conditions if one.get("type") == kind), "Unknown")


def _pairs(mapping: Mapping[str, Any] | None) -> str:
    pairs = [f"{key}={value}" for key, value in sorted((mapping or {}).items()) if not key.startswith("applyset.")]
    return ",".join(pairs) or "<none>"
