# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""k8s_info: what it asks for and what it keeps to itself."""

from __future__ import annotations

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.core.errors import HttpError, InvalidOption
from ansible_collections.llmops.gke.plugins.modules.k8s_info import SPEC
from tests.unit.fake_http import FakeServer, Reply
from tests.unit.plugins.kubernetes.k8s_support import DEPLOYMENT_PATH, golden, not_found, run


def test_one_object_by_its_name():
    there = golden("apply_deployment", "apply of the same")[1]
    with FakeServer({("GET", DEPLOYMENT_PATH): (there, not_found())}) as server:
        result = run(SPEC, server.url, api_version="apps/v1", kind="Deployment", name="mistral-7b")
        assert [each["metadata"]["name"] for each in result["resources"]] == ["mistral-7b"]
        assert "managedFields" not in result["resources"][0]["metadata"]
        assert result["exists"]
        assert run(SPEC, server.url, api_version="apps/v1", kind="Deployment", name="mistral-7b")["resources"] == []


def test_all_pages_with_selectors_joined():
    first = Reply(200, {"metadata": {"continue": "more"}, "items": [{"metadata": {"name": "a"}}]})
    last = Reply(200, {"metadata": {}, "items": [{"metadata": {"name": "b"}}]})
    with FakeServer([first, last]) as server:
        selectors = {"label_selectors": ["a=1", "b in (x,y)"], "field_selectors": ["status.phase=Running"]}
        result = run(SPEC, server.url, kind="Pod", namespace="golden", **selectors)
        query = "limit=500&labelSelector=a%3D1%2Cb+in+%28x%2Cy%29&fieldSelector=status.phase%3DRunning"
        path = "GET /api/v1/namespaces/golden/pods"
        assert server.calls() == [f"{path}?{query}", f"{path}?{query}&continue=more"]
    assert [each["metadata"]["name"] for each in result["resources"]] == ["a", "b"]
    assert {each["kind"] for each in result["resources"]} == {"Pod"}


def test_several_kinds_are_given_in_the_order_of_asking():
    answers = {
        ("GET", "/api/v1/namespaces/golden/services"): {"items": [{"metadata": {"name": "s"}}]},
        ("GET", "/apis/apps/v1/namespaces/golden/deployments"): {"items": [{"metadata": {"name": "d"}}]},
    }
    kinds = [{"kind": "Service"}, {"api_version": "apps/v1", "kind": "Deployment"}]
    with FakeServer(answers) as server:
        result = run(SPEC, server.url, kinds=kinds, namespace="golden", label_selectors=["a=1"])
        assert all(call.endswith("labelSelector=a%3D1") for call in server.calls())
    assert [(each["kind"], each["metadata"]["name"]) for each in result["resources"]] == [
        ("Service", "s"),
        ("Deployment", "d"),
    ]


def test_a_list_that_grows_too_old_between_two_pages_is_read_anew_as_a_whole():
    first = Reply(200, {"metadata": {"continue": "more"}, "items": [{"metadata": {"name": "a"}}]})
    whole = Reply(200, {"metadata": {}, "items": [{"metadata": {"name": "a"}}, {"metadata": {"name": "b"}}]})
    expired = Reply(410, {"kind": "Status", "reason": "Expired", "code": 410})
    with FakeServer([first, expired, whole]) as server:
        result = run(SPEC, server.url, kind="Pod", namespace="golden")
        assert server.calls()[-1] == "GET /api/v1/namespaces/golden/pods"
    assert [each["metadata"]["name"] for each in result["resources"]] == ["a", "b"]


def test_secrets_are_hidden():
    annotations = {"kubectl.kubernetes.io/last-applied-configuration": '{"data":{"T":"aGZfeA=="}}'}
    item = {"metadata": {"name": "s", "annotations": annotations}, "data": {"T": "aGZfeA=="}}
    with FakeServer([Reply(200, {"items": [item]})]) as server:
        result = run(SPEC, server.url, kind="Secret")
    assert "aGZfeA==" not in str(result)
    assert result["resources"][0]["data"] == {"T": "********"}


def test_a_selector_that_does_not_parse_is_told_in_the_server_s_words():
    with (
        FakeServer([golden("lists_and_watch", "selector that does not parse")[1]]) as server,
        pytest.raises(HttpError, match="unable to parse requirement"),
    ):
        run(SPEC, server.url, kind="ConfigMap", label_selectors=["n in ("])


def test_an_unknown_kind_is_refused_with_the_nearest():
    with (
        FakeServer({("GET", "/api/v1"): golden("discovery", "GET /api/v1")[1]}) as server,
        pytest.raises(InvalidOption, match="kind: 'v1 Servise'.*did you mean Service"),
    ):
        run(SPEC, server.url, kind="Servise")
