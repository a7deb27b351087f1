# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""k8s_apply: which requests it sends, in which order, and what it says of them."""

from __future__ import annotations

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.core.errors import HttpError, InvalidOption
from ansible_collections.llmops.gke.plugins.module_utils.core.option_names import OptionNames
from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.apply.refusals import ApplyConflict, ApplyRefused
from ansible_collections.llmops.gke.plugins.modules.k8s_apply import SPEC
from tests.unit.fake_http import FakeServer, Reply
from tests.unit.plugins.kubernetes.k8s_support import (
    CONFIG,
    CONFIG_PATH,
    DEPLOYMENT_PATH,
    config,
    golden,
    not_found,
    run,
)

QUERY = "?fieldManager=llmops.gke&fieldValidation=Strict"
DRY = f"{QUERY}&dryRun=All"
CREATED = golden("apply_deployment", "apply creates")
MANIFEST = CREATED[0]


def test_a_new_object_is_read_and_applied():
    with FakeServer({("GET", DEPLOYMENT_PATH): not_found(), ("PATCH", DEPLOYMENT_PATH): CREATED[1]}) as server:
        result = run(SPEC, server.url, manifests=[MANIFEST], field_manager="ansible")
        assert server.calls() == [
            f"GET {DEPLOYMENT_PATH}",
            f"PATCH {DEPLOYMENT_PATH}?fieldManager=ansible&fieldValidation=Strict",
        ]
        assert server.requests[1].body == MANIFEST
        assert server.headers[1]["content-type"] == "application/apply-patch+yaml"
        assert server.headers[1]["authorization"] == "Bearer kube-token"
    assert result["changed"]
    assert result["totals"] == {"created": 1}
    assert result["http_requests"] == 2
    assert result["plan"][0]["resource"] == "Deployment golden/mistral-7b"
    assert result["diff"]["before"] == {}
    assert result["diff"]["after"]["Deployment golden/mistral-7b"]["spec"]["replicas"] == 1
    assert "managedFields" not in result["objects"][0]["object"]["metadata"]


def test_n_objects_without_a_change_are_n_requests():
    first = golden("apply_deployment", "the controller has written status")[1]
    with FakeServer({("GET", DEPLOYMENT_PATH): first, ("GET", CONFIG_PATH): config(a="1")}) as server:
        result = run(SPEC, server.url, manifests=[MANIFEST], field_manager="ansible")
        assert server.calls() == [f"GET {DEPLOYMENT_PATH}"]
        assert not result["changed"]
        assert "diff" not in result
    others = {f"/api/v1/namespaces/golden/configmaps/c{number}": number for number in range(12)}
    routes = {("GET", path): config(a="1") for path in others}
    with FakeServer(routes) as server:
        manifests = [{**CONFIG, "metadata": {"name": f"c{number}"}} for number in others.values()]
        assert run(SPEC, server.url, manifests=manifests, wait=True)["totals"] == {"unchanged": 12}
        assert sorted(server.calls()) == sorted(f"GET {path}" for path in others)


def test_a_change_is_decided_by_the_server_and_told_field_by_field():
    before = golden("apply_deployment", "apply of the same")[1]
    manifest, after = golden("apply_deployment", "apply a change")
    with FakeServer({("GET", DEPLOYMENT_PATH): before, ("PATCH", DEPLOYMENT_PATH): after}) as server:
        result = run(SPEC, server.url, manifests=[manifest], field_manager="ansible")
        assert [call.partition("?")[0] for call in server.calls()] == [
            f"GET {DEPLOYMENT_PATH}",
            f"PATCH {DEPLOYMENT_PATH}",
        ]
    assert result["plan"][0]["changes"] == [{"field": "spec.replicas", "before": 1, "after": 2}]
    assert result["totals"] == {"updated": 1}


def test_check_mode_asks_by_a_dry_run_and_writes_nothing():
    before = golden("apply_deployment", "apply of the same")[1]
    manifest, foretold = golden("apply_deployment", "dry run of a change")
    with FakeServer({("GET", DEPLOYMENT_PATH): before, ("PATCH", DEPLOYMENT_PATH): foretold}) as server:
        result = run(SPEC, server.url, check=True, manifests=[manifest], field_manager="ansible")
        assert server.calls()[1].endswith("&dryRun=All")
        assert len(server.calls()) == 2
    assert result["totals"] == {"updated": 1}


def test_several_changes_are_rehearsed_before_the_first_is_written():
    refused = golden("apply_deployment", "unknown field, strict")[1]
    routes = {
        ("GET", CONFIG_PATH): not_found(),
        ("GET", DEPLOYMENT_PATH): not_found(),
        ("PATCH", f"{CONFIG_PATH}{DRY}"): Reply(201, config(a="1")),
        ("PATCH", f"{DEPLOYMENT_PATH}{DRY}"): refused,
    }
    with FakeServer(routes) as server, pytest.raises(ApplyRefused) as error:
        run(SPEC, server.url, manifests=[CONFIG, MANIFEST])
    assert not [call for call in server.calls() if call.endswith(QUERY)]
    assert "imagee: field not declared in schema" in error.value.message
    assert "manifests[1]" in error.value.message
    assert "nothing was applied" in error.value.message


