# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Apply sets as kubectl writes them: the parent, its id, who its members are and whose they may not be."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.core.errors import InvalidOption
from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.apply.apply_set import (
    ApplySet,
    ApplySetTaken,
    identity,
)
from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.client.resources import Kind, ObjectRef

from .apply_sets import ID, PART_OF, SET, manifest, parent, ref


@pytest.mark.parametrize(
    ("option", "kind", "name"),
    [
        ("mistral", "Secret", "mistral"),
        ("secrets/mistral", "Secret", "mistral"),
        ("configmaps/mistral", "ConfigMap", "mistral"),
    ],
)
def test_a_set_is_named_as_kubectl_names_it(option: str, kind: str, name: str):
    found = ApplySet.named(option, "ml").parent
    assert (found.kind.api_version, found.kind.kind, found.namespace, found.name) == ("v1", kind, "ml", name)


@pytest.mark.parametrize("option", ["", "secrets/", "pods/x", "a/b/c", "/", "Secret/x"])
def test_what_names_no_set_is_refused(option: str):
    with pytest.raises(InvalidOption) as raised:
        ApplySet.named(option, "ml")
    accepted = "NAME, secrets/NAME or configmaps/NAME"
    assert raised.value.message == f"apply_set: {option!r} is not accepted; it takes {accepted}"


def test_a_sets_id_is_the_hash_that_the_proposal_defines():
    # base64url(sha256("mistral.ml.Secret.")), as kubectl computes it.
    assert SET.id == ID
    assert len({SET.id, ApplySet.named("mistral", "other").id, ApplySet.named("configmaps/mistral", "ml").id}) == 3
    assert ApplySet(ObjectRef(SET.parent.kind, None, "mistral")).id == (
        "applyset-nY2zGCMTES5tlc7CsiivnjVK_VQyLwFFkK5ekfdSKUw-v1"
    )


@pytest.mark.parametrize("labels", [None, {}, {"app": "x"}, {PART_OF: ID, "app": "x"}])
def test_a_member_bears_the_sets_id_beside_its_own_labels(labels: Any):
    given = manifest(ref("v1", "ConfigMap"), labels)
    before = deepcopy(given)
    joined = SET.member(given)
    assert joined.body == {
        **given.body,
        "metadata": {**given.body["metadata"], "labels": {**(labels or {}), PART_OF: ID}},
    }
    assert (joined.ref, joined.source) == (given.ref, given.source)
    assert given == before


def test_what_is_only_made_where_it_lacks_does_not_join():
    given = manifest(ref("v1", "Namespace"), {PART_OF: "another"}, create_only=True)
    assert SET.member(given) is given


def test_a_manifest_with_another_sets_label_is_refused():
    with pytest.raises(InvalidOption) as raised:
        SET.member(manifest(ref("v1", "ConfigMap"), {PART_OF: "another"}))
    assert raised.value.message == (
        f"model.yml: '{PART_OF}: another' is not accepted; it takes no label of another apply_set"
    )


@pytest.mark.parametrize(
    "live",
    [
        None,
        parent(),
        parent(tooling="llmops.gke/v1"),
        parent(tooling="llmops.gke/v2/beta"),
        parent(tooling="llmops.gke"),
    ],
)
def test_a_parent_that_is_not_there_or_ours_is_taken(live: dict[str, Any] | None):
    SET.check(live)


@pytest.mark.parametrize("tooling", ["kubectl/v1.34", "llmops.gke2/v1", "", "x/llmops.gke"])
def test_another_tools_parent_is_left_to_it(tooling: str):
    with pytest.raises(ApplySetTaken) as raised:
        SET.check(parent(tooling=tooling))
    assert raised.value.message == (
        f"Secret ml/mistral is the parent of a set that {tooling} looks after; give apply_set another name"
    )
    assert raised.value.to_dict() == {"kind": "apply_set_taken", "object": "Secret ml/mistral", "tooling": tooling}


