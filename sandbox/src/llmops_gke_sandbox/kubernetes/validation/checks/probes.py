# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of probes and hooks. Source: k8s.io/kubernetes, pkg/apis/core/validation."""

from __future__ import annotations

from llmops_gke_sandbox.kubernetes.validation.messages import (
    Causes,
    forbidden,
    formed,
    http_header,
    not_negative,
    one_of,
    port,
    port_number,
    required,
    wrong,
)

_NUMBERS = ("initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold")
_SCHEMES = ("HTTP", "HTTPS")


def readiness(probe: dict | None, path: str) -> Causes:
    """Check a readiness probe."""
    if probe is None:
        return
    yield from _probe(probe, path)
    grace = probe.get("terminationGracePeriodSeconds")
    if grace is not None:
        yield wrong(f"{path}.terminationGracePeriodSeconds", grace, "must not be set for readinessProbes")


def liveness_or_startup(probe: dict | None, path: str) -> Causes:
    """Check a liveness or a startup probe."""
    if probe is None:
        return
    yield from _probe(probe, path)
    if probe["successThreshold"] != 1:
        yield wrong(f"{path}.successThreshold", probe["successThreshold"], "must be 1")


def _probe(probe: dict, path: str) -> Causes:
    yield from handler(probe, path, 0)
    yield from not_negative(probe, path, *_NUMBERS)
    grace = probe.get("terminationGracePeriodSeconds")
    if grace is not None and grace <= 0:
        yield wrong(f"{path}.terminationGracePeriodSeconds", grace, "must be greater than 0")


def handler(found: dict, path: str, grace: int) -> Causes:
    """Check what a probe or a hook does.

    :param grace: seconds that a pod has to end, for hooks that sleep.
    """
    given = [name for name in ("exec", "httpGet", "tcpSocket", "grpc", "sleep") if name in found]
    if not given:
        yield required(path, "must specify a handler type")
    for index, name in enumerate(given):
        if index:
            yield forbidden(f"{path}.{name}", "may not specify more than 1 handler type")
            continue
        action, at = found[name], f"{path}.{name}"
        if name == "exec" and not action.get("command"):
            yield required(f"{at}.command")
        elif name == "httpGet":
            yield from _http(action, at)
        elif name == "tcpSocket":
            yield from port(f"{at}.port", action.get("port", 0))
        elif name == "grpc":
            yield from port_number(f"{at}.port", action.get("port", 0))
        elif name == "sleep" and not 0 <= action.get("seconds", 0) <= grace:
            message = f"must be non-negative and less than terminationGracePeriodSeconds ({grace})"
            yield wrong(at, action["seconds"], message)


def _http(action: dict, path: str) -> Causes:
    if not action.get("path"):
        yield required(f"{path}.path")
    yield from port(f"{path}.port", action.get("port", 0))
    yield from one_of(f"{path}.scheme", action.get("scheme"), *_SCHEMES)
    for header in action.get("httpHeaders") or ():
        yield from formed(f"{path}.httpHeaders", header.get("name", ""), http_header)
