# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One deployment whose exposure is changed: inside the cluster, in the VPC, by a Gateway, on the internet.

The tests of this file build on each other, in their order: one deployment serves them all.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
import requests

from tests.playbooks.watching import Watcher

TAGS = ("--tags", "gke_cluster,model_server,verify")
GATEWAY_KINDS = ("gateways.gateway.networking.k8s.io", "httproutes.gateway.networking.k8s.io",
                 "healthcheckpolicies.networking.gke.io", "gcpbackendpolicies.networking.gke.io")  # fmt: skip
GATEWAY = {
    "llmops_exposure": "gateway",
    "model_server_gateway_paths": ["/v1", "/health", "/info", "/generate", "/generate_stream"],
}


@pytest.fixture(scope="module")
def watcher(sandbox) -> Watcher:
    return Watcher(sandbox)


def words(run) -> str:
    return " ".join(run.output.split())


def service(watcher) -> dict[str, Any]:
    return watcher.get("service", "mistral-7b-service")


def names(watcher) -> dict[str, list[str]]:
    return {kind: [one["metadata"]["name"] for one in watcher.get(kind)["items"]] for kind in GATEWAY_KINDS}


def switch(sandbox, **variables: Any) -> None:
    """Change the exposure, and see that nothing is left to change then."""
    run = sandbox.play("deploy.yml", *TAGS, variables=variables)
    assert run.code == 0, run.output
    again = sandbox.play("deploy.yml", "--tags", "model_server", "--check", variables=variables)
    assert (again.code, again.recap["changed"]) == (0, 0), again.output


def test_inside_the_cluster_it_is_verified_by_a_forwarded_port(sandbox, watcher):
    run = sandbox.play("deploy.yml", variables={"llmops_exposure": "cluster"})
    assert run.code == 0, run.output
    assert "address in the cluster: mistral-7b-service.default.svc:8080" in words(run)
    assert "open to the internet" not in run.output
    found = service(watcher)
    assert (found["spec"]["type"], found["status"]["loadBalancer"]) == ("ClusterIP", {})
    assert json.loads(sandbox.report.with_suffix(".json").read_text())["deployment"]["exposure"] == (
        "inside the cluster alone, without an API key"
    )


def test_in_the_vpc_the_service_changes_its_type_in_place(sandbox, watcher):
    before = service(watcher)["metadata"]["uid"]
    switch(sandbox, llmops_exposure="internal", model_server_global_access=True)
    found = service(watcher)
    assert (found["spec"]["type"], found["metadata"]["uid"]) == ("LoadBalancer", before)
    annotations = found["metadata"]["annotations"]
    assert annotations["networking.gke.io/load-balancer-type"] == "Internal"
    assert annotations["networking.gke.io/internal-load-balancer-allow-global-access"] == "true"


def test_a_gateway_lets_its_paths_through_and_nothing_else(sandbox, watcher):
    # The kinds of the Gateway API are not there yet: a preview knows them all the same.
    sandbox.forget_requests()
    planned = sandbox.play("deploy.yml", *TAGS, "--check", variables=GATEWAY)
    assert (planned.code, planned.recap["changed"], sandbox.writes_beside_dry_runs()) == (0, 2, []), planned.output
    switch(sandbox, **GATEWAY)
    assert set(map(tuple, names(watcher).values())) == {("mistral-7b",)}
    gateway = watcher.get("gateways.gateway.networking.k8s.io", "mistral-7b")
    (address,) = gateway["status"]["addresses"]
    url = f"http://{address['value']}:8080"
    assert requests.get(f"{url}/info", timeout=10).json()["model_id"] == "mistralai/Mistral-7B-Instruct-v0.1"
    assert requests.get(f"{url}/metrics", timeout=10).status_code == 404
    found = service(watcher)
    assert found["spec"]["type"] == "ClusterIP"
    assert "nodePort" not in found["spec"]["ports"][0]
    assert "networking.gke.io/load-balancer-type" not in found["metadata"].get("annotations", {})


def test_back_on_the_internet_nothing_of_the_gateway_is_left(sandbox, watcher):
    switch(sandbox)
    assert set(map(tuple, names(watcher).values())) == {()}
    assert service(watcher)["spec"]["type"] == "LoadBalancer"
    told = words(sandbox.play("deploy.yml", "--tags", "preflight"))
    assert "exposure: the model is open to the internet without key and TLS" in told


def test_teardown_takes_a_gateway_with_it(sandbox, watcher):
    run = sandbox.play("deploy.yml", "--tags", "model_server", variables=GATEWAY)
    assert run.code == 0, run.output
    sandbox.forget_requests()
    run = sandbox.play("teardown.yml", variables=GATEWAY)
    assert run.code == 0, run.output
    deleted = [write for write in sandbox.writes() if write.startswith("DELETE")]
    assert any("/gateways/mistral-7b" in write for write in deleted), deleted
