# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Service Usage (which APIs are on) and the Resource Manager (the project, its policy, the caller's permissions)."""

from __future__ import annotations

from aiohttp import web

from llmops_gke_sandbox.config import Config
from llmops_gke_sandbox.google.container.state import fingerprint
from llmops_gke_sandbox.google.errors import GoogleError, bad_request, unimplemented
from llmops_gke_sandbox.google.guard import Guard

# The APIs that a project with GKE uses.
_SERVICES = tuple(
    f"{name}.googleapis.com"
    for name in (
        *(
            "artifactregistry",
            "cloudquotas",
            "cloudresourcemanager",
            "compute",
            "container",
            "containerfilesystem",
            "networkservices",
            "iam",
        ),
        *("gkerecommender", "iamcredentials", "logging", "monitoring", "serviceusage", "storage"),
    )
)


class Projects:
    """The project as other Google services see it."""

    def __init__(self, config: Config, guard: Guard) -> None:
        self._config, self._guard = config, guard
        owner = f"serviceAccount:{config.service_account_email}"
        self._policy: dict = {"version": 1, "bindings": [{"role": "roles/owner", "members": [owner]}]}

    def service_usage_routes(self) -> list[web.RouteDef]:
        """Return the routes of /serviceusage."""
        return [
            web.get("/v1/projects/{project}/services", self._list_services),
            web.get("/v1/projects/{project}/services:batchGet", self._services),
            web.get("/v1/projects/{project}/services/{service}", self._service),
        ]

    def resource_manager_routes(self) -> list[web.RouteDef]:
        """Return the routes of /cloudresourcemanager."""
        return [
            web.get("/{version:v1|v3}/projects/{project:[^/:]+}", self._project),
            web.post("/{version:v1|v3}/projects/{project:[^/:]+}:testIamPermissions", self._test_permissions),
            web.post("/{version:v1|v3}/projects/{project:[^/:]+}:getIamPolicy", self._get_policy),
            web.post("/{version:v1|v3}/projects/{project:[^/:]+}:setIamPolicy", self._set_policy),
        ]

    def bindings(self) -> list[dict]:
        """Return the bindings of the project's IAM policy."""
        return self._policy["bindings"]

    async def _service(self, request: web.Request) -> web.Response:
        self._guard.require(request, "serviceusage", "serviceusage.services.get", request.match_info["project"])
        return web.json_response(self._service_body(request.match_info["service"]))

    async def _services(self, request: web.Request) -> web.Response:
        project = request.match_info["project"]
        self._guard.require(request, "serviceusage", "serviceusage.services.list", project)
        names = request.query.getall("names", [])
        if not names or any(not name.startswith(f"projects/{project}/services/") for name in names):
            raise bad_request([("names", f"names must be given as projects/{project}/services/SERVICE")])
        return web.json_response({"services": [self._service_body(name.rpartition("/")[2]) for name in names]})

    async def _list_services(self, request: web.Request) -> web.Response:
        self._guard.require(request, "serviceusage", "serviceusage.services.list", request.match_info["project"])
        asked = request.query.get("filter", "")
        if asked not in ("", "state:ENABLED", "state:DISABLED"):
            raise unimplemented(f"Service Usage's filter {asked!r}")
        services = [self._service_body(service) for service in _SERVICES]
        return web.json_response({"services": [one for one in services if asked in ("", f"state:{one['state']}")]})

    def _service_body(self, service: str) -> dict:
        if service not in _SERVICES:
            raise GoogleError("NOT_FOUND", f"Service {service} not found.")
        parent = f"projects/{self._config.project_number}"
        state = "DISABLED" if self._guard.is_disabled(service) else "ENABLED"
        return {
            "name": f"{parent}/services/{service}",
            "config": {"name": service},
            "state": state,
            "parent": parent,
        }

    async def _project(self, request: web.Request) -> web.Response:
        self._require_project(request, "resourcemanager.projects.get")
        config = self._config
        if request.match_info["version"] == "v1":
            body = {"projectNumber": config.project_number, "projectId": config.project, "lifecycleState": "ACTIVE"}
        else:
            body = {"name": f"projects/{config.project_number}", "projectId": config.project, "state": "ACTIVE"}
        return web.json_response(body)

    async def _test_permissions(self, request: web.Request) -> web.Response:
        # No permission is needed to ask (Resource Manager, projects.testIamPermissions).
        self._guard.require_project("cloudresourcemanager", request.match_info["project"])
        asked = (await request.json()).get("permissions", [])
        granted = [permission for permission in asked if self._guard.holds(permission)]
        return web.json_response({"permissions": granted} if granted else {})

    async def _get_policy(self, request: web.Request) -> web.Response:
        self._require_project(request, "resourcemanager.projects.getIamPolicy")
        return web.json_response(self._shown_policy())

    async def _set_policy(self, request: web.Request) -> web.Response:
        """Replace the policy; one that was read before somebody else's write is refused by its etag."""
        self._require_project(request, "resourcemanager.projects.setIamPolicy")
        policy = (await request.json()).get("policy")
        if not isinstance(policy, dict):
            raise bad_request([("policy", "policy is required")])
        if policy.get("etag") not in (None, self._shown_policy()["etag"]):
            raise GoogleError(
                "ABORTED",
                "There were concurrent policy changes. "
                "Please retry the whole read-modify-write with exponential backoff.",
            )
        self._policy = {"version": policy.get("version", 1), "bindings": policy.get("bindings", [])}
        return web.json_response(self._shown_policy())

    def _shown_policy(self) -> dict:
        return {**self._policy, "etag": fingerprint(self._policy)}

    def _require_project(self, request: web.Request, permission: str) -> None:
        self._guard.require(request, "cloudresourcemanager", permission, request.match_info["project"])
