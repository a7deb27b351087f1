# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which requests hand a number of replicas over, on objects that a real API server wrote."""

from __future__ import annotations

import copy
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.apply.refusals import ApplyConflict
from ansible_collections.llmops.gke.plugins.modules.k8s_apply import SPEC
from tests.unit.fake_http import FakeServer, Reply, Request
from tests.unit.plugins.kubernetes.k8s_support import DEPLOYMENT_PATH, golden, not_found, run

AUTOSCALERS = "/apis/autoscaling/v2/namespaces/golden/horizontalpodautoscalers"
AUTOSCALER = f"{AUTOSCALERS}/mistral-7b-hpa"
HOLDER = "ansible-handover"


class Server(FakeServer):
    """Has one Deployment and at most one autoscaler.

    refuses: manager -> the owner of the number of replicas, in a conflict's words, that its applies meet without force.
    """

    def __init__(self, live: dict[str, Any], autoscaler: dict[str, Any] | None, **refuses: str) -> None:
        super().__init__(self._respond)
        self.live, self.autoscaler, self.refuses = live, autoscaler, refuses
        self.lists: Any = None

    def _respond(self, request: Request) -> Any:
        path, query = urlsplit(request.path).path, parse_qs(urlsplit(request.path).query)
        if path == AUTOSCALERS:
            return self.lists or {"items": [self.autoscaler] if self.autoscaler else [], "metadata": {}}
        if path == AUTOSCALER:
            if request.method == "PATCH":
                return Reply(201, {**request.body, "metadata": {**request.body["metadata"], "resourceVersion": "1"}})
            return self.autoscaler or not_found()
        if request.method == "GET":
            return self.live
        (manager,) = query["fieldManager"]
        if manager in self.refuses and "force" not in query:
            return conflict(self.refuses[manager])
        if manager == HOLDER:
            self.refuses = {}
        return self.live

    def sent(self) -> list[tuple[str, Any, str]]:
        """Of each write of the Deployment: its manager, its number of replicas, and how it was sent."""
        found = []
        for request in self.requests:
            if request.method == "PATCH" and request.path.startswith(DEPLOYMENT_PATH):
                query = parse_qs(urlsplit(request.path).query)
                how = " ".join(name for name in ("force", "dryRun") if name in query)
                found.append((query["fieldManager"][0], request.body.get("spec", {}).get("replicas"), how))
        return found


def conflict(owner: str) -> Reply:
    """The recorded refusal, with another owner."""
    _manifest, recorded = golden("apply_deployment", "apply of a field that another owns: conflict")
    body = copy.deepcopy(recorded.body)
    body["details"]["causes"][0]["message"] = f"conflict with {owner}"
    return Reply(409, body)


def ours(replicas: int) -> dict[str, Any]:
    """The recorded Deployment whose number of replicas is its applier's."""
    body = copy.deepcopy(golden("apply_deployment", "force takes it")[1].body)
    body["spec"]["replicas"] = replicas
    return body


def manifest(replicas: int | None) -> dict[str, Any]:
    body = copy.deepcopy(golden("apply_deployment", "force takes it")[0])
    body["spec"].pop("replicas")
    if replicas is not None:
        body["spec"]["replicas"] = replicas
    return body


def autoscaler() -> dict[str, Any]:
    return copy.deepcopy(golden("hpa", "its status when no metrics API answers")[1].body)


def autoscaler_manifest() -> dict[str, Any]:
    return golden("hpa", "apply creates it")[0]


def apply(server: Server, *manifests: dict[str, Any], check: bool = False) -> dict[str, Any]:
    return run(SPEC, server.url, check=check, manifests=list(manifests), field_manager="ansible")


@pytest.mark.parametrize("known_by", ["manifest", "look"])
def test_the_number_is_held_before_it_is_left_out(known_by):
    given = [autoscaler_manifest()] if known_by == "manifest" else []
    with Server(ours(2), None if given else autoscaler()) as server:
        apply(server, manifest(None), *given)
    dry = [("ansible", 2, "dryRun")] if given else []
    assert server.sent() == [*dry, (HOLDER, 2, ""), ("ansible", None, "")]
    assert any(AUTOSCALERS in call for call in server.calls())
    holder = next(request.body for request in server.requests if HOLDER in request.path)
    assert holder == {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "mistral-7b", "namespace": "golden"},
        "spec": {"replicas": 2},
    }


