# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one look tells to be unchanged though the server wrote it otherwise, and what looks alike and is not."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.objects.managed_fields import settled
from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.objects.quantities import same_amount
from ansible_collections.llmops.gke.plugins.modules.k8s_apply import SPEC
from tests.unit.fake_http import FakeServer
from tests.unit.plugins.kubernetes.k8s_support import CONFIG, CONFIG_PATH, config, run

RBAC = "rbac.authorization.k8s.io"
SELF = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "status": {"phase": "Pending"}}
TEMPLATE = {
    "metadata": {"name": "d"},
    "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1024Mi"}}},
}
MADE = {**SELF, "metadata": {"name": "d", "creationTimestamp": None}}
MADE["spec"] = {**TEMPLATE["spec"], "resources": {"requests": {"storage": "1Gi"}}, "volumeMode": "Filesystem"}
RULE = {"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"]}
HOOK = 'k:{"name":"h.x.io"}'
HOOK_TREE = {"f:webhooks": {HOOK: {".": {}, "f:name": {}, "f:rules": {}}}}
USER, ACCOUNT = {"kind": "User", "name": "u"}, {"kind": "ServiceAccount", "name": "a", "namespace": "ns"}
METRIC = {"type": "Pods", "pods": {"metric": {"name": "q"}, "target": {"type": "AverageValue", "averageValue": "0.5"}}}
SCALED = copy.deepcopy(METRIC)
SCALED["pods"]["target"]["averageValue"] = "500m"


def case(name: str, kind: str, wanted: Any, tree: Any, found: Any, same: bool = True) -> Any:
    return pytest.param(kind, wanted, tree, found, same, id=name)


POD, BINDING, POLICY = "v1 Pod", f"{RBAC}/v1 RoleBinding", "networking.k8s.io/v1 NetworkPolicy"
SET, HOOKS = "apps/v1 StatefulSet", "admissionregistration.k8s.io/v1 ValidatingWebhookConfiguration"
SCALER, LIMITS, CUSTOM = "autoscaling/v2 HorizontalPodAutoscaler", "v1 LimitRange", "x.io/v1 X"
DEPLOYMENT = "apps/v1 Deployment"
NOTES = {"metadata": {"annotations": {}}}
OWNED_NOTES = {"f:metadata": {"f:annotations": {}}}
REVISION = {"metadata": {"annotations": {"deployment.kubernetes.io/revision": "1"}}}

