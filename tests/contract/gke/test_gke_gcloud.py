# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the real gcloud does, beside what the GKE modules do. Skipped only where there is no gcloud."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.gke import cluster, kubeconfig, node_pool
from ansible_collections.llmops.gke.plugins.module_utils.gke_options import CLUSTER as CLUSTER_SPEC
from ansible_collections.llmops.gke.plugins.module_utils.gke_options import KUBECONFIG, NODE_POOL
from ansible_collections.llmops.gke.plugins.module_utils.result import silent
from tests.unit.fake_http import FakeServer, Reply
from tests.unit.plugins.gke.gke_support import (
    CLUSTER,
    CLUSTER_PATH,
    LOCATION,
    NOT_FOUND,
    PARENT,
    POOL,
    POOL_PATH,
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
    [({}, []), ({"endpoint": "dns"}, ["--dns-endpoint"])],
    ids=["public", "dns"],
)
def test_the_kubeconfig_is_the_one_that_gcloud_writes(tmp_path: Path, given: dict[str, Any], flags: list[str]):
    with FakeServer({("GET", CLUSTER_PATH): LIVE}) as server:
        place = [CLUSTER, f"--location={LOCATION}"]
        gcloud(tmp_path, server.url, "container", "clusters", "get-credentials", *place, *flags)
        task = options(KUBECONFIG, server.url, name=CLUSTER, path=str(tmp_path / "ours"), **given)
        kubeconfig.run(task, False, silent)
        theirs, ours = tmp_path / "theirs", tmp_path / "ours"
        assert ours.read_text() == theirs.read_text()
        assert ours.stat().st_mode == theirs.stat().st_mode
        on_theirs = options(KUBECONFIG, server.url, name=CLUSTER, path=str(theirs), **given)
        assert not kubeconfig.run(on_theirs, False, silent).changed


SCOPES = [
    f"https://www.googleapis.com/auth/{scope}"
    for scope in (
        "devstorage.read_only",
        "logging.write",
        "monitoring",
        "service.management.readonly",
        "servicecontrol",
        "trace.append",
    )
]
COMMON = {
    "management": {"auto_repair": True, "auto_upgrade": True},
    "upgrade_settings": {"max_surge": 1},
}
DEFAULT_POOL = {
    **COMMON,
    "name": "default-pool",
    "initial_node_count": 3,
    "autoscaling": {"enabled": True, "min_node_count": 1, "max_node_count": 5},
    "config": {
        "machine_type": "n1-standard-4",
        "oauth_scopes": SCOPES,
        "shielded_instance_config": {"enable_integrity_monitoring": True, "enable_secure_boot": True},
    },
}
GPU_POOL = {
    **COMMON,
    "name": "gpu",
    "locations": ["us-central1-a"],
    "initial_node_count": 1,
    "autoscaling": {"enabled": True, "min_node_count": 1, "max_node_count": 2},
    "config": {
        "machine_type": "g2-standard-12",
        "oauth_scopes": SCOPES,
        "labels": {"accelerator": "nvidia-gpu"},
        "ephemeral_storage_local_ssd_config": {"local_ssd_count": 1},
        "accelerators": [
            {
                "accelerator_type": "nvidia-l4",
                "accelerator_count": 1,
                "gpu_driver_installation_config": {"gpu_driver_version": "LATEST"},
            }
        ],
    },
}
OPERATION = {"name": "operation-1", "status": "DONE", "operationType": "CREATE_CLUSTER"}
# What gcloud sends beside what it was told; each is the API's default.
UNTOLD = {
    "addonsConfig": {"kubernetesDashboard": {"disabled": True}, "networkPolicyConfig": {"disabled": True}},
    "ipAllocationPolicy": {"createSubnetwork": False},
}


def posted(server: FakeServer) -> Any:
    """The body of the only request that created something."""
    (body,) = [request.body for request in server.requests if request.method == "POST"]
    return body


def test_a_cluster_is_created_as_gcloud_creates_it(tmp_path: Path):
    flags = """--location=us-central1 --node-locations=us-central1-a --machine-type=n1-standard-4
        --no-enable-master-authorized-networks --addons=GcsFuseCsiDriver,HttpLoadBalancing,HorizontalPodAutoscaling
        --num-nodes=3 --enable-autoscaling --min-nodes=1 --max-nodes=5 --enable-ip-alias --enable-image-streaming
        --enable-shielded-nodes --shielded-secure-boot --shielded-integrity-monitoring
        --workload-pool=demo-project.svc.id.goog --async"""
    with FakeServer(lambda request: OPERATION if request.method == "POST" else LIVE) as server:
        gcloud(tmp_path, server.url, "container", "clusters", "create", CLUSTER, *flags.split())
    theirs = posted(server)
    for part, untold in UNTOLD.items():
        assert {name: theirs["cluster"][part].pop(name) for name in untold} == untold
    given = {
        "locations": ["us-central1-a"],
        "ip_allocation_policy": {"use_ip_aliases": True},
        "addons_config": {
            "gcs_fuse_csi_driver_config": {"enabled": True},
            "http_load_balancing": {"disabled": False},
            "horizontal_pod_autoscaling": {"disabled": False},
        },
        "workload_identity_config": {"workload_pool": f"{PROJECT}.svc.id.goog"},
        "shielded_nodes": {"enabled": True},
        "node_pool_defaults": {"node_config_defaults": {"gcfs_config": {"enabled": True}}},
        "control_plane_endpoints_config": {"ip_endpoints_config": {"authorized_networks_config": {"enabled": False}}},
        "node_pools": [DEFAULT_POOL],
    }
    answers = {("GET", CLUSTER_PATH): (NOT_FOUND, Reply(200, LIVE)), ("POST", f"{PARENT}/clusters"): OPERATION}
    with FakeServer(answers) as server:
        cluster.run(options(CLUSTER_SPEC, server.url, name=CLUSTER, **given), False, silent)
    assert posted(server) == theirs


def test_a_gpu_pool_is_created_as_gcloud_creates_it(tmp_path: Path):
    flags = """--cluster=mistral --location=us-central1 --machine-type=g2-standard-12
        --accelerator=type=nvidia-l4,count=1,gpu-driver-version=latest --ephemeral-storage-local-ssd=count=1
        --node-locations=us-central1-a --num-nodes=1 --enable-autoscaling --min-nodes=1 --max-nodes=2
        --node-labels=accelerator=nvidia-gpu --async"""
    with FakeServer(lambda request: OPERATION if request.method == "POST" else LIVE) as server:
        gcloud(tmp_path, server.url, "container", "node-pools", "create", POOL, *flags.split())
    theirs = posted(server)
    answers = {
        ("GET", POOL_PATH): (NOT_FOUND, Reply(200, running())),
        ("POST", f"{CLUSTER_PATH}/nodePools"): OPERATION,
    }
    with FakeServer(answers) as server:
        node_pool.run(options(NODE_POOL, server.url, cluster=CLUSTER, **GPU_POOL), False, silent)
    assert posted(server) == theirs
