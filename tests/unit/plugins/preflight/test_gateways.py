# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What preflight asks of the cluster and the network of a model behind a Gateway."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.workflows.preflight.access.table import (
    PICKER,
    apis_of,
    permissions_of,
)
from ansible_collections.llmops.gke.plugins.module_utils.workflows.preflight.checks import look_at
from ansible_collections.llmops.gke.plugins.module_utils.workflows.preflight.deployment import read_deployment
from ansible_collections.llmops.gke.plugins.module_utils.workflows.preflight.plan import Plan, read_plan
from tests.unit.preflight_plans import deployment_plan

HOME = "https://www.googleapis.com/compute/v1/projects/demo-project"
REGIONAL, GLOBAL = "gke-l7-rilb", "gke-l7-global-external-managed"
SERVED = {"replicas": {"least": 1, "most": 1}}
NEW, OLD = "1.34.0-gke.1626000", "1.34.0-gke.1625999"


def plan(cls: str = REGIONAL, *, pool: bool = False, exposure: str = "gateway", **cluster: Any) -> Plan:
    options = {"llmops_exposure": exposure, "model_server_gateway_class": cls}
    given = deployment_plan(cluster=cluster, model=SERVED | {"inference_pool": pool}, options=options)
    return read_plan(read_deployment(given))


def proxies(region: str = "us-central1", network: str = "default", purpose: str = "REGIONAL_MANAGED_PROXY") -> dict:
    return {
        "name": "proxy-only",
        "network": f"{HOME}/global/networks/{network}",
        "region": f"{HOME}/regions/{region}",
        "purpose": purpose,
    }


def found(
    plan: Plan, *subnetworks: dict, clusters: Any = (), default: str = NEW, offered: tuple[str, ...] = (NEW, OLD)
) -> list[str]:
    server_config = {"defaultClusterVersion": default, "validMasterVersions": list(offered)}
    facts = {"clusters": list(clusters), "subnetworks": list(subnetworks), "server_config": server_config}
    return [f"{one.message}; {one.fix} ({one.variable})" for one in look_at(plan, facts, {"gateway"})]


def there(version: str = NEW, **fields: Any) -> dict:
    name = {"name": "mistral", "location": "us-central1", "network": "default"}
    return {**name, "currentMasterVersion": version, **fields}


@pytest.mark.parametrize(
    ("cls", "subnetwork", "told"),
    [
        (REGIONAL, proxies(), False),
        (REGIONAL, proxies(purpose="INTERNAL_HTTPS_LOAD_BALANCER"), False),
        (REGIONAL, proxies(purpose="PRIVATE"), True),
        (REGIONAL, proxies(region="europe-west4"), True),
        (REGIONAL, proxies(network="other"), True),
        ("gke-l7-regional-external-managed", proxies(network="other"), True),
        (GLOBAL, proxies(network="other"), False),
    ],
)
def test_a_regional_class_needs_its_proxies_subnetwork(cls: str, subnetwork: dict, told: bool):
    messages = found(plan(cls), subnetwork)
    start = (
        f"a Gateway of class {cls} needs a proxy-only subnetwork, and network default has none in us-central1; gcloud"
    )
    assert [one.startswith(start) for one in messages] == [True] * told


def test_the_network_is_that_of_the_cluster_that_is_there():
    assert found(plan(), proxies(), clusters=[there(network="theirs")]) != []
    assert found(plan(), proxies(network="theirs"), clusters=[there(network="theirs")]) == []


def test_a_cluster_whose_load_balancing_is_off_has_no_gateways():
    off = there(addonsConfig={"httpLoadBalancing": {"disabled": True}})
    (message,) = found(plan(GLOBAL), clusters=[off])
    assert "add-on HttpLoadBalancing switched off" in message and "--update-addons HttpLoadBalancing=ENABLED" in message
    assert found(plan(GLOBAL), clusters=[there(addonsConfig={"httpLoadBalancing": {}})]) == []


@pytest.mark.parametrize(
    ("has", "told"), [(NEW, False), (OLD, True), ("1.36.1-gke.1", False), ("1.33.9-gke.9999999", True), ("", False)]
)
def test_a_pool_needs_a_release_that_has_its_kind(has: str, told: bool):
    of_it = found(plan(pool=True), proxies(), clusters=[there(has)])
    of_a_new_one = found(plan(pool=True), proxies(), default=has)
    said = f"an InferencePool needs GKE {NEW}, and cluster mistral has {has}; "
    assert [one.startswith(said) for one in of_it] == [one.startswith(said) for one in of_a_new_one] == [True] * told
    assert found(plan(), proxies(), clusters=[there(has)]) == []


@pytest.mark.parametrize(("asked", "told"), [("1.34", False), (OLD, True), (NEW, False), ("1.33", True)])
def test_the_release_that_is_asked_for_counts(asked: str, told: bool):
    messages = found(
        plan(pool=True, initial_cluster_version=asked), proxies(), default=OLD, offered=(NEW, OLD, "1.33.9-gke.1")
    )
    assert len(messages) == told
    assert all("set gke_cluster_fields.initial_cluster_version to 1.34.0" in one for one in messages), messages


@pytest.mark.parametrize("exposure", ["external", "internal", "cluster"])
def test_without_a_gateway_nothing_is_asked(exposure: str):
    assert found(plan(exposure=exposure), clusters=[there(OLD)]) == []


def test_a_picker_needs_an_api_and_rights_of_its_own():
    with_it, without = plan(pool=True), plan()
    assert {one.service for one in apis_of(with_it)} - {one.service for one in apis_of(without)} == {
        "networkservices.googleapis.com"
    }
    more = set(permissions_of(with_it)) - set(permissions_of(without))
    assert more >= {"container.roles.create", "container.roles.escalate", "container.serviceAccounts.create"}, PICKER
