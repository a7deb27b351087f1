# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When Gateways, HTTPRoutes and Services that change their type are ready, by the statuses that GKE writes."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.wait.readiness import state_of
from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.wait.states import Failed, Ready, Waiting

API = "gateway.networking.k8s.io/v1"


def condition(kind: str, status: str = "True", reason: str = "Why", seen: int = 2) -> dict[str, Any]:
    return {"type": kind, "status": status, "reason": reason, "message": "said", "observedGeneration": seen}


def gateway(*conditions: dict[str, Any], addresses: tuple[str, ...] = ("34.1.2.3",)) -> dict[str, Any]:
    status = {"conditions": list(conditions), "addresses": [{"value": address} for address in addresses]}
    return {"apiVersion": API, "kind": "Gateway", "metadata": {"generation": 2}, "status": status}


def route(*parents: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "apiVersion": API,
        "kind": "HTTPRoute",
        "metadata": {"generation": 2},
        "spec": {"parentRefs": [{"name": "one"}]},
        "status": {"parents": [{"conditions": conditions} for conditions in parents]},
    }


def service(address: str, **annotations: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"generation": 2, "annotations": annotations},
        "spec": {"type": "LoadBalancer"},
        "status": {"loadBalancer": {"ingress": [{"ip": address}]}},
    }


GKE = {"cloud.google.com/neg": "{}"}
INTERNAL = GKE | {"networking.gke.io/load-balancer-type": "Internal"}
TAKEN = [condition("Accepted"), condition("ResolvedRefs")]


@pytest.mark.parametrize(
    ("obj", "expected", "why"),
    [
        (gateway(condition("Programmed")), Ready, ""),
        (gateway(condition("Programmed"), addresses=()), Waiting, ""),
        (gateway(), Waiting, "not set up yet"),
        (gateway(condition("Programmed", seen=1)), Waiting, "not set up yet"),
        (gateway(condition("Programmed", "False", "Pending")), Waiting, "Pending: said"),
        (gateway(condition("Accepted", "False", "InvalidParameters")), Failed, "InvalidParameters: said"),
        (gateway(condition("Accepted", "False", seen=1)), Waiting, "not set up yet"),
        (route(TAKEN), Ready, ""),
        (route(), Waiting, "has not taken it"),
        (route([condition("Accepted")]), Waiting, "has not taken it"),
        (route([condition("Accepted", "False", "NotAllowedByListeners")]), Failed, "NotAllowedByListeners"),
        (route([condition("Accepted", "False", "NoMatchingParent")]), Waiting, "NoMatchingParent"),
        (route([TAKEN[0], condition("ResolvedRefs", "False", "BackendNotFound")]), Waiting, "BackendNotFound"),
        (route([TAKEN[0], condition("ResolvedRefs", "False", "RefNotPermitted")]), Failed, "RefNotPermitted"),
        (service("34.1.2.3", **GKE), Ready, ""),
        (service("10.128.0.9", **GKE), Waiting, "10.128.0.9 is still the internal one"),
        (service("10.128.0.9", **INTERNAL), Ready, ""),
        # Of a cluster that is not GKE's.
        (service("172.18.0.4"), Ready, ""),
    ],
)
def test_states(obj, expected, why):
    state = state_of(obj)
    assert isinstance(state, expected)
    assert why in state.why
