# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tasks of a play that find a cluster where another of them found it, and look again where it is not there any more."""

from __future__ import annotations

import base64
import ssl
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
import trustme

from ansible_collections.llmops.gke.plugins.module_utils.core import play_memory
from ansible_collections.llmops.gke.plugins.module_utils.core.deadline import Deadline
from ansible_collections.llmops.gke.plugins.module_utils.core.errors import HttpError
from ansible_collections.llmops.gke.plugins.module_utils.gke import client
from ansible_collections.llmops.gke.plugins.module_utils.gke.client import ClusterAbsent
from ansible_collections.llmops.gke.plugins.module_utils.workflows import cluster_access
from ansible_collections.llmops.gke.plugins.modules.gpu_metrics_exporter import SPEC as EXPORTER
from ansible_collections.llmops.gke.plugins.modules.k8s_info import SPEC as INFO
from tests.unit.fake_http import FakeServer, Reply, Request, google_error
from tests.unit.plugins.kubernetes.k8s_support import CONFIG_PATH, config, not_found, run

WANTED = {"kind": "ConfigMap", "namespace": "golden", "name": "counters"}
PLACE = {"project": "demo-project", "location": "us-central1"}


class Gke:
    """GKE with one cluster, whose endpoint may change or go."""

    def __init__(self, server: FakeServer, endpoint: str | None) -> None:
        self.server = server
        self.endpoint = endpoint
        self.status = "RUNNING"
        self.authority = "Q0E="
        self.components = ["SYSTEM_COMPONENTS", "DCGM"]

    def answer(self, request) -> Reply:
        if request.method == "PUT":
            return google_error(403, "PERMISSION_DENIED", "no")
        if self.endpoint is None:
            return google_error(404, "NOT_FOUND", "Not found.")
        return Reply(
            200,
            {
                "name": "mistral",
                "status": self.status,
                "endpoint": self.endpoint,
                "masterAuth": {"clusterCaCertificate": self.authority, "clientKey": "c2VjcmV0"},
                "monitoringConfig": {
                    "componentConfig": {"enableComponents": self.components},
                    "managedPrometheusConfig": {"enabled": True},
                },
                "nodePools": [],
            },
        )

    def client(self) -> client.GkeClient:
        return client.GkeClient({"access_token": "t", "container_api_endpoint": self.server.url}, Deadline(5))

    @property
    def asked(self) -> int:
        return len(self.server.requests)


@pytest.fixture
def api() -> Iterator[FakeServer]:
    with FakeServer({("GET", CONFIG_PATH): config(a="1")}) as server:
        yield server


@pytest.fixture
def gke(api, monkeypatch) -> Iterator[Gke]:
    monkeypatch.setattr(play_memory, "shared", play_memory.PlayMemory())
    monkeypatch.setattr(
        cluster_access,
        "entry_of",
        lambda cluster, *_: SimpleNamespace(cluster={"server": f"http://{cluster['endpoint']}"}),
    )

    def answer(request: Request) -> Reply:
        return cloud.answer(request)

    with FakeServer(answer) as server:
        cloud = Gke(server, api.url.removeprefix("http://"))
        yield cloud


def read(gke: Gke, **given):
    access = {**PLACE, "cluster": "mistral", "access_token": "t", "container_api_endpoint": gke.server.url}
    return run(INFO, "", **access, **WANTED, **given)


def test_the_second_task_does_not_ask_gke_where_the_cluster_is(gke, api):
    assert read(gke)["http_requests"] == 2
    assert read(gke)["http_requests"] == 1
    assert (gke.asked, len(api.requests)) == (1, 2)


def test_what_is_kept_of_a_cluster_tells_no_secret_and_nothing_of_its_nodes(gke):
    read(gke)
    kept = gke.client().recent_cluster("demo-project", "us-central1", "mistral")
    assert kept["masterAuth"] == {"clusterCaCertificate": "Q0E="}
    assert "nodePools" not in kept


def test_a_process_of_its_own_asks(gke, monkeypatch):
    read(gke)
    monkeypatch.setattr(play_memory, "shared", None)
    assert read(gke)["http_requests"] == 2


def test_a_cluster_that_was_read_a_while_ago_is_read_again(gke, monkeypatch):
    read(gke)
    monkeypatch.setattr(client, "_RECENT", 0.0)
    assert read(gke)["http_requests"] == 2


