# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of pods and pod templates, but for what has files of its own: containers, volumes, placement.

Source: k8s.io/kubernetes, pkg/apis/core/validation.
"""

from __future__ import annotations

from collections.abc import Set

from llmops_gke_sandbox.kubernetes.validation.checks.containers import containers, identity, init_containers
from llmops_gke_sandbox.kubernetes.validation.checks.metadata import annotations, labels
from llmops_gke_sandbox.kubernetes.validation.checks.placement import affinity, spread, tolerations
from llmops_gke_sandbox.kubernetes.validation.checks.volumes import volumes
from llmops_gke_sandbox.kubernetes.validation.messages import (
    MAX_INT32,
    Causes,
    dns_label,
    forbidden,
    formed,
    one_of,
    subdomain,
    wrong,
)

_DNS_POLICIES = ("ClusterFirstWithHostNet", "ClusterFirst", "Default", "None")


def pod(obj: dict) -> Causes:
    """Check a Pod."""
    yield from pod_spec(obj["spec"], "spec")


def pod_template(template: dict, path: str, claims: Set[str] = frozenset()) -> Causes:
    """Check a pod template.

    :param claims: names of volumes that the workload adds by its templates of claims.
    """
    metadata = template.get("metadata") or {}
    yield from labels(metadata.get("labels"), f"{path}.labels")
    yield from annotations(metadata.get("annotations"), f"{path}.annotations")
    yield from pod_spec(template["spec"], f"{path}.spec", claims)


def pod_spec(spec: dict, path: str, claims: Set[str] = frozenset()) -> Causes:
    """Check a pod's specification."""
    found = spec.get("volumes") or ()
    yield from volumes(found, f"{path}.volumes")
    # A volume that is refused cannot be mounted either.
    names = {volume["name"] for volume in found if not any(volumes([volume], ""))} | claims
    yield from containers(spec, names, f"{path}.containers")
    yield from init_containers(spec, names, f"{path}.initContainers")
    yield from one_of(f"{path}.restartPolicy", spec["restartPolicy"], "Always", "OnFailure", "Never")
    yield from one_of(f"{path}.dnsPolicy", spec["dnsPolicy"], *_DNS_POLICIES)
    yield from labels(spec.get("nodeSelector"), f"{path}.nodeSelector")
    yield from _security(spec, path)
    yield from affinity(spec.get("affinity") or {}, f"{path}.affinity")
    yield from spread(spec.get("topologySpreadConstraints") or (), f"{path}.topologySpreadConstraints")
    if spec.get("serviceAccountName"):
        yield from formed(f"{path}.serviceAccountName", spec["serviceAccountName"], subdomain)
    deadline = spec.get("activeDeadlineSeconds")
    if deadline is not None and deadline < 1:
        yield wrong(f"{path}.activeDeadlineSeconds", deadline, f"must be between 1 and {MAX_INT32}, inclusive")
    if spec.get("hostname"):
        yield from formed(f"{path}.hostname", spec["hostname"], dns_label)
    yield from tolerations(spec.get("tolerations") or (), f"{path}.tolerations")
    if spec.get("priorityClassName"):
        yield from formed(f"{path}.priorityClassName", spec["priorityClassName"], subdomain)


def _security(spec: dict, path: str) -> Causes:
    if spec.get("hostNetwork"):
        yield from _host_ports(spec, path)
    yield from identity(spec.get("securityContext") or {}, f"{path}.securityContext", "fsGroup", "runAsUser")


def _host_ports(spec: dict, path: str) -> Causes:
    for index, container in enumerate(spec.get("containers") or ()):
        for number, port in enumerate(container.get("ports") or ()):
            if port.get("hostPort") not in (None, port["containerPort"]):
                field = f"{path}.containers[{index}].ports[{number}].hostPort"
                yield wrong(field, port["hostPort"], "must match `containerPort` when `hostNetwork` is true")


_LOOSE = ("nodeName", "tolerations", "activeDeadlineSeconds", "terminationGracePeriodSeconds")


def pod_kept(old: dict, new: dict) -> Causes:
    """Check that of a pod only images, tolerations added, deadlines and the node (once) change."""
    if _fixed(old) != _fixed(new) or old["spec"].get("nodeName", "") not in ("", new["spec"].get("nodeName")):
        message = (
            "pod updates may not change fields other than `spec.containers[*].image`,"
            "`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` "
            "(only additions to existing tolerations),`spec.terminationGracePeriodSeconds` "
            "(allow it to be set to 1 if it was previously negative)"
        )
        yield forbidden("spec", message)


def _fixed(obj: dict) -> dict:
    spec = {key: value for key, value in obj["spec"].items() if key not in _LOOSE}
    for part in ("containers", "initContainers"):
        if spec.get(part):
            spec[part] = [{**container, "image": ""} for container in spec[part]]
    return spec