def test_a_refusal_names_what_was_applied_before_it():
    routes = {
        ("GET", CONFIG_PATH): not_found(),
        ("GET", DEPLOYMENT_PATH): not_found(),
        ("PATCH", f"{CONFIG_PATH}{DRY}"): Reply(201, config(a="1")),
        ("PATCH", f"{DEPLOYMENT_PATH}{DRY}"): CREATED[1],
        ("PATCH", f"{CONFIG_PATH}{QUERY}"): Reply(201, config(a="1")),
        ("PATCH", f"{DEPLOYMENT_PATH}{QUERY}"): golden("auth", "known user without rights, apply")[1],
    }
    with FakeServer(routes) as server, pytest.raises(ApplyRefused) as error:
        run(SPEC, server.url, manifests=[CONFIG, MANIFEST])
    assert error.value.fields["applied"] == ["ConfigMap golden/counters"]
    assert [step["action"] for step in error.value.fields["steps_done"]] == ["create"]
    assert "applied before it: ConfigMap golden/counters" in error.value.message
    assert 'User "viewer" cannot patch resource' in error.value.message


def test_what_others_need_is_applied_first():
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "golden"}}

    def answer(request):
        if request.method == "GET":
            return not_found()
        return Reply(201, {**request.body, "metadata": {**request.body["metadata"], "uid": "u"}})

    with FakeServer(answer) as server:
        run(SPEC, server.url, manifests=[MANIFEST, CONFIG, namespace])
        writes = [call.partition("?")[0] for call in server.calls() if call.endswith(QUERY)]
        assert writes == ["PATCH /api/v1/namespaces/golden", f"PATCH {CONFIG_PATH}", f"PATCH {DEPLOYMENT_PATH}"]
        rehearsed = [call.partition("?")[0] for call in server.calls() if call.endswith(DRY)]
        assert rehearsed == ["PATCH /api/v1/namespaces/golden"], "what lies in a new namespace cannot be rehearsed"


def test_a_conflict_names_owner_field_and_way_out():
    before = golden("apply_deployment", "another manager takes spec.replicas")[1]
    manifest, conflict = golden("apply_deployment", "apply of a field that another owns: conflict")
    with (
        FakeServer({("GET", DEPLOYMENT_PATH): before, ("PATCH", DEPLOYMENT_PATH): conflict}) as server,
        pytest.raises(ApplyConflict) as error,
    ):
        run(SPEC, server.url, manifests=[manifest], field_manager="ansible")
    assert ".spec.replicas (hpa)" in error.value.message
    assert "leave them out of the manifest, or take them over with force_conflicts: true" in error.value.message
    roles = {"force_conflicts": "llmops_force_conflicts", "manifests.spec.replicas": "llmops_replicas"}
    said = error.value.told(OptionNames(roles))
    assert (
        "(hpa); put the values that are there into the inventory (llmops_replicas), or take them over with -e " in said
    )
    assert "llmops_force_conflicts=true" in said and "manifest" not in said
    assert error.value.fields["conflicts"] == [{"field": ".spec.replicas", "manager": "hpa"}]


def test_force_takes_over():
    before = golden("apply_deployment", "another manager takes spec.replicas")[1]
    manifest, taken = golden("apply_deployment", "force takes it")
    with FakeServer({("GET", DEPLOYMENT_PATH): before, ("PATCH", DEPLOYMENT_PATH): taken}) as server:
        result = run(SPEC, server.url, manifests=[manifest], field_manager="ansible", force_conflicts=True)
        assert "&force=true" in server.calls()[1]
    assert result["totals"] == {"updated": 1}


def test_adopting_an_object_is_a_change_that_is_named():
    theirs = {**config(a="1")}
    theirs["metadata"] = {**theirs["metadata"], "managedFields": []}
    with FakeServer({("GET", CONFIG_PATH): theirs, ("PATCH", CONFIG_PATH): config(a="1")}) as server:
        result = run(SPEC, server.url, manifests=[CONFIG])
    assert result["plan"][0]["changes"] == [{"field": "field manager", "before": None, "after": "llmops.gke"}]
    assert result["diff"]["after"]["ConfigMap golden/counters"]["field manager"] == "llmops.gke"


def test_a_lost_reply_is_asked_for_again():
    answers = (
        Reply(lost=True),
        Reply(500, {"kind": "Status", "reason": "InternalError", "message": "etcd"}),
        CREATED[1],
    )
    with FakeServer({("GET", DEPLOYMENT_PATH): not_found(), ("PATCH", DEPLOYMENT_PATH): answers}) as server:
        result = run(SPEC, server.url, manifests=[MANIFEST])
        assert len(server.calls()) == 4
    assert result["changed"]


