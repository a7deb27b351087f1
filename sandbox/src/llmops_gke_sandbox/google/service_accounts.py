# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""IAM: what the caller may do with the project's service accounts."""

from __future__ import annotations

from aiohttp import web

from llmops_gke_sandbox.config import Config
from llmops_gke_sandbox.google.errors import GoogleError, unimplemented
from llmops_gke_sandbox.google.guard import Guard

_ACT_AS = "iam.serviceAccounts.actAs"


class ServiceAccounts:
    """The accounts that are there: the sandbox's own, Compute Engine's default, and those that the settings name."""

    def __init__(self, config: Config, guard: Guard) -> None:
        self._config, self._guard = config, guard

    def routes(self) -> list[web.RouteDef]:
        """Return the routes of /iam."""
        return [web.post("/v1/projects/{project}/serviceAccounts/{account:[^/:]+}:testIamPermissions", self._test)]

    def require_act_as(self, account: str) -> None:
        """Refuse nodes that would run as an account that the caller may not attach.

        :param account: an e-mail; empty or ``default`` is Compute Engine's default one.
        :raises GoogleError: in GKE's words.
        """
        email = self._config.default_service_account if account in ("", "default") else account
        if not self._guard.holds(_ACT_AS, email):
            raise GoogleError(
                "INVALID_ARGUMENT",
                f'The user does not have access to service account "{account or "default"}". Ask a project owner to '
                "grant you the iam.serviceAccountUser role on the service account.",
            )

    async def _test(self, request: web.Request) -> web.Response:
        """No permission is needed to ask (IAM, projects.serviceAccounts.testIamPermissions)."""
        project, account = request.match_info["project"], request.match_info["account"]
        if project == "-":
            raise unimplemented("service accounts of any project (projects/-)")
        self._guard.require_project("iam", project)
        config = self._config
        known = {config.service_account_email, config.default_service_account, *config.account_permissions}
        if account not in known:
            raise GoogleError("NOT_FOUND", f"Unknown service account: projects/{project}/serviceAccounts/{account}")
        asked = (await request.json()).get("permissions", [])
        granted = [permission for permission in asked if self._guard.holds(permission, account)]
        return web.json_response({"permissions": granted} if granted else {})
