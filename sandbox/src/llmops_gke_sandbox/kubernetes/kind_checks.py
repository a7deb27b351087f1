"""Checks of single kinds, with the server's words. Source: k8s.io/kubernetes, pkg/apis/*/validation."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from .errors import Cause
from .fieldsets import compact
from .kinds import Kind
from .selectors import selector_matches

Check = Callable[[dict], Iterator[Cause]]
UpdateCheck = Callable[[dict, dict], Iterator[Cause]]

_METRIC_TYPES = ("ContainerResource", "External", "Object", "Pods", "Resource")
_SERVICE_TYPES = ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")
_SECRET_KEYS = {
    "kubernetes.io/basic-auth": ("username", "password"),
    "kubernetes.io/tls": ("tls.crt", "tls.key"),
    "kubernetes.io/dockerconfigjson": (".dockerconfigjson",),
    "kubernetes.io/ssh-auth": ("ssh-privatekey",),
}


def check_create(kind: Kind, obj: dict) -> list[Cause]:
    """Return what is wrong with a new object."""
    check = _CHECKS.get(kind.kind) if kind.custom is None else None
    return list(check(obj)) if check else []


def check_update(kind: Kind, old: dict, new: dict) -> list[Cause]:
    """Return what is wrong with an object that replaces another: its own faults, and changes that are not allowed."""
    if kind.custom is not None:
        return []
    unchangeable = _UPDATE_CHECKS.get(kind.kind)
    return [*(unchangeable(old, new) if unchangeable else ()), *check_create(kind, new)]


def _wrong(field: str, value: object, message: str) -> Cause:
    return Cause("FieldValueInvalid", f"Invalid value: {compact(value)}: {message}", field)


def _unsupported(field: str, value: object, allowed: tuple[str, ...]) -> Cause:
    names = ", ".join(f'"{name}"' for name in allowed)
    return Cause("FieldValueNotSupported", f"Unsupported value: {compact(value)}: supported values: {names}", field)


def _required(field: str, message: str = "") -> Cause:
    return Cause("FieldValueRequired", f"Required value: {message}" if message else "Required value", field)


_COUNTS = ("replicas", "minReadySeconds", "revisionHistoryLimit")
_NOT_NEGATIVE = "must be greater than or equal to 0"


def _workload(obj: dict) -> Iterator[Cause]:
    spec = obj["spec"]
    labels = spec["template"].get("metadata", {}).get("labels") or {}
    for field in _COUNTS:
        if (spec.get(field) or 0) < 0:
            yield _wrong(f"spec.{field}", spec[field], _NOT_NEGATIVE)
    if spec.get("selector") and not selector_matches(spec["selector"], labels):
        yield _wrong("spec.template.metadata.labels", labels, "`selector` does not match template `labels`")
    yield from _pod_spec(spec["template"].get("spec") or {}, "spec.template.spec")
    deadline = spec.get("progressDeadlineSeconds")
    if deadline is not None:
        if deadline < 0:
            yield _wrong("spec.progressDeadlineSeconds", deadline, _NOT_NEGATIVE)
        if deadline <= (spec.get("minReadySeconds") or 0):
            yield _wrong("spec.progressDeadlineSeconds", deadline, "must be greater than minReadySeconds")


def _pod(obj: dict) -> Iterator[Cause]:
    yield from _pod_spec(obj["spec"], "spec")


def _pod_spec(spec: dict, path: str) -> Iterator[Cause]:
    volumes = {volume["name"] for volume in spec.get("volumes", ())}
    for part in ("initContainers", "containers"):
        for index, container in enumerate(spec.get(part) or ()):
            at = f"{path}.{part}[{index}]"
            if not container.get("image"):
                yield _required(f"{at}.image")
            for number, port in enumerate(container.get("ports", ())):
                if not 0 < port["containerPort"] < 65536:
                    message = "must be between 1 and 65535, inclusive"
                    yield _wrong(f"{at}.ports[{number}].containerPort", port["containerPort"], message)
            for number, mount in enumerate(container.get("volumeMounts", ())):
                if mount["name"] not in volumes:
                    field = f"{at}.volumeMounts[{number}].name"
                    yield Cause("FieldValueNotFound", f'Not found: "{mount["name"]}"', field)
            yield from _extended_resources(container.get("resources", {}), f"{at}.resources")


def _extended_resources(resources: dict, path: str) -> Iterator[Cause]:
    """Resources such as GPUs cannot be overcommitted: what is requested is what may be used."""
    requests, limits = resources.get("requests", {}), resources.get("limits", {})
    for name, value in requests.items():
        if "/" in name and name not in limits:
            yield _required(f"{path}.limits", "Limit must be set for non overcommitable resources")
        elif "/" in name and limits[name] != value:
            yield _wrong(f"{path}.requests", value, f"must be equal to {name} limit of {limits[name]}")


def _service(obj: dict) -> Iterator[Cause]:
    spec = obj["spec"]
    if spec["type"] not in _SERVICE_TYPES:
        yield _unsupported("spec.type", spec["type"], _SERVICE_TYPES)
    if not spec.get("ports") and spec["type"] != "ExternalName" and spec.get("clusterIP") != "None":
        yield _required("spec.ports")
    for index, port in enumerate(spec.get("ports", ())):
        if not 0 < port["port"] < 65536:
            yield _wrong(f"spec.ports[{index}].port", port["port"], "must be between 1 and 65535, inclusive")
        if len(spec["ports"]) > 1 and not port.get("name"):
            yield _required(f"spec.ports[{index}].name")


def _secret(obj: dict) -> Iterator[Cause]:
    for key in _SECRET_KEYS.get(obj.get("type", ""), ()):
        if key not in obj.get("data", {}):
            yield _required(f"data[{key}]")


def _secret_update(old: dict, new: dict) -> Iterator[Cause]:
    if old.get("type") != new.get("type"):
        yield _wrong("type", new.get("type"), "field is immutable")
    if old.get("immutable") and (old.get("data") != new.get("data") or not new.get("immutable")):
        yield Cause("FieldValueForbidden", "Forbidden: field is immutable when `immutable` is set", "data")


def _hpa(obj: dict) -> Iterator[Cause]:
    spec = obj["spec"]
    if spec["minReplicas"] < 1:
        yield _wrong("spec.minReplicas", spec["minReplicas"], "must be greater than or equal to 1")
    if spec["maxReplicas"] < 1:
        yield _wrong("spec.maxReplicas", spec["maxReplicas"], "must be greater than 0")
    elif spec["maxReplicas"] < spec["minReplicas"]:
        message = "must be greater than or equal to `minReplicas`"
        yield _wrong("spec.maxReplicas", spec["maxReplicas"], message)
    for index, metric in enumerate(spec.get("metrics", ())):
        if metric["type"] not in _METRIC_TYPES:
            # The server says it twice: once for the value, once for the field that should carry its settings.
            yield from [_unsupported(f"spec.metrics[{index}].type", metric["type"], _METRIC_TYPES)] * 2


def _selector_update(old: dict, new: dict) -> Iterator[Cause]:
    if old["spec"].get("selector") != new["spec"].get("selector"):
        yield _wrong("spec.selector", new["spec"].get("selector"), "field is immutable")


def _pod_update(old: dict, new: dict) -> Iterator[Cause]:
    """Images, tolerations added, deadlines and the node (once) may change; the rest may not."""
    if _fixed(old) != _fixed(new) or old["spec"].get("nodeName", "") not in ("", new["spec"].get("nodeName")):
        message = (
            "Forbidden: pod updates may not change fields other than `spec.containers[*].image`,"
            "`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` "
            "(only additions to existing tolerations),`spec.terminationGracePeriodSeconds` "
            "(allow it to be set to 1 if it was previously negative)"
        )
        yield Cause("FieldValueForbidden", message, "spec")


def _fixed(pod: dict) -> dict:
    loose = ("nodeName", "tolerations", "activeDeadlineSeconds", "terminationGracePeriodSeconds")
    spec = {key: value for key, value in pod["spec"].items() if key not in loose}
    for part in ("containers", "initContainers"):
        if spec.get(part):
            spec[part] = [{**container, "image": ""} for container in spec[part]]
    return spec


def _data_update(old: dict, new: dict) -> Iterator[Cause]:
    if old.get("immutable") and (old.get("data") != new.get("data") or not new.get("immutable")):
        yield Cause("FieldValueForbidden", "Forbidden: field is immutable when `immutable` is set", "data")


def _claim_update(old: dict, new: dict) -> Iterator[Cause]:
    for name in ("storageClassName", "accessModes", "volumeMode"):
        if old["spec"].get(name) != new["spec"].get(name):
            message = (
                "Forbidden: spec is immutable after creation except resources.requests and volumeAttributesClassName"
            )
            yield Cause("FieldValueForbidden", message, "spec")
            return


_CHECKS: dict[str, Check] = {
    "DaemonSet": _workload,
    "Deployment": _workload,
    "HorizontalPodAutoscaler": _hpa,
    "Pod": _pod,
    "ReplicaSet": _workload,
    "Secret": _secret,
    "Service": _service,
    "StatefulSet": _workload,
}
_UPDATE_CHECKS: dict[str, UpdateCheck] = {
    "ConfigMap": _data_update,
    "DaemonSet": _selector_update,
    "Deployment": _selector_update,
    "PersistentVolumeClaim": _claim_update,
    "Pod": _pod_update,
    "ReplicaSet": _selector_update,
    "Secret": _secret_update,
    "StatefulSet": _selector_update,
}
