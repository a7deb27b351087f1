# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What preflight warns of where anybody on the internet can reach the model."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.workflows.preflight.deployment import read_deployment
from ansible_collections.llmops.gke.plugins.module_utils.workflows.preflight.findings import WARNING
from ansible_collections.llmops.gke.plugins.module_utils.workflows.preflight.rules.exposure import check_exposure
from tests.unit.preflight_plans import deployment_plan

OPEN: dict[str, Any] = {"llmops_exposure": "external", "llmops_source_ranges": []}
GATEWAY = OPEN | {"llmops_exposure": "gateway"}
TLS = {"model_server_gateway_tls_secret": "mistral-tls"}
MAP = {"model_server_gateway_certificate_map": "mistral"}
SERVED = {"replicas": {"least": 1, "most": 1}}


def warnings(options: dict[str, Any], *, key: bool = False, **given: Any) -> list[str]:
    plan = deployment_plan(**{"model": SERVED, **given}, options=options, secrets={"llmops_api_key": key})
    found = list(check_exposure(read_deployment(plan)))
    assert {one.severity for one in found} <= {WARNING}
    return [one.message for one in found]


@pytest.mark.parametrize("options", [OPEN, GATEWAY])
def test_a_model_that_anybody_can_use_is_warned_of(options):
    assert warnings(options) == [
        "the model is open to the internet without key and TLS: anybody who finds its address can use it"
    ]


@pytest.mark.parametrize("certificate", [TLS, MAP])
def test_encryption_alone_keeps_nobody_out(certificate):
    assert warnings(GATEWAY | certificate) == [
        "the model is open to the internet without a key: anybody who finds its address can use it"
    ]
    assert warnings(GATEWAY | certificate, key=True) == []


@pytest.mark.parametrize("options", [OPEN, GATEWAY, OPEN | TLS])
def test_a_key_in_the_clear_is_warned_of(options):
    assert warnings(options, key=True) == ["the API key crosses the internet without TLS, as do prompts and answers"]


@pytest.mark.parametrize(
    "options",
    [
        OPEN | {"llmops_source_ranges": ["203.0.113.0/24"]},
        OPEN | {"llmops_exposure": "internal"},
        OPEN | {"llmops_exposure": "cluster"},
        GATEWAY | {"model_server_gateway_class": "gke-l7-rilb"},
        GATEWAY | {"model_server_gateway_security_policy": "our-offices"},
    ],
)
def test_a_model_that_few_can_reach_is_none(options):
    assert warnings(options) == []


def test_without_a_model_nothing_is_open():
    assert warnings(OPEN, model=None) == []
