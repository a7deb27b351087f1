"""What every Google API checks first: who calls, whether the project is theirs, whether they may."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable

from aiohttp import web

from llmops_gke_sandbox.config import Config
from llmops_gke_sandbox.faults import Faults
from llmops_gke_sandbox.google.errors import GoogleError, error_info
from llmops_gke_sandbox.google.oauth import Tokens

_LOGIN = (
    "Expected OAuth 2 access token, login cookie or other valid authentication credential. "
    "See https://developers.google.com/identity/sign-in/web/devconsole-project."
)


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
        if project not in (self._config.project, self._config.project_number):
            raise GoogleError(
                "PERMISSION_DENIED",
                f"Permission denied on resource project {project}.",
                [
                    error_info(
                        "CONSUMER_INVALID",
                        "googleapis.com",
                        service=f"{service}.googleapis.com",
                        consumer=f"projects/{project}",
                    )
                ],
            )
        if self.is_disabled(f"{service}.googleapis.com"):
            raise self._disabled(service)
        if fault is not None or permission in self._config.denied_permissions:
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

    def is_disabled(self, api: str) -> bool:
        """Return whether an API (container.googleapis.com) is off, by the settings or by a fault."""
        return api in self._config.disabled_services or self._faults.peek("service_disabled", api=api) is not None

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
        number, names = (
            self._config.project_number,
            {
                "container": "Kubernetes Engine API",
                "compute": "Compute Engine API",
                "cloudquotas": "Cloud Quotas API",
                "gkerecommender": "GKE Recommender API",
            },
        )
        page = f"https://console.developers.google.com/apis/api/{service}.googleapis.com/overview?project={number}"
        return GoogleError(
            "PERMISSION_DENIED",
            f"{names.get(service, service)} has not been used in project {number} before or it is disabled. "
            f"Enable it by visiting {page} then retry. If you enabled this API recently, wait a few minutes "
            "for the action to propagate to our systems and retry.",
            [
                error_info(
                    "SERVICE_DISABLED",
                    "googleapis.com",
                    service=f"{service}.googleapis.com",
                    consumer=f"projects/{number}",
                )
            ],
        )
