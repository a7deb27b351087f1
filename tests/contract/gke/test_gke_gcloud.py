# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the real gcloud does, beside what the GKE modules do. Skipped only where there is no gcloud."""

from __future__ import annotations

import os
import shutil
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.core.result import silent
from ansible_collections.llmops.gke.plugins.module_utils.engines.gke import gke_kubeconfig
from ansible_collections.llmops.gke.plugins.module_utils.engines.gke.gke_kubeconfig import ARGUMENT_SPEC as KUBECONFIG
from ansible_collections.llmops.gke.plugins.module_utils.gke.kubeconfig.endpoint import EndpointAbsent
from tests.unit.fake_http import FakeServer, google_error
from tests.unit.plugins.gke.gke_support import (
    CLUSTER,
    CLUSTER_PATH,
    LOCATION,
    PROJECT,
    options,
    running,
)

pytestmark = pytest.mark.skipif(shutil.which("gcloud") is None, reason="gcloud is not installed")

LIVE = running(
    name=CLUSTER,
    zone=LOCATION,
    location=LOCATION,
    endpoint="203.0.113.9",
    masterAuth={"clusterCaCertificate": "Q0E="},
    controlPlaneEndpointsConfig={
        "ipEndpointsConfig": {"enabled": True, "privateEndpoint": "10.0.0.2"},
        "dnsEndpointConfig": {"endpoint": "gke-1.us-central1.gke.goog", "allowExternalTraffic": True},
    },
    privateClusterConfig={"privateEndpoint": "10.0.0.2"},
)


def gcloud(home: Path, url: str, *arguments: str) -> None:
    """Run gcloud against the server, with a configuration of its own and a token that nobody checks."""
    token = home / "token"
    token.write_text("token")
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "KUBECONFIG": str(home / "theirs"),
        "CLOUDSDK_CONFIG": str(home / "gcloud"),
        "CLOUDSDK_CORE_PROJECT": PROJECT,
        "CLOUDSDK_CORE_DISABLE_PROMPTS": "1",
        "CLOUDSDK_CORE_DISABLE_USAGE_REPORTING": "1",
        "CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK": "1",
        "CLOUDSDK_AUTH_ACCESS_TOKEN_FILE": str(token),
        "CLOUDSDK_API_ENDPOINT_OVERRIDES_CONTAINER": f"{url}/",
        "CLOUDSDK_API_ENDPOINT_OVERRIDES_SERVICEUSAGE": f"{url}/",
    }
    subprocess.run(["gcloud", *arguments], env=environment, check=True, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize(
    ("given", "flags"),
    [({}, []), ({"cluster_endpoint": "dns"}, ["--dns-endpoint"]), ({"cluster_endpoint": "private"}, ["--internal-ip"])],
    ids=["public", "dns", "private"],
)
def test_the_kubeconfig_is_the_one_that_gcloud_writes(tmp_path: Path, given: dict[str, Any], flags: list[str]):
    with FakeServer({("GET", CLUSTER_PATH): LIVE}) as server:
        place = [CLUSTER, f"--location={LOCATION}"]
        gcloud(tmp_path, server.url, "container", "clusters", "get-credentials", *place, *flags)
        task = options(KUBECONFIG, server.url, name=CLUSTER, path=str(tmp_path / "ours"), **given)
        gke_kubeconfig.run(task, False, silent)
        theirs, ours = tmp_path / "theirs", tmp_path / "ours"
        assert ours.read_text() == theirs.read_text()
        assert ours.stat().st_mode == theirs.stat().st_mode
        on_theirs = options(KUBECONFIG, server.url, name=CLUSTER, path=str(theirs), **given)
        assert not gke_kubeconfig.run(on_theirs, False, silent).changed


@pytest.mark.parametrize("addresses", [{}, {"enabled": False}], ids=["left out", "off"])
def test_a_cluster_without_addresses_is_reached_by_its_name_as_gcloud_does(tmp_path: Path, addresses: dict[str, Any]):
    endpoints = {**LIVE["controlPlaneEndpointsConfig"], "ipEndpointsConfig": addresses}
    live = {**LIVE, "controlPlaneEndpointsConfig": endpoints}
    with FakeServer({("GET", CLUSTER_PATH): live}) as server:
        gcloud(tmp_path, server.url, "container", "clusters", "get-credentials", CLUSTER, f"--location={LOCATION}")
        gke_kubeconfig.run(options(KUBECONFIG, server.url, name=CLUSTER, path=str(tmp_path / "ours")), False, silent)
        assert (tmp_path / "ours").read_text() == (tmp_path / "theirs").read_text()


def test_a_name_that_is_closed_is_refused_as_gcloud_refuses_it(tmp_path: Path):
    endpoints = {**LIVE["controlPlaneEndpointsConfig"], "dnsEndpointConfig": {"endpoint": "gke-1.us-central1.gke.goog"}}
    place = [CLUSTER, f"--location={LOCATION}", "--dns-endpoint"]
    with FakeServer({("GET", CLUSTER_PATH): {**LIVE, "controlPlaneEndpointsConfig": endpoints}}) as server:
        with pytest.raises(subprocess.CalledProcessError) as refused:
            gcloud(tmp_path, server.url, "container", "clusters", "get-credentials", *place)
        assert "dnsEndpointConfig.allowExternalTraffic is disabled for cluster" in refused.value.stderr
        with pytest.raises(EndpointAbsent, match="its DNS endpoint is closed to clients"):
            gke_kubeconfig.run(options(KUBECONFIG, server.url, name=CLUSTER, cluster_endpoint="dns"), False, silent)


@pytest.mark.parametrize(
    ("flag", "endpoints"),
    [
        ("--enable-dns-access", {"dnsEndpointConfig": {"allowExternalTraffic": True}}),
        ("--enable-ip-access", {"ipEndpointsConfig": {"enabled": True}}),
        ("--no-enable-private-endpoint", {"ipEndpointsConfig": {"enablePublicEndpoint": True}}),
    ],
)
def test_the_flags_that_messages_name_open_the_endpoint(tmp_path: Path, flag: str, endpoints: dict[str, Any]):
    update = ["container", "clusters", "update", CLUSTER, f"--location={LOCATION}"]
    refused = google_error(400, "INVALID_ARGUMENT", "No.")
    with FakeServer({("GET", CLUSTER_PATH): LIVE, ("PUT", CLUSTER_PATH): refused}) as server:
        with suppress(subprocess.CalledProcessError):
            gcloud(tmp_path, server.url, *update, flag)
        (sent,) = [request.body["update"] for request in server.requests if request.method == "PUT"]
        assert sent == {"desiredControlPlaneEndpointsConfig": endpoints}
