# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""How kubectl's tables write ages and states. Source: k8s.io/kubernetes, pkg/printers/internalversion."""

from __future__ import annotations

from datetime import UTC, datetime


def age(timestamp: str | None) -> str:
    """Return how long ago a moment was, as tables write it; ``<unknown>`` for none."""
    if not timestamp:
        return "<unknown>"
    moment = datetime.fromisoformat(timestamp.replace("Z", "+00:00"))
    return duration((datetime.now(UTC) - moment).total_seconds())


def duration(seconds: float) -> str:
    """Return a duration with two digits of precision. Source: apimachinery, util/duration.HumanDuration."""
    total = max(0, int(seconds))
    minutes, hours, days = total // 60, total // 3600, total // 86400
    if total < 120:
        return f"{total}s"
    if minutes < 10:
        return f"{minutes}m{total % 60}s" if total % 60 else f"{minutes}m"
    if minutes < 180:
        return f"{minutes}m"
    if hours < 8:
        return f"{hours}h{minutes % 60}m" if minutes % 60 else f"{hours}h"
    if hours < 48:
        return f"{hours}h"
    if days < 8:
        return f"{days}d{hours % 24}h" if hours % 24 else f"{days}d"
    if days < 730:
        return f"{days}d"
    return f"{days // 365}y{days % 365}d" if days % 365 and days < 365 * 8 else f"{days // 365}y"


def pod_state(pod: dict) -> str:
    """Return what the STATUS column says of a pod."""
    status = pod.get("status", {})
    reason = status.get("reason") or status.get("phase", "Unknown")
    initializing = _init_state(pod)
    reason = initializing or _container_state(status, reason)
    if pod["metadata"].get("deletionTimestamp"):
        return "Unknown" if status.get("reason") == "NodeLost" else "Terminating"
    return reason


def _init_state(pod: dict) -> str:
    count = len(pod["spec"].get("initContainers", ()))
    for index, container in enumerate(pod.get("status", {}).get("initContainerStatuses", ())):
        state = container.get("state", {})
        terminated, waiting = state.get("terminated"), state.get("waiting", {})
        if terminated and terminated.get("exitCode") == 0:
            continue
        if terminated:
            return f"Init:{terminated.get('reason') or 'ExitCode:' + str(terminated.get('exitCode'))}"
        if waiting.get("reason") not in (None, "", "PodInitializing"):
            return f"Init:{waiting['reason']}"
        return f"Init:{index}/{count}"
    return ""


def _container_state(status: dict, reason: str) -> str:
    running = False
    for container in reversed(status.get("containerStatuses", ())):
        state = container.get("state", {})
        terminated = state.get("terminated")
        if state.get("waiting", {}).get("reason"):
            reason = state["waiting"]["reason"]
        elif terminated:
            reason = terminated.get("reason") or f"ExitCode:{terminated.get('exitCode', 0)}"
        elif container.get("ready") and "running" in state:
            running = True
    if reason == "Completed" and running:
        return "Running" if _is_true(status, "Ready") else "NotReady"
    return reason


def _is_true(status: dict, condition: str) -> bool:
    return any(one["type"] == condition and one["status"] == "True" for one in status.get("conditions") or ())


def pod_restarts(pod: dict) -> str:
    """Return a pod's restarts, and how long ago the last was."""
    statuses = pod.get("status", {}).get("containerStatuses", ())
    count = sum(one.get("restartCount", 0) for one in statuses)
    finished = [one.get("lastState", {}).get("terminated", {}).get("finishedAt") for one in statuses]
    last = max((moment for moment in finished if moment), default=None)
    return f"{count} ({age(last)} ago)" if count and last else str(count)


def pod_ready(pod: dict) -> str:
    """Return how many of a pod's containers are ready."""
    ready = sum(1 for one in pod.get("status", {}).get("containerStatuses", ()) if one.get("ready"))
    return f"{ready}/{len(pod['spec'].get('containers') or ())}"


def node_state(node: dict) -> str:
    """Return what the STATUS column says of a node."""
    ready = next((one for one in node["status"].get("conditions") or () if one["type"] == "Ready"), None)
    state = "Unknown" if ready is None else "Ready" if ready["status"] == "True" else "NotReady"
    return f"{state},SchedulingDisabled" if node["spec"].get("unschedulable") else state