@pytest.mark.parametrize(
    "live",
    [{}, {"metadata": None}, {"metadata": {"labels": None}}, parent({}), parent({"applyset.kubernetes.io/id": "x"})],
)
def test_an_object_that_has_its_own_use_does_not_become_a_parent(live: dict[str, Any]):
    with pytest.raises(ApplySetTaken) as raised:
        SET.check(live)
    assert raised.value.message == (
        "Secret ml/mistral is there already and is no set's parent, which has no content of its own; "
        "give apply_set another name"
    )
    assert raised.value.to_dict() == {"kind": "apply_set_taken", "object": "Secret ml/mistral"}


def test_members_of_no_set_or_of_this_one_may_be_applied():
    mine = manifest(ref("v1", "ConfigMap"))
    for live in (None, {}, {"metadata": {"labels": {"app": "x"}}}, {"metadata": {"labels": {PART_OF: ID}}}):
        SET.check_members([mine], [live])
    kept = manifest(ref("v1", "Namespace"), create_only=True)
    SET.check_members([kept], [{"metadata": {"labels": {PART_OF: "another"}}}])


def test_a_member_of_another_set_is_not_taken_from_it():
    one, two = manifest(ref("v1", "ConfigMap", "one")), manifest(ref("v1", "ConfigMap", "two"))
    with pytest.raises(ApplySetTaken) as raised:
        SET.check_members([one, two], [None, {"metadata": {"labels": {PART_OF: "another"}}}])
    assert raised.value.message == (
        "ConfigMap ml/two (model.yml) is a member of another apply_set; leave it to that one, or take its label "
        f"{PART_OF} away first (llmops.gke.k8s_label, kubectl label)"
    )
    assert raised.value.to_dict() == {
        "kind": "apply_set_taken",
        "object": "ConfigMap ml/two",
        "apply_set": "another",
    }


def test_each_member_has_its_own_live_object():
    with pytest.raises(ValueError, match="zip"):
        SET.check_members([manifest(ref("v1", "ConfigMap"))], [])


def test_the_parent_names_the_kinds_and_namespaces_of_its_members():
    refs = [
        ref("v1", "Service"),
        ref("apps/v1", "Deployment"),
        ref("apps/v1", "Deployment", "y", "other"),
        ref("v1", "Service", "z", "another"),
        ref("v1", "Namespace", "ml"),
    ]
    found = SET.parent_manifest(iter(refs))
    assert found.ref == SET.parent
    assert found.source == "apply_set"
    assert found.body == {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": "mistral",
            "namespace": "ml",
            "labels": {"applyset.kubernetes.io/id": ID},
            "annotations": {
                "applyset.kubernetes.io/tooling": "llmops.gke/v1",
                "applyset.kubernetes.io/contains-group-kinds": "Deployment.apps,Namespace,Service",
                "applyset.kubernetes.io/additional-namespaces": "another,other",
            },
        },
    }


def test_the_parent_keeps_what_the_live_one_tells_of_beside():
    live = parent(contains_group_kinds="Job.batch,Service", additional_namespaces="old,ml,")
    annotations = SET.parent_manifest([ref("v1", "Service")], live).body["metadata"]["annotations"]
    assert annotations["applyset.kubernetes.io/contains-group-kinds"] == "Job.batch,Service"
    assert annotations["applyset.kubernetes.io/additional-namespaces"] == "old"
    bare = ApplySet(ObjectRef(SET.parent.kind, None, "mistral")).parent_manifest([]).body["metadata"]
    assert bare["annotations"]["applyset.kubernetes.io/contains-group-kinds"] == ""
    assert bare["annotations"]["applyset.kubernetes.io/additional-namespaces"] == ""


def test_one_object_is_one_in_every_version_of_its_api():
    one = ObjectRef(Kind("autoscaling", "v1", "HorizontalPodAutoscaler", "hpas"), "ml", "x")
    two = ObjectRef(Kind("autoscaling", "v2", "HorizontalPodAutoscaler", "hpas"), "ml", "x")
    assert identity(one) == identity(two) == ("autoscaling", "HorizontalPodAutoscaler", "ml", "x")