CASES = [
    case("no annotations", DEPLOYMENT, NOTES, OWNED_NOTES, {}),
    case("no annotations, not owned", DEPLOYMENT, NOTES, {}, {}),
    case("no annotations beside others'", DEPLOYMENT, NOTES, OWNED_NOTES, REVISION),
    case("no annotations of a custom kind", CUSTOM, NOTES, OWNED_NOTES, REVISION),
    case("null annotations", DEPLOYMENT, {"metadata": {"annotations": None}}, OWNED_NOTES, {}),
    case("annotations given up", DEPLOYMENT, NOTES, {"f:metadata": {"f:annotations": {"f:a": {}}}}, {}, False),
    case(
        "null", POD, {"spec": {"nodeName": None, "a": 1}}, {"f:spec": {"f:a": {}, "f:nodeName": {}}}, {"spec": {"a": 1}}
    ),
    case("null, not owned", POD, {"spec": {"nodeName": None, "a": 1}}, {"f:spec": {"f:a": {}}}, {"spec": {"a": 1}}),
    case(
        "null over a value",
        POD,
        {"spec": {"nodeName": None}},
        {"f:spec": {"f:nodeName": {}}},
        {"spec": {"nodeName": "n"}},
        False,
    ),
    case("empty list", POD, {"spec": {"tolerations": []}}, {"f:spec": {"f:tolerations": {}}}, {"spec": {}}),
    case("empty list, not owned", POD, {"spec": {"volumes": [], "a": 1}}, {"f:spec": {"f:a": {}}}, {"spec": {"a": 1}}),
    case(
        "empty list over items",
        POD,
        {"spec": {"volumes": []}},
        {"f:spec": {}},
        {"spec": {"volumes": [{"name": "v"}]}},
        False,
    ),
    case(
        "empty strategy",
        DEPLOYMENT,
        {"spec": {"strategy": {}}},
        {"f:spec": {"f:strategy": {}}},
        {"spec": {"strategy": {"type": "RollingUpdate"}}},
    ),
    case(
        "empty selector over one",
        POD,
        {"spec": {"nodeSelector": {}}},
        {"f:spec": {"f:nodeSelector": {}}},
        {"spec": {"nodeSelector": {"a": "b"}}},
        False,
    ),
    case("empty selector", POD, {"spec": {"nodeSelector": {}}}, {"f:spec": {"f:nodeSelector": {}}}, {"spec": {}}),
    case(
        "a user's group",
        BINDING,
        {"subjects": [USER, ACCOUNT]},
        {"f:subjects": {}},
        {"subjects": [{**USER, "apiGroup": RBAC}, ACCOUNT]},
    ),
    case(
        "an empty group",
        BINDING,
        {"subjects": [{**ACCOUNT, "apiGroup": ""}]},
        {"f:subjects": {}},
        {"subjects": [ACCOUNT]},
    ),
    case(
        "another subject",
        BINDING,
        {"subjects": [USER]},
        {"f:subjects": {}},
        {"subjects": [{**USER, "name": "v", "apiGroup": RBAC}]},
        False,
    ),
    case(
        "another group",
        BINDING,
        {"subjects": [USER]},
        {"f:subjects": {}},
        {"subjects": [{**USER, "apiGroup": "x"}]},
        False,
    ),
    case(
        "a role's group",
        BINDING,
        {"roleRef": {"kind": "Role", "name": "r"}},
        {"f:roleRef": {}},
        {"roleRef": {"kind": "Role", "name": "r", "apiGroup": RBAC}},
    ),
    case(
        "everything",
        POLICY,
        {"spec": {"podSelector": {}, "ingress": [{}]}},
        {"f:spec": {"f:podSelector": {}, "f:ingress": {}}},
        {"spec": {"podSelector": {}, "ingress": [{}], "policyTypes": ["Ingress"]}},
    ),
    case(
        "everything from nowhere",
        POLICY,
        {"spec": {"ingress": [{"from": []}]}},
        {"f:spec": {"f:ingress": {}}},
        {"spec": {"ingress": [{}]}},
    ),
    case(
        "everything, owned by item",
        POLICY,
        {"spec": {"egress": [{}]}},
        {"f:spec": {"f:egress": {}}},
        {"spec": {"egress": [{"ports": [{"port": 1}]}]}},
        False,
    ),
    case(
        "every port",
        POLICY,
        {"spec": {"ingress": [{"ports": [{}, {"port": 80}]}]}},
        {"f:spec": {"f:ingress": {}}},
        {"spec": {"ingress": [{"ports": [{"protocol": "TCP"}, {"port": 80, "protocol": "TCP"}]}]}},
    ),
    case(
        "another protocol",
        POLICY,
        {"spec": {"ingress": [{"ports": [{}]}]}},
        {"f:spec": {"f:ingress": {}}},
        {"spec": {"ingress": [{"ports": [{"protocol": "UDP"}]}]}},
        False,
    ),
    case(
        "all namespaces are not nothing",
        POLICY,
        {"spec": {"ingress": [{"from": [{"namespaceSelector": {}}]}]}},
        {"f:spec": {"f:ingress": {}}},
        {"spec": {"ingress": [{"from": [{}]}]}},
        False,
    ),
    case(
        "claim templates",
        SET,
        {"spec": {"volumeClaimTemplates": [TEMPLATE]}},
        {"f:spec": {"f:volumeClaimTemplates": {}}},
        {"spec": {"volumeClaimTemplates": [MADE]}},
    ),
    case(
        "another claim template",
        SET,
        {"spec": {"volumeClaimTemplates": [TEMPLATE]}},
        {"f:spec": {"f:volumeClaimTemplates": {}}},
        {"spec": {"volumeClaimTemplates": [{**MADE, "spec": {**MADE["spec"], "volumeMode": "Block"}}]}},
        False,
    ),
    case(
        "webhooks",
        HOOKS,
        {"webhooks": [{"name": "h.x.io", "rules": [RULE]}]},
        HOOK_TREE,
        {"webhooks": [{"name": "h.x.io", "rules": [{**RULE, "scope": "*"}], "timeoutSeconds": 10}]},
    ),
    case(
        "webhooks of another scope",
        HOOKS,
        {"webhooks": [{"name": "h.x.io", "rules": [RULE]}]},
        HOOK_TREE,
        {"webhooks": [{"name": "h.x.io", "rules": [{**RULE, "scope": "Cluster"}]}]},
        False,
    ),
    case(
        "a metric's quantity",
        SCALER,
        {"spec": {"metrics": [METRIC]}},
        {"f:spec": {"f:metrics": {}}},
        {"spec": {"metrics": [SCALED]}},
    ),
    case(
        "limits by default",
        LIMITS,
        {"spec": {"limits": [{"type": "Container", "default": {"cpu": 0.5}}]}},
        {"f:spec": {"f:limits": {}}},
        {"spec": {"limits": [{"type": "Container", "default": {"cpu": "500m"}}]}},
    ),
    case(
        "an environment's value is text",
        POD,
        {"spec": {"env": [{"name": "a", "value": "1000m"}]}},
        {"f:spec": {"f:env": {}}},
        {"spec": {"env": [{"name": "a", "value": "1"}]}},
        False,
    ),
    case(
        "custom kinds keep what they are given",
        CUSTOM,
        {"spec": {"ports": [{}]}},
        {"f:spec": {"f:ports": {}}},
        {"spec": {"ports": [{"protocol": "TCP"}]}},
        False,
    ),
    case(
        "null of a custom kind",
        CUSTOM,
        {"spec": {"a": None, "b": 1}},
        {"f:spec": {"f:a": {}, "f:b": {}}},
        {"spec": {"b": 1}},
    ),
]


