# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A cluster without a public endpoint: every playbook reaches it by one variable, and kubectl by what is written.

The DNS name is known to no resolver: whoever went another way would not come through. The tests build on each other.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.playbooks.dns_front import DnsFront
from tests.playbooks.playground import Sandbox

ENDPOINTS = {
    "dns_endpoint_config": {"allow_external_traffic": True},
    "ip_endpoints_config": {"enable_public_endpoint": False},
}
PRIVATE = {
    "gke_cluster_fields": {
        "control_plane_endpoints_config": ENDPOINTS,
        "network_config": {"default_enable_private_nodes": True},
    }
}


@pytest.fixture(scope="module")
def front(sandbox: Sandbox) -> Iterator[DnsFront]:
    def endpoint() -> str:
        clusters = requests.get(f"{sandbox.endpoints['admin']}/status", timeout=10).json()["clusters"]
        return clusters[0]["endpoint"]

    with DnsFront(endpoint, authority(sandbox)) as running:
        yield running


def authority(sandbox: Sandbox) -> Path:
    return sandbox.directory.parent / "authority.pem"


def play(sandbox: Sandbox, front: DnsFront, playbook: str, *arguments: str, **variables: Any):
    """Run a playbook where the front's authority is one of the system's."""
    chosen = {**PRIVATE, "llmops_cluster_endpoint": "dns", "llmops_cluster_proxy_url": front.url, **variables}
    environment = {"REQUESTS_CA_BUNDLE": str(authority(sandbox)), "HF_TOKEN": "hf_test"}
    return sandbox.play(playbook, *arguments, variables=chosen, **environment)


@pytest.mark.parametrize("playbook", ["deploy", "deploy again", "verify", "status"])
def test_every_playbook_goes_by_the_name(sandbox: Sandbox, front: DnsFront, playbook: str):
    front.asked.clear()
    run = play(sandbox, front, f"{playbook.partition(' ')[0]}.yml")
    assert run.code == 0, run.output
    assert playbook != "deploy again" or run.recap["changed"] == 0
    assert front.asked
    assert all(re.fullmatch(r"CONNECT gke-[0-9a-f]{40}\.us-central1\.gke\.goog:443", one) for one in front.asked)
    # The sandbox's inventory names a mirror of the Hub.
    assert "Cloud NAT" not in run.output


def test_kubectl_goes_the_same_way(sandbox: Sandbox, front: DnsFront):
    front.asked.clear()
    environment = sandbox.client_environment() | {"SSL_CERT_FILE": str(authority(sandbox))}
    command = ["kubectl", "get", "deployments", "--output", "name"]
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "deployment.apps/mistral-7b"
    assert front.asked


def test_an_endpoint_that_is_off_is_refused_by_the_variable_s_name(sandbox: Sandbox, front: DnsFront):
    run = play(sandbox, front, "verify.yml", llmops_cluster_endpoint="public", llmops_cluster_proxy_url="")
    assert run.code != 0
    said = " ".join(run.output.split())
    assert "it has no public endpoint" in said
    assert "or set llmops_cluster_endpoint to dns or private" in said


def test_the_teardown_goes_by_the_name(sandbox: Sandbox, front: DnsFront):
    front.asked.clear()
    run = play(sandbox, front, "teardown.yml")
    assert run.code == 0, run.output
    assert front.asked
