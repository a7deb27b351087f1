# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that is asked of Google's token endpoint and APIs."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from ansible_collections.llmops.gke.plugins.module_utils.core.deadline import Deadline
from ansible_collections.llmops.gke.plugins.module_utils.gke.client import Call, GkeClient, Place
from ansible_collections.llmops.gke.plugins.module_utils.google import cloud_quotas, compute, iam, projects
from ansible_collections.llmops.gke.plugins.module_utils.google.accelerators import GPUS
from ansible_collections.llmops.gke.plugins.module_utils.google.apis import GoogleApis
from ansible_collections.llmops.gke.plugins.module_utils.google.credentials import authorizer
from ansible_collections.llmops.gke.plugins.module_utils.google.quickstart import client
from ansible_collections.llmops.gke.plugins.module_utils.google.quickstart.profiles import Targets
from ansible_collections.llmops.gke.plugins.module_utils.google.storage import buckets
from tests.contrary.asks import SECRET, Ask, list_of

PROJECT, LOCATION = "demo-project", "us-central1"
PLACE = Place(PROJECT, LOCATION, "c", "p")
GROUP = "https://www.googleapis.com/compute/v1/projects/demo-project/zones/z/instanceGroupManagers/g"
POLICY = {"version": 1, "etag": "BwY=", "bindings": [{"role": "roles/owner", "members": ["user:o@example.com"]}]}
PROFILE = {"modelServerInfo": {"model": "a/b", "modelServer": "vllm"}}
READ_POLICY = ("POST", f"/v1/projects/{PROJECT}:getIamPolicy")


