# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way from nodes without public addresses to the Hub: Cloud NAT, a mirror, or a warning."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.core.deadline import Deadline
from ansible_collections.llmops.gke.plugins.module_utils.google.apis import SERVICES, GoogleApis
from ansible_collections.llmops.gke.plugins.module_utils.google.compute import nat_networks
from ansible_collections.llmops.gke.plugins.module_utils.workflows.preflight.checks import CHECKS, look_at
from ansible_collections.llmops.gke.plugins.module_utils.workflows.preflight.deployment import read_deployment
from ansible_collections.llmops.gke.plugins.module_utils.workflows.preflight.findings import Finding
from ansible_collections.llmops.gke.plugins.module_utils.workflows.preflight.plan import Plan, read_plan
from tests.unit.fake_http import FakeServer, Reply, google_error
from tests.unit.preflight_plans import deployment_plan

POOL = {"name": "gpu", "locations": ["us-central1-a"], "config": {"machine_type": "g2-standard-12"}}
PRIVATE = {"network_config": {"enable_private_nodes": True}}
PUBLIC = {"network_config": {"enable_private_nodes": False}}
BY_CLUSTER = {"network_config": {"default_enable_private_nodes": True}}
WARNING = "the nodes of gpu have no public addresses, and network default has no Cloud NAT in us-central1"


def plan(pool: dict[str, Any], cluster: dict[str, Any], **options: Any) -> Plan:
    return read_plan(read_deployment(deployment_plan({**POOL, **pool}, cluster=cluster, options=options)))


REMEDY = (
    "gcloud compute routers create llmops --network default --region us-central1 --project {project} && "
    "gcloud compute routers nats create llmops --router llmops --region us-central1 --project {project} "
    "--auto-allocate-nat-external-ips --nat-all-subnet-ip-ranges, or name a mirror (llmops_hf_endpoint)"
)


def findings_of(plan: Plan, networks: set[str], clusters: list[dict[str, Any]] | None = None) -> list[Finding]:
    return look_at(plan, {"nat_networks": networks, "clusters": clusters or []}, {"egress"})


def found(plan: Plan, networks: set[str], clusters: list[dict[str, Any]] | None = None) -> list[str]:
    return [finding.message for finding in findings_of(plan, networks, clusters)]


@pytest.mark.parametrize(
    ("pool", "cluster", "networks", "options", "warned"),
    [
        (PRIVATE, {}, set(), {}, True),
        ({}, BY_CLUSTER, set(), {}, True),
        (PUBLIC, BY_CLUSTER, set(), {}, False),
        ({}, {}, set(), {}, False),
        (PRIVATE, {}, {"default"}, {}, False),
        (PRIVATE, {}, {"another"}, {}, True),
        (PRIVATE, {"network": "projects/host/global/networks/another"}, {"another"}, {}, False),
        (PRIVATE, {}, set(), {"llmops_hf_endpoint": "https://mirror.example.com"}, False),
        (PRIVATE, {}, set(), {"llmops_hf_endpoint": "https://huggingface.co/"}, True),
    ],
)
def test_the_warning_comes_where_nothing_leads_out(pool, cluster, networks, options, warned):
    messages = found(plan(pool, cluster, **options), networks)
    assert [message.startswith(WARNING) for message in messages] == [True] * warned


def test_the_warning_as_a_whole():
    private = plan(PRIVATE, {})
    (finding,) = findings_of(private, set())
    assert finding.message == (
        f"{WARNING}: they may reach neither the Hugging Face Hub nor registries other than Google's"
    )
    assert finding.fix == REMEDY.format(project=private.project)
    assert (finding.check, finding.severity, finding.variable) == ("egress", "warning", "llmops_hf_endpoint")


def test_of_a_network_that_nobody_names_nothing_is_said():
    theirs = replace(plan(PRIVATE, {}), network=None)
    assert found(theirs, set()) == []
    assert len(found(theirs, set(), [{"name": "mistral", "location": "us-central1", "network": "theirs"}])) == 1


def test_a_cluster_that_is_there_counts_with_its_own_network():
    there = {"name": "mistral", "location": "us-central1", "network": "theirs"}
    assert found(plan(PRIVATE, {}), {"theirs"}, [there]) == []
    (message,) = found(plan(PRIVATE, {}), {"default"}, [there])
    assert "network theirs has no Cloud NAT" in message


def test_networks_with_cloud_nat_are_those_of_routers_that_have_a_gateway():
    home = "https://compute.googleapis.com/compute/v1/projects/p/global/networks"
    page = {
        "items": [
            {"name": "nat", "network": f"{home}/default", "nats": [{"name": "nat"}]},
            {"name": "vpn", "network": f"{home}/other"},
        ],
        "nextPageToken": "more",
    }
    last = {"items": [{"name": "nat", "network": f"{home}/third", "nats": [{"name": "nat"}]}]}
    with FakeServer([Reply(200, page), Reply(200, last)]) as server:
        ends = dict.fromkeys(SERVICES.values(), server.url)
        apis = GoogleApis({"access_token": "t", **ends}, Deadline(5))
        assert nat_networks(apis, "p", "us-central1") == {"default", "third"}
        assert server.calls()[0].startswith("GET /projects/p/regions/us-central1/routers")


def test_routers_that_cannot_be_read_are_a_warning():
    with FakeServer([google_error(403, "PERMISSION_DENIED", "No.")]) as server:
        ends = dict.fromkeys(SERVICES.values(), server.url)
        apis = GoogleApis({"access_token": "t", **ends}, Deadline(5))
        with pytest.raises(Exception, match="read the routers of us-central1") as raised:
            nat_networks(apis, "p", "us-central1")
    (finding,) = look_at(plan(PRIVATE, {}), {"nat_networks": raised.value, "clusters": [{"name": "a"}]}, {"egress"})
    assert (finding.check, finding.severity) == ("egress", "warning")
    assert finding.message.startswith("could not be checked: read the routers of us-central1")
    assert CHECKS["egress"].warns