@pytest.mark.parametrize(
    "former",
    [
        pytest.param(None, id="nothing answers"),
        pytest.param(
            Reply(401, {"kind": "Status", "reason": "Unauthorized", "code": 401}), id="another knows no token"
        ),
        pytest.param(Reply(404, "<html>no such host</html>", {"Content-Type": "text/html"}), id="a gateway"),
    ],
)
def test_a_cluster_that_was_created_anew_elsewhere_is_found_there(gke, api, former):
    with FakeServer({("GET", CONFIG_PATH): former}) as old:
        new, gke.endpoint = gke.endpoint, old.url.removeprefix("http://")
        if former is None:
            gke.endpoint = "127.0.0.1:9"
        gke.client().cluster("demo-project", "us-central1", "mistral")
        gke.endpoint = new
        found = read(gke)
    assert found["resources"][0]["data"] == {"a": "1"}
    assert (gke.asked, len(api.requests)) == (2, 1)


@pytest.fixture
def recreated(gke, api, monkeypatch) -> Gke:
    """A cluster that a task of the play has read, and that was created anew since: at its address, with another CA."""
    former, new = trustme.CA(), trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    new.issue_cert("127.0.0.1").configure_cert(context)
    api._server.socket = context.wrap_socket(api._server.socket, server_side=True)

    def entry(cluster, *_):
        authority = cluster["masterAuth"]["clusterCaCertificate"]
        return SimpleNamespace(
            cluster={"server": f"https://{cluster['endpoint']}", "certificate-authority-data": authority}
        )

    monkeypatch.setattr(cluster_access, "entry_of", entry)
    gke.authority = base64.b64encode(former.cert_pem.bytes()).decode()
    gke.client().cluster("demo-project", "us-central1", "mistral")
    gke.authority = base64.b64encode(new.cert_pem.bytes()).decode()
    return gke


def test_a_cluster_that_was_created_anew_where_it_was_is_known_by_its_new_ca(recreated, api):
    found = read(recreated)
    assert found["resources"][0]["data"] == {"a": "1"}
    assert (recreated.asked, len(api.requests)) == (2, 1)
    # And the next task knows.
    read(recreated)
    assert (recreated.asked, len(api.requests)) == (2, 2)


def test_who_is_not_known_by_gke_either_stays_refused(recreated, api):
    recreated.authority = base64.b64encode(trustme.CA().cert_pem.bytes()).decode()
    with pytest.raises(HttpError, match="no TLS connection: .*CERTIFICATE_VERIFY_FAILED"):
        read(recreated)
    assert (recreated.asked, len(api.requests)) == (2, 0)


def test_an_object_that_is_absent_is_no_reason_to_ask_gke_again(gke, api):
    read(gke)
    api._behaviour = {("GET", CONFIG_PATH): not_found("counters")}
    assert read(gke)["resources"] == []
    assert gke.asked == 1


def test_a_cluster_that_went_in_the_meantime_is_absent(gke, api):
    read(gke)
    api._behaviour = {("GET", CONFIG_PATH): Reply(401, {"kind": "Status", "reason": "Unauthorized", "code": 401})}
    gke.endpoint = None
    with pytest.raises(ClusterAbsent, match="does not exist"):
        read(gke)
    # And the next task knows.
    assert read(gke)["exists"] is False


def test_a_cluster_that_is_being_made_is_asked_for_each_time(gke):
    gke.status = "PROVISIONING"
    assert read(gke)["exists"] is False
    gke.status = "RUNNING"
    assert read(gke)["exists"] is True


@pytest.mark.parametrize("check", [False, True])
@pytest.mark.parametrize("components", [["SYSTEM_COMPONENTS", "DCGM"], ["SYSTEM_COMPONENTS"]])
def test_the_monitoring_that_is_remembered_is_not_asked_for_again_until_it_is_changed(gke, api, components, check):
    gke.components = components
    read(gke)
    api._behaviour = {
        ("GET", "/api/v1/namespaces/gpu-metrics/configmaps/gpu-metrics-exporter"): not_found("x"),
        ("GET", "/apis/apps/v1/daemonsets"): {"metadata": {}, "items": []},
    }
    access = {**PLACE, "cluster": "mistral", "access_token": "t", "container_api_endpoint": gke.server.url}
    if "DCGM" in components or check:
        found = run(EXPORTER, "", check=check, **access)
        assert found["changed"] == ("DCGM" not in components)
        assert [request.method for request in gke.server.requests] == ["GET"]
    else:
        with pytest.raises(HttpError):
            run(EXPORTER, "", **access)
        assert [request.method for request in gke.server.requests] == ["GET", "PUT"]
