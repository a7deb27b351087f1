# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""k8s_label: a manager of its own for labels that nobody else's apply takes away."""

from __future__ import annotations

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.core.errors import InvalidOption
from ansible_collections.llmops.gke.plugins.module_utils.engines.kubernetes.k8s_label import ObjectAbsent
from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.apply.refusals import ApplyConflict
from ansible_collections.llmops.gke.plugins.modules.k8s_label import SPEC
from tests.unit.fake_http import FakeServer, Reply
from tests.unit.plugins.kubernetes.k8s_support import SERVICE_PATH, golden, not_found, run

LABELS = {"LLM_deployment": "true", "model_LoadBalancer": "true", "Ingress_Point": "true"}
NAME = {"kind": "Service", "name": "mistral-7b-service"}
OURS = {"field_manager": "ansible-labels"}
PLAIN = golden("patch_labels", "apply creates it")[1].body
LABELLED = golden("patch_labels", "the second manager's labels survive")[1].body


def test_labels_are_applied_alone_to_the_very_object_that_was_read():
    manifest, reply = golden("patch_labels", "apply of labels alone")
    with FakeServer({("GET", SERVICE_PATH): PLAIN, ("PATCH", SERVICE_PATH): reply}) as server:
        result = run(SPEC, server.url, **NAME, **OURS, labels=LABELS)
        assert server.calls() == [
            f"GET {SERVICE_PATH}",
            f"PATCH {SERVICE_PATH}?fieldManager=ansible-labels&fieldValidation=Strict",
        ]
        sent = server.requests[1].body
        assert sent["metadata"].pop("uid") == PLAIN["metadata"]["uid"]
        assert sent == manifest
    assert result["totals"] == {"updated": 1}
    assert result["diff"]["after"]["Service golden/mistral-7b-service"]["metadata"]["labels"] == LABELS


def test_labels_that_are_there_cost_one_request():
    with FakeServer({("GET", SERVICE_PATH): LABELLED}) as server:
        result = run(SPEC, server.url, **NAME, **OURS, labels=LABELS)
        assert server.calls() == [f"GET {SERVICE_PATH}"]
    assert not result["changed"]


def test_a_further_label_keeps_those_of_earlier_tasks():
    with FakeServer({("GET", SERVICE_PATH): LABELLED, ("PATCH", SERVICE_PATH): LABELLED}) as server:
        run(SPEC, server.url, **NAME, **OURS, labels={"more": "1"}, annotations={"why": "because"})
        metadata = server.requests[1].body["metadata"]
    assert metadata["labels"] == {**LABELS, "more": "1"}
    assert metadata["annotations"] == {"why": "because"}


def test_removal_gives_up_what_is_ours():
    with FakeServer({("GET", SERVICE_PATH): LABELLED, ("PATCH", SERVICE_PATH): LABELLED}) as server:
        run(SPEC, server.url, **NAME, **OURS, labels={"Ingress_Point": None}, state="absent")
        labels = server.requests[1].body["metadata"]["labels"]
    assert labels == {"LLM_deployment": "true", "model_LoadBalancer": "true"}


def test_removal_leaves_what_belongs_to_others_and_says_so():
    with FakeServer({("GET", SERVICE_PATH): LABELLED}) as server:
        result = run(SPEC, server.url, **NAME, labels={"LLM_deployment": ""}, state="absent")
        assert server.calls() == [f"GET {SERVICE_PATH}"]
    assert not result["changed"]
    expected = "Service golden/mistral-7b-service: labels.LLM_deployment belongs to another manager and stays"
    assert result["warnings"] == [expected]


def test_a_selector_reaches_all_namespaces_by_one_list():
    item = {key: value for key, value in PLAIN.items() if key not in ("apiVersion", "kind")}
    reply = golden("patch_labels", "apply of labels alone")[1]
    path = "/api/v1/services"
    with FakeServer({("GET", path): {"items": [item]}, ("PATCH", SERVICE_PATH): reply}) as server:
        run(SPEC, server.url, kind="Service", label_selector="app=mistral", **OURS, labels=LABELS)
        assert server.calls()[0] == f"GET {path}?limit=500&labelSelector=app%3Dmistral"
        assert server.requests[1].path.startswith(SERVICE_PATH)
        assert server.requests[1].body["apiVersion"] == "v1"


def test_a_selector_that_matches_nothing_is_said():
    with FakeServer({("GET", "/api/v1/namespaces/x/services"): {"items": None}}) as server:
        result = run(SPEC, server.url, kind="Service", label_selector="a=b", namespace="x", labels=LABELS)
    assert not result["changed"]
    assert "no Service was found" in result["warnings"][0]


def test_check_mode_foretells_an_object_that_is_not_there_yet():
    with FakeServer({("GET", SERVICE_PATH): (not_found(),)}) as server:
        result = run(SPEC, server.url, check=True, **NAME, labels=LABELS)
        assert result["totals"] == {"updated": 1}
        with pytest.raises(ObjectAbsent, match="Service golden/mistral-7b-service: it does not exist"):
            run(SPEC, server.url, **NAME, labels=LABELS)
        assert run(SPEC, server.url, **NAME, labels=LABELS, state="absent")["totals"] == {}
    assert not result.get("warnings")


def test_a_label_that_another_has_set_otherwise_is_a_conflict():
    conflict = Reply(
        409,
        {
            "kind": "Status",
            "reason": "Conflict",
            "message": "Apply failed with 1 conflict",
            "details": {
                "causes": [
                    {
                        "reason": "FieldManagerConflict",
                        "message": 'conflict with "kubectl-label" using v1',
                        "field": ".metadata.labels.a",
                    }
                ]
            },
        },
    )
    with (
        FakeServer({("GET", SERVICE_PATH): PLAIN, ("PATCH", SERVICE_PATH): conflict}) as server,
        pytest.raises(ApplyConflict, match=r"\.metadata\.labels\.a \(kubectl-label\)"),
    ):
        run(SPEC, server.url, **NAME, labels={"a": "1"})


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"labels": {"LLM_deployment": True}}, "labels.LLM_deployment"),
        ({"labels": {"a": "no spaces here"}}, "labels.a"),
        ({"labels": {"a": "x" * 64}}, "labels.a"),
        ({"labels": {"-a": "1"}}, "labels"),
        ({"labels": {"Bad_Prefix/a": "1"}}, "labels"),
        ({"annotations": {"a": 1}}, "annotations.a"),
    ],
)
def test_labels_of_a_wrong_form_are_refused_before_anything_is_sent(given, named):
    with FakeServer({}) as server:
        with pytest.raises(InvalidOption) as error:
            run(SPEC, server.url, **NAME, **given)
        assert server.requests == []
    assert error.value.message.startswith(f"{named}: ")


@pytest.mark.parametrize("key", ["app", "app.kubernetes.io/name", "LLM_deployment", "a.b-c_d"])
@pytest.mark.parametrize("value", ["", "true", "v1.2-3_x"])
def test_labels_of_the_right_form_are_taken(key, value):
    with FakeServer({("GET", SERVICE_PATH): PLAIN, ("PATCH", SERVICE_PATH): PLAIN}) as server:
        run(SPEC, server.url, **NAME, labels={key: value})
        assert server.requests[1].body["metadata"]["labels"] == {key: value}


@pytest.mark.parametrize("given", [{"label_selector": " "}, {"name": ""}])
def test_an_empty_selector_is_not_taken_for_every_object(given):
    with FakeServer({}) as server, pytest.raises(InvalidOption, match="^label_selector: .* where no name is given"):
        run(SPEC, server.url, kind="ConfigMap", labels={"a": "b"}, **given)