@functools.cache
def private_key() -> str:
    """A key that nobody trusts."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    return key.private_bytes(encoding, form, serialization.NoEncryption()).decode()


def endpoints(url: str) -> dict[str, Any]:
    """Options by which every Google API is at one URL."""
    names = (
        "container",
        "compute",
        "resource_manager",
        "service_usage",
        "iam",
        "cloud_quotas",
        "gke_recommender",
        "storage",
    )
    return {f"{name}_api_endpoint": url for name in names} | {"access_token": SECRET}


def _token(url: str, deadline: Deadline) -> Any:
    key = {"type": "service_account", "client_email": "robot@p.iam.gserviceaccount.com", "private_key": private_key()}
    contents = json.dumps({**key, "token_uri": f"{url}/token"})
    return authorizer({"service_account_contents": contents}, deadline)(False)


def _gke(ask: Callable[[GkeClient], Any]) -> Callable[[str, Deadline], Any]:
    return lambda url, deadline: ask(GkeClient(endpoints(url), deadline))


def _apis(ask: Callable[[GoogleApis], Any]) -> Callable[[str, Deadline], Any]:
    return lambda url, deadline: ask(GoogleApis(endpoints(url), deadline))


def _member(url: str, deadline: Deadline) -> Any:
    apis = GoogleApis(endpoints(url), deadline)
    policy = iam.ProjectPolicy(PROJECT)
    return iam.converge_member(apis, deadline, policy, "roles/viewer", "user:a@example.com", "present", False)


def _bucket_member(url: str, deadline: Deadline) -> Any:
    apis, policy = GoogleApis(endpoints(url), deadline), iam.BucketPolicy("my-models")
    return iam.converge_member(apis, deadline, policy, "roles/viewer", "user:a@example.com", "present", False)


ASKS = [
    Ask(
        "token",
        "the token endpoint",
        _token,
        odd=({"access_token": 5, "expires_in": 3600}, {"access_token": "a", "expires_in": "soon"}, {"expires_in": 1})
        + ({"access_token": "a", "expires_in": 10**30}, {"access_token": None}, {}),
    ),
    Ask(
        "GKE cluster",
        "GKE",
        _gke(lambda gke: gke.cluster(PROJECT, LOCATION, "c")),
        odd=(
            {},
            {"name": 5},
            {"name": "c", "nodePools": [""]},
            {"name": "c", "status": []},
            {"name": "c", "endpoint": {}},
        )
        + ({"name": "c", "nodePools": "x"}, {"name": "c", "conditions": ["x"]}, {"name": "c", "masterAuth": "x"}),
    ),
    Ask("GKE clusters", "GKE", _gke(lambda gke: gke.clusters(PROJECT, "-")), odd=list_of("clusters")),
    Ask(
        "GKE node pool",
        "GKE",
        _gke(lambda gke: gke.node_pool(PROJECT, LOCATION, "c", "p")),
        odd=({"name": []}, {"name": "p", "config": "x"}, {"name": "p", "instanceGroupUrls": [1]}, {}),
    ),
    Ask("GKE node pools", "GKE", _gke(lambda gke: gke.node_pools(PLACE)), odd=list_of("nodePools")),
    Ask(
        "GKE operation",
        "GKE",
        _gke(lambda gke: gke.operation(PROJECT, LOCATION, "operation-1")),
        odd=({}, {"name": 1}, {"name": "o", "error": "x"}, {"name": "o", "progress": []})
        + ({"name": "o", "clusterConditions": "x"}, {"name": "o", "targetLink": 5}, {"name": "o", "startTime": 5}),
    ),
    Ask("GKE operations", "GKE", _gke(lambda gke: gke.operations(PROJECT, LOCATION)), odd=list_of("operations")),
    Ask(
        "GKE write",
        "GKE",
        _gke(lambda gke: gke.send(Call("POST", "projects/p/locations/l/clusters", "create cluster c", {}))),
        odd=({}, {"name": []}, {"name": "operation-1", "error": "x"}),
    ),
    Ask(
        "region's quotas",
        "Compute Engine",
        _apis(lambda apis: compute.region_quotas(apis, PROJECT, LOCATION)),
        odd=(*list_of("quotas"), {"quotas": [{}]}, {"quotas": [{"metric": "A", "limit": "much"}]}, {}),
    ),
    Ask(
        "limits of GPUs",
        "Cloud Quotas",
        _apis(lambda apis: cloud_quotas.gpu_limit(apis, PROJECT, LOCATION, GPUS["nvidia-b200"], spot=False)),
        odd=(*list_of("dimensionsInfos"), {"dimensionsInfos": [{"details": {"value": "many"}}]})
        + ({"dimensionsInfos": [{"details": {"value": 1.5}}]}, {"dimensionsInfos": [{"applicableLocations": [5]}]}),
    ),
    Ask(
        "profiles",
        "GKE Inference Quickstart",
        _apis(lambda apis: client.profiles(apis, "a/b", None, None, Targets(ttft_milliseconds=9), "spot")),
        odd=(*list_of("profile"), {"profile": [{}]}, {"profile": [{**PROFILE, "performanceStats": "fast"}]})
        + (
            {
                "profile": [
                    {**PROFILE, "performanceStats": [{"cost": [{"costPerMillionOutputTokens": {"units": "x"}}]}]}
                ]
            },
        )
        + ({"profile": [{**PROFILE, "performanceStats": [{"ttftMilliseconds": "5"}]}]}, {"nextPageToken": 5}),
        page=lambda token: {"profile": [], "nextPageToken": token},
    ),
    Ask(
        "benchmarks",
        "GKE Inference Quickstart",
        _apis(lambda apis: client.benchmarks(apis, "a/b", "vllm", None, None, "spot")),
        odd=(*list_of("profile"), {"profile": [{"modelServerInfo": {"model": "a/b"}}]}),
    ),
    Ask(
        "manifests",
        "GKE Inference Quickstart",
        _apis(lambda apis: client.manifest(apis, "a/b", "vllm", None, "nvidia-l4", None, Targets())),
        odd=(*list_of("kubernetesManifests"), {"kubernetesManifests": [{"content": {}}]}, {"comments": "x"}),
    ),
    Ask(
        "measured models",
        "GKE Inference Quickstart",
        _apis(client.models),
        odd=({"models": [5]}, {"models": "all"}, {"models": {}}),
        page=lambda token: {"models": [], "nextPageToken": token},
    ),
    Ask("project's quotas", "Compute Engine", _apis(lambda apis: compute.project_quotas(apis, PROJECT))),
    Ask(
        "machine types",
        "Compute Engine",
        _apis(lambda apis: compute.machine_types(apis, PROJECT, {"g2-standard-8"})),
        odd=({"items": [""]}, {"items": {"zones/a": "x"}}, {"items": {"zones/a": {"machineTypes": [""]}}})
        + ({"items": {"zones/a": {"machineTypes": [{}]}}}, {"items": {}, "nextPageToken": 5}),
        page=lambda token: {"items": {}, "nextPageToken": token},
    ),
    Ask(
        "subnetworks",
        "Compute Engine",
        _apis(lambda apis: compute.subnetworks(apis, PROJECT)),
        odd=({"items": {"regions/a": {"subnetworks": "x"}}}, {"items": {"regions/a": {"subnetworks": [1]}}}),
        page=lambda token: {"items": {}, "nextPageToken": token},
    ),
    Ask(
        "routers",
        "Compute Engine",
        _apis(lambda apis: compute.nat_networks(apis, PROJECT, LOCATION)),
        odd=({"items": "x"}, {"items": [1]}, {"items": [{"network": 5}]}, {"items": [{"nats": [""]}]}),
        page=lambda token: {"items": [], "nextPageToken": token},
    ),
    Ask(
        "permissions on a service account",
        "IAM",
        _apis(lambda apis: projects.account_permissions(apis, PROJECT, "a@b", ["iam.serviceAccounts.actAs"])),
        odd=({"permissions": "all"}, {"permissions": [{}]}, {"permissions": [None]}),
    ),
    Ask(
        "size of a group",
        "Compute Engine",
        _apis(lambda apis: compute.group_size(apis, GROUP)),
        odd=({"targetSize": "many"}, {"targetSize": []}),
    ),
    Ask(
        "instances of a group",
        "Compute Engine",
        _apis(lambda apis: compute.group_instances(apis, GROUP)),
        odd=({"currentActions": "x"}, {"currentActions": {"none": "x"}}),
    ),
    Ask(
        "disk image",
        "Compute Engine",
        _apis(lambda apis: compute.disk_image_status(apis, "projects/p/global/images/weights")),
        odd=({}, {"status": 5}, {"status": None}, {"status": {}}),
    ),
    Ask(
        "files in a bucket",
        "Cloud Storage",
        _apis(lambda apis: buckets.list_files(apis, "my-models", "7b")),
        odd=(*list_of("items"), {"items": [{}]}, {"items": [{"name": 5}]}, {"nextPageToken": 5}),
        page=lambda token: {"items": [], "nextPageToken": token},
    ),
    Ask(
        "permissions on a bucket",
        "Cloud Storage",
        _apis(lambda apis: buckets.granted(apis, "my-models")),
        odd=({"permissions": "all"}, {"permissions": [{}]}, {"permissions": [None]}),
    ),
    Ask(
        "enabled APIs",
        "Service Usage",
        _apis(lambda apis: projects.service_states(apis, PROJECT, ["container.googleapis.com"])),
        odd=(*list_of("services"), {"services": [{"config": "x", "state": "ENABLED"}]}, {"services": [{}]}, {}),
    ),
    Ask(
        "permissions",
        "Resource Manager",
        _apis(lambda apis: projects.granted_permissions(apis, PROJECT, ["container.clusters.create"])),
        odd=({"permissions": "all"}, {"permissions": [{}]}, {"permissions": [None]}),
    ),
    Ask(
        "project's number",
        "Resource Manager",
        _apis(lambda apis: iam.service_account_member(apis, PROJECT, "ns", "sa")),
        odd=({}, {"projectNumber": {}}, {"projectNumber": None}),
    ),
    Ask(
        "IAM policy",
        "Resource Manager",
        _member,
        odd=({}, {"bindings": []}, {"etag": "a", "bindings": "x"}, {"etag": "a", "bindings": [""]}, {"etag": 5})
        + ({"etag": "", "bindings": []}, {"etag": "a", "bindings": [{"role": "roles/viewer", "members": "x"}]})
        + ({"etag": "a", "bindings": [{"role": "roles/viewer", "members": [1]}]},),
    ),
    Ask("IAM policy written", "Resource Manager", _member, good={READ_POLICY: POLICY}),
    Ask(
        "IAM policy of a bucket",
        "Cloud Storage",
        _bucket_member,
        odd=({}, {"bindings": []}, {"etag": "a", "bindings": "x"}, {"etag": "a", "bindings": [""]}, {"etag": 5}),
    ),
]