def node_roles(node: dict) -> str:
    """Return a node's roles, from its labels."""
    prefix = "node-role.kubernetes.io/"
    roles = [key.removeprefix(prefix) for key in node["metadata"].get("labels", {}) if key.startswith(prefix)]
    return ",".join(sorted(roles)) or "<none>"


def node_address(node: dict, kind: str) -> str:
    """Return a node's address of a kind (``InternalIP``, ``ExternalIP``)."""
    found = (one["address"] for one in node["status"].get("addresses", ()) if one["type"] == kind)
    return next(found, "<none>")


def service_address(service: dict) -> str:
    """Return what the EXTERNAL-IP column says of a Service."""
    spec = service["spec"]
    addresses = [
        one.get("ip") or one.get("hostname", "")
        for one in service.get("status", {}).get("loadBalancer", {}).get("ingress", ())
    ]
    if spec["type"] == "LoadBalancer":
        return ",".join(addresses + spec.get("externalIPs", [])) or "<pending>"
    if spec["type"] == "ExternalName":
        return spec.get("externalName", "")
    return ",".join(spec.get("externalIPs", ())) or "<none>"


def service_ports(service: dict) -> str:
    """Return a Service's ports with their node ports."""
    return (
        ",".join(
            f"{port['port']}:{port['nodePort']}/{port['protocol']}"
            if port.get("nodePort")
            else f"{port['port']}/{port['protocol']}"
            for port in service["spec"].get("ports", ())
        )
        or "<none>"
    )


def endpoint_addresses(endpoints: dict) -> str:
    """Return the addresses behind a Service, three at most."""
    found = [
        f"{address['ip']}:{port['port']}"
        for subset in endpoints.get("subsets", ())
        for port in subset.get("ports") or ()
        for address in subset.get("addresses") or ()
    ]
    more = f" + {len(found) - 3} more..." if len(found) > 3 else ""
    return (",".join(found[:3]) + more) or "<none>"


def selector(labels: dict | None) -> str:
    """Return labels as a selector."""
    return ",".join(f"{key}={value}" for key, value in sorted((labels or {}).items())) or "<none>"


def label_selector(found: dict | None) -> str:
    """Return a LabelSelector object as text."""
    found = found or {}
    terms = [f"{key}={value}" for key, value in sorted(found.get("matchLabels", {}).items())]
    for one in found.get("matchExpressions", ()):
        values = ",".join(sorted(one.get("values") or ()))
        terms.append(
            {
                "In": f"{one['key']} in ({values})",
                "NotIn": f"{one['key']} notin ({values})",
                "Exists": one["key"],
                "DoesNotExist": f"!{one['key']}",
            }[one["operator"]]
        )
    return ",".join(terms) or "<none>"


def hpa_targets(hpa: dict) -> str:
    """Return an autoscaler's metrics: what is, over what is wanted."""
    current = [one for one in hpa["status"].get("currentMetrics") or () if one.get("type")]
    found = []
    for index, metric in enumerate(hpa["spec"].get("metrics", ())):
        source = metric[_METRIC_FIELDS[metric["type"]]]
        now = current[index].get(_METRIC_FIELDS[metric["type"]], {}).get("current", {}) if index < len(current) else {}
        target = source["target"]
        if target["type"] == "Utilization":
            shown = f"{now['averageUtilization']}%" if "averageUtilization" in now else "<unknown>"
            found.append(f"{source['name']}: {shown}/{target['averageUtilization']}%")
            continue
        average = target["type"] == "AverageValue"
        name = "averageValue" if average else "value"
        label = " (avg)" if average and metric["type"] == "External" else ""
        shown = now.get(name, "<unknown>")
        prefix = f"{source['name']}: " if metric["type"] in ("Resource", "ContainerResource") else ""
        found.append(f"{prefix}{shown}/{target[name]}{label}")
    more = f" + {len(found) - 2} more..." if len(found) > 2 else ""
    return (", ".join(found[:2]) + more) or "<none>"


_METRIC_FIELDS = {
    "ContainerResource": "containerResource",
    "External": "external",
    "Object": "object",
    "Pods": "pods",
    "Resource": "resource",
}