def test_an_api_that_never_recovers_ends_with_the_deadline():
    sick = Reply(500, {"kind": "Status", "reason": "InternalError", "message": "etcdserver: request timed out"})
    with (
        FakeServer({("GET", DEPLOYMENT_PATH): not_found(), ("PATCH", DEPLOYMENT_PATH): (sick,)}) as server,
        pytest.raises((ApplyRefused, HttpError)) as error,
    ):
        run(SPEC, server.url, manifests=[MANIFEST], timeout=30)
    assert "etcdserver: request timed out" in error.value.message


def test_kinds_that_are_not_built_in_are_looked_up_once():
    found = golden("custom_resource", "its discovery")[1]
    manifest, created = golden("custom_resource", "apply creates it")
    path = "/apis/monitoring.googleapis.com/v1/namespaces/golden/podmonitorings/tgi"
    with FakeServer(
        {
            ("GET", "/apis/monitoring.googleapis.com/v1"): found,
            ("GET", path): created,
        }
    ) as server:
        result = run(SPEC, server.url, manifests=[manifest], field_manager="ansible")
        assert server.calls() == ["GET /apis/monitoring.googleapis.com/v1", f"GET {path}"]
    assert not result["changed"]


@pytest.mark.parametrize(
    ("api_version", "kind", "hint"),
    [
        ("monitoring.googleapis.com/v1", "PodMonitor", "did you mean PodMonitoring?"),
        ("nope.io/v1", "Nope", "apply its CustomResourceDefinition first"),
        ("nope.io/v1", "Deployment", "did you mean the Deployment of apps/v1?"),
    ],
)
def test_an_unknown_kind_is_refused_by_name(api_version, kind, hint):
    routes = {
        ("GET", "/apis/monitoring.googleapis.com/v1"): golden("custom_resource", "its discovery")[1],
        ("GET", "/apis/nope.io/v1"): golden("discovery", "/apis/nope/v1")[1],
    }
    manifest = {"apiVersion": api_version, "kind": kind, "metadata": {"name": "x"}}
    with FakeServer(routes) as server, pytest.raises(InvalidOption) as error:
        run(SPEC, server.url, manifests=[CONFIG, manifest])
    assert "manifests[1]" in error.value.message
    assert f"{api_version} {kind}" in error.value.message
    assert hint in error.value.message


def test_a_custom_resource_follows_its_definition():
    definition = golden("custom_resource", "create the CRD")[0]
    manifest = golden("custom_resource", "apply creates it")[0]
    definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    established = {"conditions": [{"type": "Established", "status": "True"}]}
    seen = []

    def answer(request):
        path = request.path.partition("?")[0]
        if request.method == "GET" and path == definitions:
            found = {**definition, "metadata": {**definition["metadata"], "uid": "u"}, "status": established}
            return {"items": [found], "metadata": {"resourceVersion": "1"}}
        if request.method == "GET":
            return not_found()
        seen.append(path)
        return Reply(201, {**request.body, "metadata": {**request.body["metadata"], "uid": "u"}})

    with FakeServer(answer) as server:
        result = run(SPEC, server.url, manifests=[manifest, definition])
        calls = server.calls()
        assert "GET /apis/monitoring.googleapis.com/v1" not in calls
        written = [call for call in calls if call.endswith(QUERY)]
        watched = next(index for index, call in enumerate(calls) if call.startswith(f"GET {definitions}?"))
        assert calls.index(written[0]) < watched < calls.index(written[1])
    assert result["totals"] == {"created": 2}


def test_a_missing_namespace_is_made_where_asked_and_an_existing_one_is_left_alone():
    there = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "golden", "labels": {"mine": "1"}}}
    routes = {
        ("GET", "/api/v1/namespaces/golden"): there,
        ("GET", CONFIG_PATH): not_found(),
        ("PATCH", CONFIG_PATH): Reply(201, config(a="1")),
    }
    with FakeServer(routes) as server:
        result = run(SPEC, server.url, manifests=[CONFIG], create_namespace=True)
    assert result["totals"] == {"created": 1, "unchanged": 1}
    with FakeServer({("GET", CONFIG_PATH): config(a="1")}) as server:
        result = run(SPEC, server.url, manifests=[CONFIG], create_namespace=True)
        assert server.calls() == [f"GET {CONFIG_PATH}"], "what is in it shows that a namespace is there"
    assert result["totals"] == {"unchanged": 1}
    missing = golden("apply_deployment", "namespace that does not exist")[1]
    with (
        FakeServer({("GET", CONFIG_PATH): not_found(), ("PATCH", CONFIG_PATH): missing}) as server,
        pytest.raises(ApplyRefused, match="set create_namespace: true"),
    ):
        run(SPEC, server.url, manifests=[CONFIG])
