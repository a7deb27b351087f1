# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How google-auth asks for tokens here: by a session of ours, with our deadline, limits and judgement of answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from ..core import secrets
from ..core.deadline import Deadline
from ..http.answers import NUMBER, Unexpected, judged, leniently, read_bytes, read_some
from ..http.connection import cause_of, new_session, refused_by_proxy, requests
from ..http.replies import retry_after
from ..http.session import TRANSIENT

_TOKEN = {
    # An OAuth 2.0 endpoint's answer, and that of the IAM Credentials API.
    "access_token": str,
    "expires_in": (str, *NUMBER),
    "accessToken": str,
    "expireTime": str,
}

_SECRETS_SENT = frozenset({"assertion", "client_secret", "refresh_token", "subject_token"})
"""Parameters of a request for a token (RFC 6749, 7523, 8693)."""

_PASSING = TRANSIENT | {408}
_PASSING_WORDS = ("internal_failure", "server_error", "temporarily_unavailable")
"""Those by which google-auth tells that an endpoint fails in passing, whatever the status."""


@dataclass(frozen=True)
class _Answer:
    """See google.auth.transport.Response."""

    status: int
    headers: Any
    data: bytes


class TokenRequest:
    """google-auth's transport over a session of ours, with our deadline, limits and judgement of answers.

    asked: the last request, as messages name it. came: what came instead of an answer, in words; empty where one did,
    with ``status``.
    failed_in_passing: whether asking again may help, at the earliest after ``retry_after`` seconds.
    by_proxy: whether it was a proxy that failed, and not the endpoint.
    """

    def __init__(self, deadline: Deadline) -> None:
        self._deadline = deadline
        self._session = new_session(deadline)
        self.asked = self.came = ""
        self.status = 200
        self.failed_in_passing = self.by_proxy = False
        self.retry_after = 0.0

    def __call__(
        self,
        url: str,
        method: str = "GET",
        body: Any = None,
        headers: Any = None,
        timeout: float | None = None,
        **options: Any,
    ) -> Any:
        """See google.auth.transport.Request. Raises TransportError, for a failure in passing too: google-auth would
        ask again by its own clock."""
        _keep_secrets_of(body, headers)
        self.asked, self.came = f"the token endpoint ({method} {url})", ""
        self.failed_in_passing, self.retry_after = True, 0.0
        left = max(self._deadline.remaining(), 0.1)
        most = min(timeout or left, left)
        try:
            response = self._session.request(
                method, url, data=body, headers=headers, timeout=most, allow_redirects=False, stream=True, **options
            )
            with response:
                return self._answer(method, response)
        except requests.exceptions.RequestException as error:
            self.by_proxy = isinstance(error, requests.exceptions.ProxyError)
            self.failed_in_passing = not (self.by_proxy and refused_by_proxy(error))
            raise self._failed(f"no answer: {cause_of(error)}", error) from error
        except Unexpected as came:
            self.failed_in_passing = False
            raise self._failed(f"{came} where a token was expected", came) from came

    def _answer(self, method: str, response: Any) -> _Answer:
        status, content_type = response.status_code, response.headers.get("Content-Type", "")
        if status in _PASSING:
            self.retry_after = retry_after(response.headers.get("Retry-After"))
            said = str(leniently(content_type, read_some(response)))
            raise self._failed(f"{status} {' '.join(said.split())[:200]}")
        self.failed_in_passing = False
        if 300 <= status < 400:
            raise self._failed(f"{status}, a redirect, which is not followed with credentials")
        if status >= 400:
            said = read_some(response).decode(errors="replace")
            self.failed_in_passing = any(word in said for word in _PASSING_WORDS)
            if self.failed_in_passing:
                raise self._failed(f"{status} {' '.join(said.split())[:200]}")
            self.status = status
            return _Answer(status, response.headers, said.encode())
        data = read_bytes(response)
        # Whatever gives tokens by POST gives them in JSON; a metadata server is asked by GET, and has text as well.
        if method == "POST":
            judged(status, content_type, data, _TOKEN)
        elif "html" in content_type:
            raise Unexpected("an HTML page")
        return _Answer(status, response.headers, data)

    def _failed(self, came: str, error: Exception | None = None) -> Exception:
        # google-auth is there: it is what asks. But this file is also imported by tasks that ask for no token.
        from google.auth.exceptions import TransportError

        self.came = came
        return TransportError(error or came)


def _keep_secrets_of(body: Any, headers: Any) -> None:
    """Let what a request for a token holds be masked wherever a server repeats it."""
    secrets.keep_authorization(headers or {})
    text = body.decode(errors="replace") if isinstance(body, bytes) else str(body or "")
    secrets.keep(*(value for name, value in parse_qsl(text) if name in _SECRETS_SENT))
