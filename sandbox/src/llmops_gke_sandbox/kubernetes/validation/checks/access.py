# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of roles, their bindings and aggregated APIs.

Source: k8s.io/kubernetes, pkg/apis/rbac/validation; k8s.io/kube-aggregator, pkg/apis/apiregistration/validation.
"""

from __future__ import annotations

from llmops_gke_sandbox.kubernetes.validation.messages import (
    Causes,
    Struct,
    dns_1035_label,
    formed,
    one_of,
    port_number,
    required,
    subdomain,
    unsupported,
    wrong,
)

_GROUP = "rbac.authorization.k8s.io"
_SUBJECTS = {"ServiceAccount": "", "User": _GROUP, "Group": _GROUP}
_HIGHEST_GROUP_PRIORITY = 20000
_HIGHEST_VERSION_PRIORITY = 1000


def role(obj: dict) -> Causes:
    """Check a Role."""
    yield from _rules(obj, namespaced=True)


def cluster_role(obj: dict) -> Causes:
    """Check a ClusterRole."""
    yield from _rules(obj, namespaced=False)


def _rules(obj: dict, namespaced: bool) -> Causes:
    for index, rule in enumerate(obj.get("rules") or ()):
        at = f"rules[{index}]"
        urls = rule.get("nonResourceURLs")
        if not rule.get("verbs"):
            yield required(f"{at}.verbs", "verbs must contain at least one value")
        if urls and namespaced:
            yield wrong(f"{at}.nonResourceURLs", urls, "namespaced rules cannot apply to non-resource URLs")
        elif urls:
            if rule.get("apiGroups") or rule.get("resources") or rule.get("resourceNames"):
                message = "rules cannot apply to both regular resources and non-resource URLs"
                yield wrong(f"{at}.nonResourceURLs", urls, message)
        else:
            if not rule.get("apiGroups"):
                yield required(f"{at}.apiGroups", "resource rules must supply at least one api group")
            if not rule.get("resources"):
                yield required(f"{at}.resources", "resource rules must supply at least one resource")


def role_binding(obj: dict) -> Causes:
    """Check a RoleBinding."""
    yield from _binding(obj, "Role", "ClusterRole")


def cluster_role_binding(obj: dict) -> Causes:
    """Check a ClusterRoleBinding."""
    yield from _binding(obj, "ClusterRole")


def _binding(obj: dict, *kinds: str) -> Causes:
    reference = obj["roleRef"]
    yield from one_of("roleRef.apiGroup", reference.get("apiGroup"), _GROUP)
    yield from one_of("roleRef.kind", reference.get("kind"), *kinds)
    if not reference.get("name"):
        yield required("roleRef.name")
    for index, subject in enumerate(obj.get("subjects") or ()):
        yield from _subject(subject, f"subjects[{index}]", namespaced="Role" in kinds)


def _subject(subject: dict, path: str, namespaced: bool) -> Causes:
    kind, name = subject.get("kind"), subject.get("name")
    if not name:
        yield required(f"{path}.name")
    if kind not in _SUBJECTS:
        yield unsupported(f"{path}.kind", kind, *_SUBJECTS)
        return
    if kind == "ServiceAccount":
        if name:
            yield from formed(f"{path}.name", name, subdomain)
        if not namespaced and not subject.get("namespace"):
            yield required(f"{path}.namespace")
    yield from one_of(f"{path}.apiGroup", subject.get("apiGroup", ""), _SUBJECTS[kind])


def binding_kept(old: dict, new: dict) -> Causes:
    """Check that a binding keeps its role."""
    if old["roleRef"] != new["roleRef"]:
        reference = new["roleRef"]
        shown = Struct(APIGroup=reference["apiGroup"], Kind=reference["kind"], Name=reference["name"])
        yield wrong("roleRef", shown, "cannot change roleRef")


def api_service(obj: dict) -> Causes:
    """Check an APIService."""
    spec, name = obj["spec"], obj["metadata"]["name"]
    version, group = spec.get("version", ""), spec.get("group", "")
    if name != f"{version}.{group}":
        message = f'must be `spec.version+"."+spec.group`: "{version}.{group}"'
        yield wrong("metadata.name", name, message)
    if group:
        yield from formed("spec.group", group, subdomain)
    yield from formed("spec.version", version, dns_1035_label)
    for field, highest in (
        ("groupPriorityMinimum", _HIGHEST_GROUP_PRIORITY),
        ("versionPriority", _HIGHEST_VERSION_PRIORITY),
    ):
        if not 0 < spec[field] <= highest:
            yield wrong(f"spec.{field}", spec[field], f"must be positive and less than {highest}")
    service, trusting = spec.get("service"), spec.get("insecureSkipTLSVerify")
    if service is None:
        if spec.get("caBundle"):
            yield wrong("spec.caBundle", f"{len(spec['caBundle'])} bytes", "local APIServices may not have a caBundle")
        if trusting:
            yield wrong("spec.insecureSkipTLSVerify", True, "local APIServices may not have insecureSkipTLSVerify")
        return
    for field in ("namespace", "name"):
        if not service.get(field):
            yield required(f"spec.service.{field}")
    for cause in port_number("spec.service.port", service["port"]):
        yield wrong(cause.field, service["port"], "port is not valid: must be between 1 and 65535, inclusive")
    if trusting and spec.get("caBundle"):
        yield wrong("spec.insecureSkipTLSVerify", True, "may not be true if caBundle is present")
