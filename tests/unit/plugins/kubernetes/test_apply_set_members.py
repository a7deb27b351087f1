# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An apply set as it is in the cluster, and an object that is applied without the set that it is in."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.core.deadline import Deadline
from ansible_collections.llmops.gke.plugins.module_utils.core.errors import HttpError
from ansible_collections.llmops.gke.plugins.module_utils.http.session import HttpSession
from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.apply.apply_set import (
    ApplySetTaken,
    LiveSet,
    kept_in_set,
)
from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.client.api import KubernetesApi
from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.client.resources import Kind, ObjectRef
from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.objects.manifests import Manifest
from tests.unit.fake_http import FakeServer, Reply

from .apply_sets import ID, PART_OF, SET, manifest, parent, ref

WIDGET = Kind("example.com", "v1", "Widget", "widgets")
PARENT = "/api/v1/namespaces/ml/secrets/mistral"
ABSENT = Reply(404, {"kind": "Status", "reason": "NotFound"})


def read(live: Any, answers: Any, *manifests: Manifest) -> tuple[LiveSet, list[str]]:
    """The set and what was asked for it; live: its parent."""
    with FakeServer({("GET", PARENT): live, **answers}) as server:
        session = HttpSession(server.url, "the Kubernetes API", Deadline(10))
        found = SET.read(KubernetesApi(session), manifests)
        session.close()
        assert server.calls()[0] == f"GET {PARENT}"
        return found, sorted(server.calls()[1:])


def test_members_are_listed_by_the_kinds_and_namespaces_of_the_live_parent():
    selector = f"limit=500&labelSelector=applyset.kubernetes.io%2Fpart-of%3D{ID}"
    live = parent(contains_group_kinds="Namespace,Service,Widget.example.com", additional_namespaces="other")
    places = {
        "/api/v1/namespaces": [{"metadata": {"name": "ml"}}],
        "/api/v1/namespaces/ml/services": [{"metadata": {"name": "a", "namespace": "ml"}}],
        "/api/v1/namespaces/other/services": [
            {"metadata": {"name": "a", "namespace": "other"}},
            {"metadata": {"name": "b", "namespace": "other"}},
        ],
        "/apis/example.com/v1/namespaces/ml/widgets": [{"metadata": {"name": "w", "namespace": "ml"}}],
        "/apis/example.com/v1/namespaces/other/widgets": [],
    }
    answers = {("GET", path): {"items": items} for path, items in places.items()}
    found, calls = read(live, answers, manifest(ObjectRef(WIDGET, "ml", "w")))
    assert calls == sorted(f"GET {path}?{selector}" for path in places)
    assert found.parent == live
    assert list(found.members) == [
        ref("v1", "Namespace", "ml"),
        ref("v1", "Service", "a"),
        ref("v1", "Service", "a", "other"),
        ref("v1", "Service", "b", "other"),
        ObjectRef(WIDGET, "ml", "w"),
    ]
    assert found.members[ref("v1", "Service", "b", "other")]["metadata"] == {"name": "b", "namespace": "other"}


def test_a_kind_that_the_cluster_no_longer_has_has_no_members():
    live = parent(contains_group_kinds="Gone.example.com")
    found, calls = read(live, {("GET", "/apis/example.com"): ABSENT})
    assert (found, calls) == (LiveSet(live), ["GET /apis/example.com"])


def test_a_kind_that_is_no_longer_served_has_no_members():
    live = parent(contains_group_kinds="Widget.example.com,Service")
    answers = {
        ("GET", "/apis/example.com/v1/namespaces/ml/widgets"): ABSENT,
        ("GET", "/api/v1/namespaces/ml/services"): {"items": [{"metadata": {"name": "a", "namespace": "ml"}}]},
    }
    found, _calls = read(live, answers, manifest(ObjectRef(WIDGET, "ml", "w")))
    assert list(found.members) == [ref("v1", "Service", "a")]


def test_a_list_that_is_refused_is_not_taken_for_none():
    refusal = Reply(403, {"kind": "Status", "reason": "Forbidden", "message": "not you"})
    with pytest.raises(HttpError, match="403 Forbidden: not you"):
        read(parent(contains_group_kinds="Service"), {("GET", "/api/v1/namespaces/ml/services"): refusal})


def test_a_set_that_is_not_there_has_no_members():
    assert read(ABSENT, {}) == (LiveSet(), [])
    assert (LiveSet().parent, LiveSet().members) == (None, {})


@pytest.mark.parametrize("live", [parent(), parent(contains_group_kinds="", additional_namespaces="x")])
def test_a_parent_that_tells_of_nothing_has_no_members(live: dict[str, Any]):
    assert read(live, {}) == (LiveSet(live), [])


def test_another_tools_set_is_not_read():
    with pytest.raises(ApplySetTaken, match="that kubectl/v1.34 looks after"):
        read(parent(tooling="kubectl/v1.34", contains_group_kinds="Service"), {})


def member(applied_by: str = "llmops.gke", **labels: str) -> dict[str, Any]:
    """A live ConfigMap with these labels, all of them applied by one manager."""
    fields = {"f:metadata": {"f:labels": {f"f:{name}": {} for name in labels}}}
    entry = {"manager": applied_by, "operation": "Apply", "apiVersion": "v1", "fieldsV1": fields}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"labels": labels, "managedFields": [entry]}}


@pytest.mark.parametrize("labels", [None, {}, {"app": "x"}])
def test_an_object_that_is_applied_alone_stays_in_its_set(labels: Any):
    given = manifest(ref("v1", "ConfigMap"), labels)
    before = deepcopy(given)
    kept = kept_in_set(given, member(**{PART_OF: "applyset-1", "app": "y"}), "llmops.gke")
    assert kept.body["metadata"] == {
        **given.body["metadata"],
        "labels": {**(labels or {}), PART_OF: "applyset-1"},
    }
    assert (kept.ref, kept.source, kept.body["data"]) == (given.ref, given.source, given.body["data"])
    assert given == before


@pytest.mark.parametrize(
    ("labels", "live"),
    [
        (None, None),
        (None, member()),
        (None, member(app="x")),
        # The set is another manager's.
        (None, member("kubectl", **{PART_OF: "applyset-1"})),
        # The manifest says itself where it belongs.
        ({PART_OF: "applyset-2"}, member(**{PART_OF: "applyset-1"})),
    ],
)
def test_any_other_object_is_applied_as_it_is(labels: Any, live: dict[str, Any] | None):
    given = manifest(ref("v1", "ConfigMap"), labels)
    assert kept_in_set(given, live, "llmops.gke") is given