def test_a_preview_asks_with_the_number_and_foretells_that_it_is_left_to_others():
    with Server(ours(2), autoscaler()) as server:
        result = apply(server, manifest(None), check=True)
    assert server.sent() == [("ansible", 2, "dryRun")]
    assert [change["field"] for change in result["plan"][0]["changes"]] == ["field manager of spec.replicas"]


def test_an_autoscaler_that_was_quicker_is_no_failure():
    with Server(ours(2), autoscaler(), **{HOLDER: '"kcm" with subresource "scale" using apps/v1'}) as server:
        apply(server, manifest(None))
    assert server.sent() == [(HOLDER, 2, ""), ("ansible", None, "")]


@pytest.mark.parametrize(
    ("live", "there"),
    [
        (ours(0), True),
        (ours(2), False),
        (golden("apply_deployment", "another manager takes spec.replicas")[1].body, True),
    ],
    ids=["none, on which no autoscaler acts", "no autoscaler", "another's already"],
)
def test_where_there_is_nothing_to_hold_nothing_is_held(live, there):
    with Server(live, autoscaler() if there else None) as server:
        apply(server, manifest(None))
    assert server.sent() == [("ansible", None, "")]


def test_what_one_may_not_look_for_is_not_there():
    with Server(ours(2), None) as server:
        server.lists = Reply(403, {"kind": "Status", "message": "horizontalpodautoscalers is forbidden", "code": 403})
        apply(server, manifest(None))
    assert server.sent() == [("ansible", None, "")]


# "kcm" is what the controller manager was called where the objects were recorded; it writes the Deployment's status.
SCALED = '"kcm" with subresource "scale" using apps/v1'


@pytest.mark.parametrize("owner", [SCALED, f'"{HOLDER}"'], ids=["it scaled", "it never scaled"])
def test_the_number_alone_is_taken_from_an_autoscaler_that_is_gone(owner):
    with Server(ours(2), None, ansible=owner) as server:
        apply(server, manifest(3))
    assert server.sent() == [("ansible", 3, ""), (HOLDER, 3, "force"), ("ansible", 3, ""), (HOLDER, None, "")]
    with Server(ours(2), None, ansible=owner) as server:
        apply(server, manifest(3), check=True)
    assert server.sent() == [("ansible", 3, "dryRun"), ("ansible", 3, "force dryRun")]


@pytest.mark.parametrize(
    ("owner", "wanted", "given", "there"),
    [
        ('"kubectl" with subresource "scale" using apps/v1', 3, False, False),
        ('"kcm" using apps/v1', 3, False, False),
        (SCALED, 3, False, True),
        (SCALED, 0, False, True),
        (SCALED, 3, True, True),
        ('"kubectl" with subresource "scale" using apps/v1', 0, True, True),
    ],
)
def test_every_other_owner_is_named_and_keeps_the_number(owner, wanted, given, there):
    manifests = [manifest(wanted), *([autoscaler_manifest()] if given else [])]
    with Server(ours(2), autoscaler() if there else None, ansible=owner) as server:
        with pytest.raises(ApplyConflict, match=r"spec\.replicas"):
            apply(server, *manifests)
        assert {manager for manager, _count, _how in server.sent()} == {"ansible"}


def test_an_autoscaler_of_the_same_task_is_put_to_sleep():
    with Server(ours(2), autoscaler(), ansible=SCALED) as server:
        apply(server, manifest(0), autoscaler_manifest(), check=True)
    assert ("ansible", 0, "force dryRun") in server.sent()


def test_an_autoscaler_of_another_workload_does_not_count():
    other = autoscaler()
    other["spec"]["scaleTargetRef"]["name"] = "another"
    with Server(ours(2), other, ansible=SCALED) as server:
        apply(server, manifest(3))
    assert (HOLDER, 3, "force") in server.sent()
    with Server(ours(2), other) as server:
        apply(server, manifest(None))
    assert server.sent() == [("ansible", None, "")]