@pytest.mark.parametrize(("kind", "wanted", "tree", "found", "same"), CASES)
def test_what_the_server_writes_otherwise(kind, wanted, tree, found, same):
    version, name = kind.split()
    manifest = {"apiVersion": version, "kind": name, **wanted, "metadata": {"name": "x", **wanted.get("metadata", {})}}
    there = {**manifest, **found, "metadata": {"name": "x", "uid": "u", **found.get("metadata", {})}}
    for key in wanted:
        if key not in found and key != "metadata":
            del there[key]
    assert settled(manifest, there, tree) is same


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [("0.0000000001", "1n", True), ("1E3", "1k", True), (".5", "500m", True), ("+2", 2, True), ("1E", "1e18", True)]
    + [("1.0000000001", "1.000000001", True), ("-1.0000000001", "-1.000000001", True), ("1e-99", "1n", True)]
    + [("9223372036854775807", "9223372036854775807.0", True), ("7Ei", "8070450532247928832", True)]
    + [("1n", "2n", False), ("1M", "1Mi", False), ("1m", 1, False), ("x", "x", False), ("1", "x", False)]
    # More than Kubernetes can keep.
    + [("9223372036854775808", "9223372036854775808.0", False)]
    + [(much, "1", False) for much in ("9999999999999999999E", "1e51", "1e9999999", "9" * 60, 1e300)],
)
def test_odd_quantities(one, other, same):
    assert same_amount(one, other) is same


def test_an_object_without_a_change_costs_one_request_though_its_manifest_has_empty_parts():
    manifest = {**CONFIG, "metadata": {**CONFIG["metadata"], "annotations": {}, "labels": None}}
    there = config(a="1")
    there["metadata"]["managedFields"][0]["fieldsV1"] |= {"f:metadata": {"f:annotations": {}, "f:labels": {}}}
    with FakeServer({("GET", CONFIG_PATH): there}) as server:
        assert run(SPEC, server.url, manifests=[manifest])["totals"] == {"unchanged": 1}
        assert server.calls() == [f"GET {CONFIG_PATH}"]
