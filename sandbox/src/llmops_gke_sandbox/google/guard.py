# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every Google API checks first: who calls, whether the project is theirs, whether they may."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable

from aiohttp import web

from llmops_gke_sandbox.config import Config
from llmops_gke_sandbox.faults import Faults
from llmops_gke_sandbox.google.errors import GoogleError, error_info, explained
from llmops_gke_sandbox.google.oauth import Tokens

_LOGIN = (
    "Expected OAuth 2 access token, login cookie or other valid authentication credential. "
    "See https://developers.google.com/identity/sign-in/web/devconsole-project."
)
_TITLES = {
    "cloudquotas": "Cloud Quotas API",
    "cloudresourcemanager": "Cloud Resource Manager API",
    "compute": "Compute Engine API",
    "container": "Kubernetes Engine API",
    "gkerecommender": "GKE Recommender API",
    "iam": "Identity and Access Management (IAM) API",
    "serviceusage": "Service Usage API",
    "storage": "Cloud Storage API",
}


class Guard:
    """Authentication and authorization in front of the Google services."""

    def __init__(self, config: Config, tokens: Tokens, faults: Faults) -> None:
        self._config, self._tokens, self._faults = config, tokens, faults

    def middleware(self, service: str):
        """Return an aiohttp middleware that lets only known callers to a service (container, compute, …)."""

        @web.middleware
        async def guarded(
            request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
        ) -> web.StreamResponse:
            self._authenticate(service, request)
            return await handler(request)

        return guarded

    def require_project(self, service: str, project: str) -> None:
        """Check that the project is there and has a service's API enabled; enough for a method that needs no right.

        :raises GoogleError: PERMISSION_DENIED, in the service's words.
        """
        if project not in (self._config.project, self._config.project_number):
            raise _no_project(service, project)
        if self.is_disabled(f"{service}.googleapis.com"):
            raise self._disabled(service)

    def require(self, request: web.Request, service: str, permission: str, project: str) -> None:
        """Check that the caller may do what a permission stands for in a project.

        :raises GoogleError: PERMISSION_DENIED, in the service's words.
        """
        fault = self._faults.take(
            "permission_denied",
            service=service,
            permission=permission,
            project=project,
            method=request.method,
            path=request.path,
        )
        self.require_project(service, project)
        if fault is not None or not self._has(permission):
            missing = (fault or {}).get("permission", permission)
            raise GoogleError(
                "PERMISSION_DENIED",
                f'Required "{missing}" permission(s) for "projects/{project}".',
                [
                    error_info(
                        "IAM_PERMISSION_DENIED",
                        f"{service}.googleapis.com",
                        permission=missing,
                        resource=f"projects/{project}",
                    )
                ],
            )

    def holds(self, permission: str, account: str | None = None) -> bool:
        """Return whether the caller has a permission in the project, or on a service account of it."""
        context = {"service": permission.partition(".")[0], "permission": permission, "project": self._config.project}
        if self._faults.peek("permission_denied", **context) is not None:
            return False
        return self._has(permission) or permission in self._config.account_permissions.get(account or "", ())

    def is_disabled(self, api: str) -> bool:
        """Return whether an API (container.googleapis.com) is off, by the settings or by a fault."""
        return api in self._config.disabled_services or self._faults.peek("service_disabled", api=api) is not None

    def _has(self, permission: str) -> bool:
        granted = self._config.granted_permissions
        return permission not in self._config.denied_permissions and (granted is None or permission in granted)

    def _authenticate(self, service: str, request: web.Request) -> None:
        token = re.fullmatch(r"Bearer (\S+)", request.headers.get("Authorization", ""))
        if token is None:
            raise GoogleError(
                "UNAUTHENTICATED",
                f"Request is missing required authentication credential. {_LOGIN}",
                [error_info("CREDENTIALS_MISSING", "googleapis.com", service=f"{service}.googleapis.com")],
            )
        expired = self._faults.take("token_expired", service=service, method=request.method, path=request.path)
        if expired is not None or self._tokens.identity(token[1]) is None:
            raise GoogleError(
                "UNAUTHENTICATED",
                f"Request had invalid authentication credentials. {_LOGIN}",
                [error_info("ACCESS_TOKEN_EXPIRED", "googleapis.com", service=f"{service}.googleapis.com")],
            )

    def _disabled(self, service: str) -> GoogleError:
        number, api = self._config.project_number, f"{service}.googleapis.com"
        page = f"https://console.developers.google.com/apis/api/{api}/overview?project={number}"
        message = (
            f"{_TITLES[service]} has not been used in project {number} before or it is disabled. "
            f"Enable it by visiting {page} then retry. If you enabled this API recently, wait a few minutes "
            "for the action to propagate to our systems and retry."
        )
        info = error_info(
            "SERVICE_DISABLED",
            "googleapis.com",
            service=api,
            serviceTitle=_TITLES[service],
            consumer=f"projects/{number}",
            containerInfo=number,
            activationUrl=page,
        )
        details = [info, *explained(message, "Google developers console API activation", page)]
        return GoogleError("PERMISSION_DENIED", message, details)


def _no_project(service: str, project: str) -> GoogleError:
    """Return the refusal of a project that is not there, which is also that of one that is not the caller's."""
    if service == "cloudresourcemanager":
        return GoogleError("PERMISSION_DENIED", "The caller does not have permission")
    if service == "serviceusage":
        return GoogleError(
            "PERMISSION_DENIED",
            f"Permission denied to list services for consumer container [projects/{project}]",
            [error_info("AUTH_PERMISSION_DENIED", "serviceusage.googleapis.com")],
        )
    message = f"Permission denied on resource project {project}."
    info = error_info(
        "CONSUMER_INVALID",
        "googleapis.com",
        service=f"{service}.googleapis.com",
        consumer=f"projects/{project}",
        containerInfo=project,
    )
    details = [info, *explained(message, "Google developers console", "https://console.developers.google.com")]
    return GoogleError("PERMISSION_DENIED", message, details)
