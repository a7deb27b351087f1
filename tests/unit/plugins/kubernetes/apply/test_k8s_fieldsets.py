# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Field sets as a real API server wrote them: what they tell about an apply before it is sent."""

from __future__ import annotations

import copy

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.objects import managed_fields
from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.objects.quantities import amount, same_amount
from tests.unit.plugins.kubernetes.k8s_support import golden, golden_applies

FILES = ("apply_deployment", "patch_labels", "secret", "custom_resource", "hpa")


def applied_bodies():
    for name in FILES:
        for step in golden_applies(name):
            # stringData is encoded into data before it is sent, so it never meets a comparison.
            if "dryRun" not in step["request"]["path"] and "stringData" not in step["request"]["body"]:
                yield pytest.param(step, id=f"{name}: {step['note']}")


def manager_of(step):
    return step["request"]["path"].partition("fieldManager=")[2].partition("&")[0]


@pytest.mark.parametrize("step", list(applied_bodies()))
def test_what_the_server_has_just_taken_is_settled(step):
    manifest, live = step["request"]["body"], step["response"]["body"]
    tree = managed_fields.owned(live, manager_of(step))
    assert managed_fields.settled(manifest, live, tree)


@pytest.mark.parametrize("step", list(applied_bodies()))
def test_nothing_less_and_nothing_more_than_what_was_taken_is_settled(step):
    live, manager = step["response"]["body"], manager_of(step)
    tree = managed_fields.owned(live, manager)
    for path in leaves(managed_fields.substance(step["request"]["body"])):
        changed = copy.deepcopy(step["request"]["body"])
        parent = changed
        for key in path[:-1]:
            parent = parent[key]
        parent[path[-1]] = "another"
        assert not managed_fields.settled(changed, live, tree), path
        del parent[path[-1]]
        assert not managed_fields.settled(changed, live, tree), path
    added = copy.deepcopy(step["request"]["body"])
    added["metadata"]["annotations"] = {"new": "1"}
    assert not managed_fields.settled(added, live, tree)


def leaves(value, path=()):
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from leaves(inner, (*path, key))
    elif isinstance(value, list) and value:
        for index, inner in enumerate(value):
            yield from leaves(inner, (*path, index))
    else:
        yield path


def test_a_field_that_another_has_changed_is_not_settled():
    manifest, reply = golden("apply_deployment", "apply creates")
    live = copy.deepcopy(reply.body)
    live["spec"]["replicas"] = 5
    assert not managed_fields.settled(manifest, live, managed_fields.owned(live, "ansible"))


def test_another_order_of_a_keyed_list_is_not_settled():
    manifest, reply = golden("apply_deployment", "apply creates")
    turned = copy.deepcopy(manifest)
    turned["spec"]["template"]["spec"]["containers"][0]["env"].reverse()
    assert not managed_fields.settled(turned, reply.body, managed_fields.owned(reply.body, "ansible"))


def test_true_is_not_one():
    tree = {"f:spec": {"f:on": {}}}
    manifest = {"apiVersion": "x.io/v1", "kind": "X", "metadata": {"name": "x"}, "spec": {"on": True}}
    assert not managed_fields.settled(manifest, {**manifest, "spec": {"on": 1}}, tree)


@pytest.mark.parametrize(("api_version", "same"), [("v1", True), ("x.io/v1", False)])
def test_amounts_are_rewritten_by_the_server_in_builtin_kinds_only(api_version, same):
    tree = {"f:spec": {"f:limits": {"f:memory": {}}}}
    manifest = {"apiVersion": api_version, "kind": "Pod", "metadata": {"name": "x"}}
    wanted = {**manifest, "spec": {"limits": {"memory": "2048Mi"}}}
    assert managed_fields.settled(wanted, {**manifest, "spec": {"limits": {"memory": "2Gi"}}}, tree) is same


def test_the_field_reference_that_the_server_completes_is_settled():
    tree = {"f:spec": {"f:fieldRef": {}}}
    manifest = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}}
    wanted = {**manifest, "spec": {"fieldRef": {"fieldPath": "spec.nodeName"}}}
    there = {**manifest, "spec": {"fieldRef": {"fieldPath": "spec.nodeName", "apiVersion": "v1"}}}
    assert managed_fields.settled(wanted, there, tree)


def test_only_the_manager_s_own_fields_count():
    _body, reply = golden("patch_labels", "the second manager's labels survive")
    assert managed_fields.project(reply.body, managed_fields.owned(reply.body, "ansible-labels")) == {
        "metadata": {"labels": {"Ingress_Point": "true", "LLM_deployment": "true", "model_LoadBalancer": "true"}}
    }
    assert managed_fields.owned(reply.body, "nobody") is None


def test_changes_are_named_by_path_and_key():
    _body, before = golden("apply_deployment", "apply a change")
    _body, after = golden("apply_deployment", "an owned env entry left out is removed")
    tree = managed_fields.union(
        managed_fields.owned(before.body, "ansible"), managed_fields.owned(after.body, "ansible")
    )
    changes = [change.to_dict() for change in managed_fields.changes(before.body, after.body, tree)]
    assert [change["field"] for change in changes] == [
        "spec.template.spec.containers[name=mistral-7b].env[name=MODEL_ID]"
    ]
    assert changes[0]["before"]["name"] == "MODEL_ID"
    assert changes[0]["after"] is None


@pytest.mark.parametrize(
    ("one", "other"), [("1", 1), ("1000m", 1), ("1024Mi", "1Gi"), ("1.5Gi", "1536Mi"), ("1e3", "1k"), ("0.1", "100m")]
)
def test_quantities_that_mean_the_same(one, other):
    assert same_amount(one, other)


@pytest.mark.parametrize("value", ["", "Gi", "1.2.3", "one", True, None, "1 Gi", [1], {"1": 1}])
def test_what_is_no_quantity(value):
    assert amount(value) is None
