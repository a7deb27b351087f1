# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documents and manifests: what is taken, and what is refused before anything is sent."""

from __future__ import annotations

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.core.errors import InvalidOption
from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.objects.documents import load
from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.objects.manifests import resolve

CONFIG = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}}
ROLE = {
    "apiVersion": "rbac.authorization.k8s.io/v1",
    "kind": "ClusterRole",
    "metadata": {"name": "r", "namespace": "x"},
}


def secret(**fields):
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, **fields}


def test_dictionaries_text_and_files_of_many_documents(tmp_path):
    path = tmp_path / "more.yaml"
    path.write_text("---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: f}\n---\n", encoding="utf-8")
    head = "apiVersion: v1\nkind: ConfigMap\nmetadata: "
    text = f"{head}{{name: a}}\n---\n---\n{head}{{name: b}}"
    listed = {"apiVersion": "v1", "kind": "List", "items": [{**CONFIG, "metadata": {"name": "l"}}]}
    found = load([CONFIG, text, listed], [str(path)])
    assert [document.body["metadata"]["name"] for document in found] == ["c", "a", "b", "l", "f"]
    assert [document.source for document in found] == [
        "manifests[0]",
        "manifests[1]",
        "manifests[1] document 3",
        "manifests[2] items",
        f"src {path}",
    ]


HEAD = "apiVersion: v1\nkind: A\nmetadata: {name: x}\n"


@pytest.mark.parametrize(
    ("written", "value"),
    [("2024-03-15", "2024-03-15"), ("22:22", "22:22"), ("1:30.5", "1:30.5"), ("-7", -7), ("1.5", 1.5)],
)
def test_values_are_read_as_kubectl_reads_them(written, value):
    assert load([f"{HEAD}data: {written}"], [])[0].body["data"] == value


def test_a_key_that_is_there_twice_is_refused_with_its_line():
    with pytest.raises(InvalidOption, match=r"manifests\[0\]: 'line 5' .*replicas is there twice"):
        load([f"{HEAD}spec: {{replicas: 1,\n  replicas: 2}}"], [])


def test_a_key_of_its_own_is_no_second_one_beside_a_merged_one():
    text = """\
a: &a {x: 1, y: 1}
b: &b {<<: *a, x: 2}
c: {<<: *b, y: 3}
limits: {<<: [{cpu: 4}, {cpu: 1, memory: 1Gi}], memory: 9Gi}
"""
    body = load([HEAD + text], [])[0].body
    assert body["c"] == {"x": 2, "y": 3}
    assert body["limits"] == {"cpu": 4, "memory": "9Gi"}


@pytest.mark.parametrize(
    ("manifest", "named"),
    [
        (["a"], "manifests[0]"),
        ({"kind": "ConfigMap", "metadata": {"name": "c"}}, "manifests[0] apiVersion"),
        ({"apiVersion": "v1", "metadata": {"name": "c"}}, "manifests[0] kind"),
        ({"apiVersion": "v1", "kind": "ConfigMap"}, "manifests[0] metadata.name"),
        ({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"generateName": "c-"}}, "manifests[0] metadata.name"),
        ({**CONFIG, "metadata": {"name": "c", "managedFields": [{}]}}, "manifests[0] metadata.managedFields"),
        (secret(stringData={"A": 12345678}), "manifests[0] stringData.A"),
        (secret(data={"A": "no base64!"}), "manifests[0] data.A"),
        (secret(data="s3cr3t-text"), "manifests[0] data"),
        ("apiVersion: v1\nkind: Secret\nstringData: {A: 's3cr3t-text'", "manifests[0]"),
    ],
)
def test_what_cannot_be_a_manifest_is_refused_by_place_and_without_its_values(manifest, named):
    with pytest.raises(InvalidOption) as error:
        load([manifest], [])
    assert error.value.message.startswith(f"{named}: ")
    for value in ("12345678", "no base64!", "s3cr3t-text"):
        assert value not in error.value.message


def test_a_file_that_is_not_there_is_refused():
    with pytest.raises(InvalidOption, match="src: '/nowhere.yaml' .*No such file"):
        load([], ["/nowhere.yaml"])


def test_an_encoded_value_may_be_broken_into_lines():
    assert load([secret(data={"A": "aGZf\neA==\n"})], [])[0].body["data"] == {"A": "aGZfeA=="}


def test_each_goes_to_its_namespace_and_those_without_one_to_none():
    own = {**CONFIG, "metadata": {"name": "c", "namespace": "own"}}
    found = resolve(load([CONFIG, own, ROLE], []), None, "given")
    assert [str(manifest.ref) for manifest in found] == ["ConfigMap given/c", "ConfigMap own/c", "ClusterRole r"]
    assert [manifest.body["metadata"].get("namespace") for manifest in found] == ["given", "own", None]


def test_one_object_twice_is_refused():
    other_version = {"apiVersion": "autoscaling/v1", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "h"}}
    with pytest.raises(InvalidOption, match=r"manifests\[1\]: 'HorizontalPodAutoscaler default/h'.*manifests\[0\]"):
        resolve(load([other_version, {**other_version, "apiVersion": "autoscaling/v2"}], []), None, None)


def test_a_definition_without_its_names_is_refused():
    definition = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "d"},
    }
    broken = {**definition, "spec": {"versions": [{"name": "v1", "served": True}]}}
    with pytest.raises(InvalidOption, match=r"spec\.group"):
        resolve(load([broken], []), None, None)


def test_a_misspelt_builtin_kind_is_refused_even_without_a_cluster():
    with pytest.raises(InvalidOption, match="apps/v1 Deploymnt"):
        resolve(load([{"apiVersion": "apps/v1", "kind": "Deploymnt", "metadata": {"name": "d"}}], []), None, None)
