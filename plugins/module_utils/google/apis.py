# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One task's sessions with several Google APIs: one token, one deadline, a count of what was sent."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from ..core import play_memory
from ..core.deadline import Deadline
from ..core.errors import LlmopsError
from ..http.address import endpoint
from ..http.answers import OBJECT, Shape
from ..http.pages import pages
from ..http.replies import error_info
from ..http.session import HttpSession
from .credentials import authorizer

SERVICES = {
    "GKE": "container_api_endpoint",
    "Compute Engine": "compute_api_endpoint",
    "Resource Manager": "resource_manager_api_endpoint",
    "Service Usage": "service_usage_api_endpoint",
    "Cloud Quotas": "cloud_quotas_api_endpoint",
    "GKE Inference Quickstart": "gke_recommender_api_endpoint",
    "IAM": "iam_api_endpoint",
    "Cloud Storage": "storage_api_endpoint",
}
"""Each service's name in messages, and the option that holds its endpoint."""


def why_unread(failure: LlmopsError, service: str, api: str, project: str) -> str:
    """In a line why an API told nothing: that it is off, with the way to switch it on, else what it answered."""
    if error_info(getattr(failure, "details", None)).get("reason") == "SERVICE_DISABLED":
        return f"{service} is off (gcloud services enable {api} --project {project})"
    return failure.message


class GoogleApis:
    """Requests to these services. options: those of the ``google_auth`` doc fragment.

    May be used by several threads once it is made: the token is there from the beginning, so they do not all ask
    for one. shared_for: seconds for which what was read holds for the other tasks of the play that would read it with
    the same token. Raises InvalidOption or CredentialsRefused where there is none.
    """

    def __init__(self, options: dict[str, Any], deadline: Deadline, shared_for: float = 0) -> None:
        authorize = authorizer(options, deadline)
        self._token = authorize(False)
        self._deadline, self._shared_for = deadline, shared_for
        self._sessions = {
            service: HttpSession(endpoint(options, option), service, deadline, authorize=authorize)
            for service, option in SERVICES.items()
        }

    @property
    def sent(self) -> int:
        """Requests sent so far, retries included."""
        return sum(session.sent for session in self._sessions.values())

    def get(self, service: str, path: str, doing: str, want: Shape = OBJECT, **params: Any) -> dict[str, Any]:
        """Read one resource. want: what the answer must be, see http/answers.py; so for the others.

        Raises HttpError on a refusal, of one that is not there too.
        """
        http = self._sessions[service]
        return self._once(
            (service, path, params),
            lambda: http.request("GET", path, doing=doing, params=params or None, want=want).body,
        )

    def _once(self, what: tuple[Any, ...], ask: Callable[[], Any]) -> Any:
        memory = play_memory.shared
        if memory is None or not self._shared_for:
            return ask()
        address = self._sessions[what[0]].base_url
        identity = play_memory.identity_of("read", address, what, sorted(self._token.items()))
        return memory.once(identity, ask, self._shared_for, self._deadline)

    def ask(self, service: str, path: str, doing: str, body: dict[str, Any], want: Shape = OBJECT) -> dict[str, Any]:
        """Ask by a POST that changes nothing, so that it is repeated like a read."""
        http = self._sessions[service]
        return self._once(
            (service, path, body),
            lambda: http.request("POST", path, doing=doing, json_body=body, repeatable=True, want=want).body,
        )

    def write(
        self, service: str, path: str, doing: str, body: dict[str, Any], want: Shape = OBJECT, method: str = "POST"
    ) -> dict[str, Any]:
        """Change something. Raises ReplyLost where it may or may not have happened."""
        return self._sessions[service].request(method, path, doing=doing, json_body=body, want=want).body

    def pages(
        self, service: str, path: str, doing: str, want: dict[str, Any], **params: Any
    ) -> Iterator[dict[str, Any]]:
        """Every page of a list, by the API's page tokens."""
        http, page = self._sessions[service], {**want, "nextPageToken": str}

        def read() -> Iterator[dict[str, Any]]:
            return pages(http, path, doing, page, params, lambda body: body.get("nextPageToken"), "pageToken")

        # Page by page where nobody else wants them: a list may be long.
        return iter(self._once((service, path, params), lambda: list(read()))) if self._shared_for else read()

    def asked_pages(
        self, service: str, path: str, doing: str, body: dict[str, Any], want: dict[str, Any]
    ) -> Iterator[dict[str, Any]]:
        """Every page of a list that is asked for by a POST that changes nothing."""
        page = {**want, "nextPageToken": str}
        return pages(
            self._sessions[service],
            path,
            doing,
            page,
            body,
            lambda answer: answer.get("nextPageToken"),
            "pageToken",
            as_body=True,
        )

    def close(self) -> None:
        """Let go of the connections."""
        for session in self._sessions.values():
            session.close()
