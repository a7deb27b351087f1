# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sets of objects: what a later run leaves out goes, and nothing else."""

from __future__ import annotations

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.apply.apply_set import ApplySetTaken

SET = {"apply_set": "configmaps/mistral", "prune": True}


def config(name, namespace="default", **data):
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": namespace}, "data": data}


def secret(name):
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": {"k": "value-1"}}


def done(result):
    return {entry["name"]: entry["action"] for entry in result["objects"]}


def there(cluster, kind="ConfigMap"):
    names = {obj["metadata"]["name"] for obj in cluster.info(kind, namespace="default")}
    # The certificates that controllers put into every namespace.
    return {name for name in names if not name.endswith(".crt")}


def test_what_a_set_no_longer_has_goes_and_check_mode_foretells_it(cluster):
    cluster.apply(config("stranger"))
    cluster.apply(config("a"), config("b"), secret("s"), **SET)
    foretold = cluster.apply(config("a"), check=True, **SET)
    assert there(cluster) == {"stranger", "mistral", "a", "b"}
    happened = cluster.apply(config("a"), **SET)
    assert done(foretold) == done(happened) == {"mistral": "updated", "a": "unchanged", "b": "deleted", "s": "deleted"}
    assert there(cluster) == {"stranger", "mistral", "a"}
    assert there(cluster, "Secret") == set()
    parent = cluster.info("ConfigMap", name="mistral")[0]["metadata"]["annotations"]
    assert parent["applyset.kubernetes.io/contains-group-kinds"] == "ConfigMap"


def test_a_set_without_a_change_costs_a_request_a_kind_and_one_for_its_parent(cluster):
    manifests = [config("a", k="1"), config("b", k="1"), config("c", k="1"), secret("s")]
    cluster.apply(*manifests, **SET)
    cluster.calls()
    assert not cluster.apply(*manifests, **SET)["changed"]
    calls = cluster.calls()
    assert len(calls) == 3
    assert all(call.startswith("GET ") for call in calls)


def test_the_parent_and_the_labels_are_those_of_kubectl(cluster):
    cluster.apply(config("a"), apply_set="mistral")
    # What kubectl 1.32 gives to --applyset=mistral in namespace default, from the sha256 of"mistral.default.Secret.".
    identity = "applyset-wKOhsxj3hy5Y90XSMWk6JHvZWGG-I6oykh3N9GVwbNo-v1"
    assert cluster.info("Secret", name="mistral")[0]["metadata"]["labels"] == {"applyset.kubernetes.io/id": identity}
    assert cluster.info("ConfigMap", name="a")[0]["metadata"]["labels"] == {"applyset.kubernetes.io/part-of": identity}


def test_without_prune_members_stay_and_are_found_later(cluster):
    cluster.apply(config("a"), secret("s"), apply_set="configmaps/mistral")
    cluster.apply(config("a"), apply_set="configmaps/mistral")
    assert there(cluster, "Secret") == {"s"}
    assert done(cluster.apply(config("a"), **SET))["s"] == "deleted"


def test_members_in_other_namespaces_are_found_and_absent_removes_all_and_the_parent(cluster):
    cluster.apply(config("a"), config("b", "other"), create_namespace=True, **SET)
    assert done(cluster.apply(state="absent", check=True, apply_set="configmaps/mistral")) == {
        "a": "deleted",
        "b": "deleted",
        "mistral": "deleted",
    }
    cluster.apply(state="absent", apply_set="configmaps/mistral")
    assert there(cluster) == set()
    assert cluster.apply(state="absent", apply_set="configmaps/mistral")["objects"] == []
    # The namespace was made for the members, it is none.
    assert cluster.info("Namespace", name="other")


def test_a_set_of_another_tool_is_left_alone(cluster):
    parent = config("mistral")
    parent["metadata"]["annotations"] = {"applyset.kubernetes.io/tooling": "kubectl/v1.32"}
    cluster.apply(parent)
    with pytest.raises(ApplySetTaken, match="kubectl"):
        cluster.apply(config("a"), **SET)


def test_an_object_with_a_use_of_its_own_never_becomes_a_set_s_parent(cluster):
    cluster.apply(config("settings", k="precious"))
    own = {"apply_set": "configmaps/settings"}
    for task in ({"prune": True}, {"state": "absent"}, {"check": True}):
        with pytest.raises(ApplySetTaken, match="ConfigMap default/settings is there already"):
            cluster.apply(config("a"), **own, **task)
    assert cluster.info("ConfigMap", name="settings")[0]["data"] == {"k": "precious"}
    assert there(cluster) == {"settings"}


def test_a_member_of_another_set_is_left_there(cluster):
    cluster.apply(config("a"), **SET)
    for check in (True, False):
        with pytest.raises(ApplySetTaken, match="ConfigMap default/a .* is a member of another apply_set"):
            cluster.apply(config("a"), config("b"), apply_set="another", check=check)
    assert there(cluster) == {"mistral", "a"}


def test_what_a_deleted_object_owns_can_be_kept(cluster, deployment):
    cluster.apply(deployment(), wait=True)
    cluster.apply(deployment(), state="absent", propagation="orphan")
    assert cluster.info("ReplicaSet", api_version="apps/v1", namespace="default")
