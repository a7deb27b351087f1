# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A caller with given permissions, APIs that are off, and projects that are not there, in Google's words."""

from __future__ import annotations

import pytest

from llmops_gke_sandbox.kubernetes.rest.access import permission_of
from llmops_gke_sandbox.kubernetes.rest.paths import resolve
from llmops_gke_sandbox.kubernetes.schema.builtin_kinds import builtin_kinds
from llmops_gke_sandbox.kubernetes.schema.registry import Registry

ASK = "/cloudresourcemanager/v1/projects/sandbox-project:testIamPermissions"
ACCOUNTS = "/iam/v1/projects/sandbox-project/serviceAccounts"
DEFAULT = "123456789012-compute@developer.gserviceaccount.com"
NODES = "nodes@sandbox-project.iam.gserviceaccount.com"
ACT_AS = "iam.serviceAccounts.actAs"
POOL = {"name": "p", "initialNodeCount": 1, "config": {"machineType": "n1-standard-4"}}


@pytest.mark.parametrize("settings", [{"granted_permissions": ["container.clusters.list"]}])
async def test_a_caller_has_what_it_is_granted_and_no_more(cloud):
    status, body = await cloud.call("POST", ASK, {"permissions": ["container.clusters.list", "container.clusters.get"]})
    assert (status, body) == (200, {"permissions": ["container.clusters.list"]})
    assert await cloud.get("clusters") == {}
    error = await cloud.refused("GET", "clusters/none")
    assert error["message"] == 'Required "container.clusters.get" permission(s) for "projects/sandbox-project".'
    assert error["details"][0]["reason"] == "IAM_PERMISSION_DENIED"


@pytest.mark.parametrize(
    "settings",
    [{"granted_permissions": ["container.clusters.create"], "account_permissions": {NODES: [ACT_AS]}}],
)
async def test_a_permission_on_one_service_account(cloud):
    asked = {"permissions": [ACT_AS, "iam.serviceAccounts.get"]}
    assert await cloud.call("POST", f"{ACCOUNTS}/{NODES}:testIamPermissions", asked) == (200, {"permissions": [ACT_AS]})
    assert await cloud.call("POST", f"{ACCOUNTS}/{DEFAULT}:testIamPermissions", asked) == (200, {})
    error = await cloud.refused("POST", f"{ACCOUNTS}/none@sandbox-project.iam.gserviceaccount.com:testIamPermissions")
    assert error["status"] == "NOT_FOUND"
    refused = await cloud.refused("POST", "clusters", {"cluster": {"name": "a", "nodePools": [POOL]}})
    assert refused["message"].startswith('The user does not have access to service account "default".')
    theirs = {**POOL, "config": {**POOL["config"], "serviceAccount": NODES}}
    status, _operation = await cloud.call("POST", "clusters", {"cluster": {"name": "a", "nodePools": [theirs]}})
    assert status == 200


@pytest.mark.parametrize("settings", [{"disabled_services": ["cloudresourcemanager.googleapis.com"]}])
async def test_an_api_that_is_off_says_where_it_is_switched_on(cloud):
    error = await cloud.refused("POST", ASK, {"permissions": ["container.clusters.get"]})
    page = "https://console.developers.google.com/apis/api/cloudresourcemanager.googleapis.com/overview?project=123456789012"
    assert error["message"].startswith(
        "Cloud Resource Manager API has not been used in project 123456789012 before or it is disabled. "
        f"Enable it by visiting {page} then retry."
    )
    info, localized, guide = error["details"]
    assert (info["reason"], info["domain"]) == ("SERVICE_DISABLED", "googleapis.com")
    assert info["metadata"] == {
        "service": "cloudresourcemanager.googleapis.com",
        "serviceTitle": "Cloud Resource Manager API",
        "consumer": "projects/123456789012",
        "containerInfo": "123456789012",
        "activationUrl": page,
    }
    assert localized["message"] == error["message"]
    assert guide["links"] == [{"description": "Google developers console API activation", "url": page}]


@pytest.mark.parametrize(
    ("method", "path", "message"),
    [
        ("GET", "/container/v1/projects/other/locations/-/clusters", "Permission denied on resource project other."),
        ("GET", "/compute/v1/projects/other", "Permission denied on resource project other."),
        ("POST", ASK.replace("sandbox-project", "other"), "The caller does not have permission"),
        (
            "GET",
            "/serviceusage/v1/projects/other/services",
            "Permission denied to list services for consumer container [projects/other]",
        ),
    ],
)
async def test_a_project_that_is_not_there_is_refused_as_one_that_is_hidden(cloud, method, path, message):
    error = await cloud.refused(method, path, {} if method == "POST" else None)
    assert (error["code"], error["message"]) == (403, message)


@pytest.mark.parametrize("settings", [{"routers": [{"name": "r", "region": "us-central1", "nats": [{"name": "nat"}]}]}])
async def test_routers_with_their_nat_gateways(cloud):
    home = "/compute/v1/projects/sandbox-project/regions"
    (router,) = (await cloud.get(f"{home}/us-central1/routers"))["items"]
    assert router["nats"] == [{"name": "nat"}]
    assert router["network"].endswith("/projects/sandbox-project/global/networks/default")
    assert "items" not in await cloud.get(f"{home}/us-east1/routers")


@pytest.mark.parametrize(
    ("verb", "path", "permission"),
    [
        ("patch", "/apis/apps/v1/namespaces/a/deployments/b", "container.deployments.update"),
        ("watch", "/api/v1/namespaces/a/configmaps", "container.configMaps.list"),
        ("get", "/api/v1/namespaces/a/pods/b/log", "container.pods.getLogs"),
        ("create", "/api/v1/namespaces/a/pods/b/portforward", "container.pods.portForward"),
        (
            "deletecollection",
            "/apis/networking.k8s.io/v1/namespaces/a/networkpolicies",
            "container.networkPolicies.delete",
        ),
        ("get", "/apis/apiregistration.k8s.io/v1/apiservices/a", "container.apiServices.get"),
        ("update", "/apis/apps/v1/namespaces/a/deployments/b/scale", "container.deployments.updateScale"),
        ("get", "/api/v1/namespaces/a/services/b/status", "container.services.getStatus"),
    ],
)
def test_the_permission_that_gke_asks_for(verb, path, permission):
    assert permission_of(verb, resolve(Registry(builtin_kinds()), path)) == permission
