# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a task says of what an API server said: its refusals and what to do about them."""

from __future__ import annotations

import copy

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.core.errors import HttpError, LlmopsError
from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.apply import refusals
from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.apply.refusals import ApplyRefused
from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.client import api
from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.client.resources import ObjectRef, builtin
from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.wait.readiness import refusal_advice
from ansible_collections.llmops.gke.plugins.modules.k8s_apply import SPEC
from tests.unit.fake_http import FakeServer, Reply
from tests.unit.plugins.kubernetes.k8s_support import (
    CONFIG,
    CONFIG_PATH,
    config,
    golden,
    not_found,
    run,
)

SECOND = {**CONFIG, "metadata": {"name": "second"}}
SECOND_PATH = CONFIG_PATH.replace("counters", "second")


def test_every_object_that_a_rehearsal_refuses_is_named():
    def refused(name):
        said = f'ConfigMap "{name}" is invalid: data: too long'
        return Reply(422, {"kind": "Status", "reason": "Invalid", "message": said, "code": 422})

    third = CONFIG_PATH.replace("counters", "third")
    routes = {
        ("GET", CONFIG_PATH): not_found(),
        ("GET", SECOND_PATH): not_found(),
        ("GET", third): not_found(),
        ("PATCH", CONFIG_PATH): refused("counters"),
        ("PATCH", SECOND_PATH): config(a="1"),
        ("PATCH", third): refused("third"),
    }
    manifests = [CONFIG, SECOND, {**CONFIG, "metadata": {"name": "third"}}]
    with FakeServer(routes) as server, pytest.raises(ApplyRefused) as error:
        run(SPEC, server.url, manifests=manifests)
    assert error.value.message.startswith("ConfigMap golden/counters (manifests[0]): ")
    assert 'refused as well: ConfigMap golden/third (manifests[2]): the API server answered 422: ConfigMap "third"' in (
        error.value.message
    )
    assert [one["object"] for one in error.value.fields["refused"]] == [
        "ConfigMap golden/counters",
        "ConfigMap golden/third",
    ]
    assert error.value.message.count("nothing was applied") == 1


NEW_FIELDS = "for fields other than 'replicas' are forbidden"
PROVISIONED = "only dynamically provisioned pvc can be resized and the storageclass must support resize"
GROWS = "a claim can only grow"
ADVICE = {
    'pods "x" is forbidden: error looking up service account ns/a: serviceaccount "a" not found': (
        403,
        "apply the ServiceAccount that it names first",
    ),
    f"StatefulSet is invalid: spec: Forbidden: updates to statefulset spec {NEW_FIELDS}": (
        422,
        "delete the StatefulSet first",
    ),
    "Pod is invalid: spec: Forbidden: pod updates may not change fields other than `spec.x`": (
        422,
        "delete the Pod first",
    ),
    "spec: Forbidden: spec is immutable after creation except resources.requests": (422, GROWS),
    "spec.resources.requests.storage: Forbidden: field can not be less than previous value": (422, GROWS),
    f'persistentvolumeclaims "x" is forbidden: {PROVISIONED}': (403, "allowVolumeExpansion"),
    "RoleBinding is invalid: roleRef: Invalid value: cannot change roleRef": (422, "delete the binding first"),
    "Unauthorized": (401, "the cluster does not accept these credentials"),
    'Internal error occurred: failed calling webhook "h.x.io": failed to call webhook: dial tcp: refused': (
        500,
        "the webhook does not answer",
    ),
    'configmaps "x" is forbidden: User "u" cannot patch resource': (403, "give these credentials the right"),
}


@pytest.mark.parametrize("said", ADVICE)
def test_the_advice_fits_the_refusal(said):
    status, advice = ADVICE[said]
    error = HttpError("m", status=status, method="PATCH", url="u", reason="R", server_message=said)
    told = refusals.explain(error, ObjectRef(builtin("v1", "ConfigMap"), "ns", "x"), "manifests[0]", ())
    assert advice in told.message
    others = {words for _status, words in ADVICE.values()} - {advice}
    assert not [other for other in others if other in told.message]


def test_a_pod_without_its_service_account_is_told_what_lacks():
    said = 'pods "x-" is forbidden: error looking up service account ns/a: serviceaccount "a" not found'
    assert "ServiceAccount" in refusal_advice(said)


def test_a_webhook_that_does_not_answer_is_not_waited_for_as_long_as_the_task(monkeypatch):
    monkeypatch.setattr(api, "WEBHOOK_PATIENCE", 0.0)
    said = 'Internal error occurred: failed calling webhook "h.x.io": failed to call webhook: Post "https://h": EOF'
    sick = Reply(500, {"kind": "Status", "reason": "InternalError", "message": said, "code": 500})
    routes = {("GET", CONFIG_PATH): not_found(), ("PATCH", CONFIG_PATH): sick}
    with FakeServer(routes) as server, pytest.raises(LlmopsError, match="the webhook does not answer"):
        run(SPEC, server.url, manifests=[CONFIG])


REFUSED = Reply(403, {"kind": "Status", "reason": "Forbidden", "message": "no", "code": 403})
DEPLOYMENT_PATH = "/apis/apps/v1/namespaces/golden/deployments/mistral-7b"


def test_a_delete_that_was_sent_and_not_finished_is_a_change():
    manifest, created = golden("apply_deployment", "apply creates")
    going = copy.deepcopy(created.body)
    going["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    routes = {
        ("GET", DEPLOYMENT_PATH): created,
        ("DELETE", DEPLOYMENT_PATH): Reply(200, going),
        ("GET", "/apis/apps/v1/namespaces/golden/deployments"): REFUSED,
    }
    with FakeServer(routes) as server, pytest.raises(HttpError) as error:
        run(SPEC, server.url, manifests=[manifest], state="absent")
    assert error.value.fields["deleted"] == ["Deployment golden/mistral-7b"]
    assert error.value.after_changes


def test_a_delete_that_is_refused_is_none_but_those_before_it_are():
    gone = {"kind": "Status", "status": "Success"}
    for second, changed in ((gone, True), (REFUSED, False)):
        routes = {
            ("GET", CONFIG_PATH): config(a="1"),
            ("GET", SECOND_PATH): config(a="1"),
            ("DELETE", CONFIG_PATH): REFUSED,
            ("DELETE", SECOND_PATH): second,
        }
        with FakeServer(routes) as server, pytest.raises(HttpError) as error:
            run(SPEC, server.url, manifests=[CONFIG, SECOND], state="absent")
        assert error.value.after_changes is changed


def test_an_exported_object_is_applied_by_what_it_says_and_not_by_what_the_server_wrote():
    written = {"uid": "u", "generation": 3, "creationTimestamp": "2026-01-01T00:00:00Z"}
    exported = {
        **CONFIG,
        "metadata": {**CONFIG["metadata"], "resourceVersion": "5", "selfLink": "/x", **written},
        "status": {"a": 1},
    }
    routes = {("GET", CONFIG_PATH): not_found(), ("PATCH", CONFIG_PATH): Reply(201, config(a="1"))}
    with FakeServer(routes) as server:
        run(SPEC, server.url, manifests=[exported])
        sent = server.requests[-1].body
    assert sent == {**CONFIG, "metadata": {"name": "counters", "namespace": "golden"}}
    with FakeServer({("GET", CONFIG_PATH): config(a="1")}) as server:
        assert run(SPEC, server.url, manifests=[exported])["totals"] == {"unchanged": 1}
