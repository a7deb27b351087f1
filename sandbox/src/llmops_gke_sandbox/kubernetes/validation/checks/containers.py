# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of containers: names, images, ports, resources, security. Variables and probes have files of their own.

Source: k8s.io/kubernetes, pkg/apis/core/validation.
"""

from __future__ import annotations

from collections.abc import Set

from llmops_gke_sandbox.kubernetes.validation.checks.environment import variables, variables_from
from llmops_gke_sandbox.kubernetes.validation.checks.probes import handler, liveness_or_startup, readiness
from llmops_gke_sandbox.kubernetes.validation.checks.resources import resources
from llmops_gke_sandbox.kubernetes.validation.checks.volumes import mounts
from llmops_gke_sandbox.kubernetes.validation.messages import (
    MAX_INT32,
    Causes,
    Struct,
    dns_label,
    duplicate,
    forbidden,
    formed,
    one_of,
    port_name,
    port_number,
    required,
    wrong,
)

_PULL_POLICIES = ("Always", "IfNotPresent", "Never")
PROTOCOLS = ("SCTP", "TCP", "UDP")
_NOT_OF_INIT = ("lifecycle", "livenessProbe", "readinessProbe", "startupProbe")
# The order in which the server shows a container's security context.
_SECURITY_FIELDS = (
    "Capabilities",
    "Privileged",
    "SELinuxOptions",
    "WindowsOptions",
    "RunAsUser",
    "RunAsGroup",
    "RunAsNonRoot",
    "ReadOnlyRootFilesystem",
    "AllowPrivilegeEscalation",
    "ProcMount",
    "SeccompProfile",
    "AppArmorProfile",
)


def containers(spec: dict, volumes: Set[str], path: str) -> Causes:
    """Check a pod's containers."""
    found = spec.get("containers") or ()
    if not found:
        yield required(path)
    names: set[str] = set()
    for index, container in enumerate(found):
        at = f"{path}[{index}]"
        yield from _container(container, volumes, at)
        if container.get("name") in names:
            yield duplicate(f"{at}.name", container["name"])
        names.add(container.get("name", ""))
        grace = spec.get("terminationGracePeriodSeconds", 30)
        for name, hook in (container.get("lifecycle") or {}).items():
            yield from handler(hook, f"{at}.lifecycle.{name}", grace)
        yield from liveness_or_startup(container.get("livenessProbe"), f"{at}.livenessProbe")
        yield from readiness(container.get("readinessProbe"), f"{at}.readinessProbe")
        yield from liveness_or_startup(container.get("startupProbe"), f"{at}.startupProbe")
    yield from _host_port_conflicts(found, path)


def init_containers(spec: dict, volumes: Set[str], path: str) -> Causes:
    """Check a pod's init containers."""
    names = {container.get("name") for container in spec.get("containers") or ()}
    for index, container in enumerate(spec.get("initContainers") or ()):
        at = f"{path}[{index}]"
        yield from _container(container, volumes, at)
        if container.get("name") in names:
            yield duplicate(f"{at}.name", container["name"])
        names.add(container.get("name"))
        if container.get("restartPolicy") != "Always":
            for name in _NOT_OF_INIT:
                if container.get(name):
                    yield forbidden(f"{at}.{name}", "may not be set for init containers without restartPolicy=Always")


def _container(container: dict, volumes: Set[str], path: str) -> Causes:
    if container.get("name"):
        yield from formed(f"{path}.name", container["name"], dns_label)
    else:
        yield required(f"{path}.name")
    if not container.get("image"):
        yield required(f"{path}.image")
    policy = container.get("terminationMessagePolicy")
    yield from one_of(f"{path}.terminationMessagePolicy", policy, "File", "FallbackToLogsOnError")
    yield from _ports(container.get("ports") or (), f"{path}.ports")
    yield from variables(container.get("env") or (), f"{path}.env")
    yield from variables_from(container.get("envFrom") or (), f"{path}.envFrom")
    yield from mounts(container, volumes, f"{path}.volumeMounts")
    yield from one_of(f"{path}.imagePullPolicy", container.get("imagePullPolicy"), *_PULL_POLICIES)
    yield from resources(container.get("resources") or {}, f"{path}.resources")
    yield from _security(container.get("securityContext") or {}, f"{path}.securityContext")


def _ports(ports: list[dict], path: str) -> Causes:
    names: set[str] = set()
    for index, port in enumerate(ports):
        at = f"{path}[{index}]"
        if name := port.get("name"):
            problems = list(formed(f"{at}.name", name, port_name))
            yield from problems
            if not problems and name in names:
                yield duplicate(f"{at}.name", name)
            names.add(name)
        if port.get("containerPort", 0) == 0:
            yield required(f"{at}.containerPort")
        else:
            yield from port_number(f"{at}.containerPort", port["containerPort"])
        if port.get("hostPort"):
            yield from port_number(f"{at}.hostPort", port["hostPort"])
        yield from one_of(f"{at}.protocol", port.get("protocol"), *PROTOCOLS)


def _host_port_conflicts(found: list[dict], path: str) -> Causes:
    seen: set[str] = set()
    for index, container in enumerate(found):
        for number, port in enumerate(container.get("ports") or ()):
            if not port.get("hostPort"):
                continue
            one = f"{port.get('protocol')}/{port.get('hostIP', '')}/{port['hostPort']}"
            if one in seen:
                yield duplicate(f"{path}[{index}].ports[{number}].hostPort", one)
            seen.add(one)


def _security(context: dict, path: str) -> Causes:
    yield from identity(context, path, "runAsUser", "runAsGroup")
    if context.get("allowPrivilegeEscalation") is False and context.get("privileged"):
        message = "cannot set `allowPrivilegeEscalation` to false and `privileged` to true"
        yield wrong(path, _shown(context), message)


def identity(context: dict, path: str, *names: str) -> Causes:
    """Check the numbers of users and groups in a security context."""
    for name in names:
        value = context.get(name)
        if value is not None and not 0 <= value <= MAX_INT32:
            yield wrong(f"{path}.{name}", value, f"must be between 0 and {MAX_INT32}, inclusive")


def _shown(context: dict) -> Struct:
    return Struct({name: context.get(name[0].lower() + name[1:]) for name in _SECURITY_FIELDS})
