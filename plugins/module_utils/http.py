# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One HTTP session a service: authorisation, deadline, retries and typed errors in one place."""

from __future__ import annotations

import ipaddress
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from ansible_collections.llmops.gke.plugins.module_utils.deadline import Deadline, backoff
from ansible_collections.llmops.gke.plugins.module_utils.errors import HttpError, MissingLibrary, ReplyLost

try:
    import requests
except ImportError as error:
    requests = None
    REQUESTS_ERROR: Exception | None = error
else:
    REQUESTS_ERROR = None

TRANSIENT = frozenset({429, 500, 502, 503, 504})
REFUSED_UNREAD = frozenset({429, 503})
"""The statuses by which a server says that it did not act, so that a write may be sent again."""

SAFE = frozenset({"GET", "HEAD"})

CONNECT_PATIENCE = 20.0
"""Seconds for which a service that cannot be reached at all is tried: a wrong endpoint must not eat the deadline."""


@dataclass(frozen=True)
class Refusal:
    """What an API's error body says: its own word for the reason, the message, and the structured rest."""

    reason: str = ""
    message: str = ""
    details: Any = None


def read_refusal(status: int, body: Any) -> Refusal:
    """The refusal in a body of Google's, Kubernetes' or TGI's form; of any other, its text shortened."""
    if isinstance(body, dict):
        inner = body.get("error")
        if isinstance(inner, dict):
            return Refusal(str(inner.get("status", "")), str(inner.get("message", "")), inner.get("details"))
        if isinstance(inner, str):
            return Refusal(str(body.get("error_type", "")), inner, None)
        if body.get("kind") == "Status":
            return Refusal(str(body.get("reason", "")), str(body.get("message", "")), body.get("details"))
    return Refusal("", str(body or f"HTTP status {status}").strip()[:300], None)


@dataclass(frozen=True)
class Reply:
    """An answer: the status, the headers in lower case, and the body (parsed where it is JSON, else text).

    seconds: from sending this request to having its whole body; earlier tries and their pauses are not in it.
    """

    status: int
    headers: dict[str, str]
    body: Any
    seconds: float = 0.0


@dataclass
class HttpSession:
    """A kept connection to one service.

    base_url: without a trailing slash; paths begin with one. service: its name in messages.
    authorize: called for each request with whether to mint anew; returns headers. Tokens live only there.
    verify: a CA file, or True for the system's. It is given with each request, because requests lets
    REQUESTS_CA_BUNDLE and CURL_CA_BUNDLE overrule a session's own. certificate: the client's (file, key file).
    connect_patience: see CONNECT_PATIENCE.
    sent: requests sent so far, retries included.
    """

    base_url: str
    service: str
    deadline: Deadline
    authorize: Callable[[bool], dict[str, str]] | None = None
    verify: str | bool = True
    certificate: tuple[str, str] | None = None
    read_timeout: float = 60.0
    connect_patience: float = CONNECT_PATIENCE
    headers: dict[str, str] = field(default_factory=dict)
    refusal: Callable[[int, Any], Refusal] = read_refusal
    sent: int = 0

    def __post_init__(self) -> None:
        if requests is None:
            raise MissingLibrary("requests", REQUESTS_ERROR)
        self._session = new_session()
        self._session.headers.update({"User-Agent": "llmops.gke", "Accept": "application/json", **self.headers})

    def request(
        self,
        method: str,
        path: str,
        *,
        doing: str,
        params: dict[str, Any] | None = None,
        json_body: Any = None,
        content_type: str = "application/json",
        headers: dict[str, str] | None = None,
        repeatable: bool | None = None,
    ) -> Reply:
        """Send one request, repeated inside the deadline where that is safe, and return its 2xx reply.

        doing: what it is for, in words, for the error ("create cluster mistral in us-central1").
        repeatable: whether a lost reply may be answered by sending again; by default only reads are.
        Raises HttpError on a refusal, ReplyLost where a write may or may not have happened.
        """
        again_is_safe = method in SAFE if repeatable is None else repeatable
        pauses = backoff(first=0.2)
        fresh = False
        began = self.deadline.elapsed()
        while True:
            failure, retry_after = self._attempt(method, path, doing, params, json_body, content_type, headers, fresh)
            if isinstance(failure, Reply):
                return failure
            if failure.status == 401 and self.authorize is not None and not fresh:
                fresh = True
                continue
            if not self._may_repeat(failure, again_is_safe):
                raise failure
            pause = max(next(pauses), retry_after)
            unreachable = failure.status == 0 and self.deadline.elapsed() - began > self.connect_patience
            if unreachable or pause >= self.deadline.remaining():
                raise failure
            self.deadline.pause(pause, doing, failure.message)

    def stream(self, method: str, path: str, *, doing: str, **kwargs: Any) -> Iterator[bytes]:
        """Send one request and yield its body as lines arrive. Raises HttpError on a refusal, not repeated.

        A line is given without its end. The caller bounds the time by closing the generator.
        """
        response = self._send(method, path, doing, fresh=False, stream=True, **kwargs)
        try:
            if response.status_code >= 400:
                raise self._failure(method, response, doing)
            yield from response.iter_lines()
        except requests.exceptions.RequestException as error:
            raise self._no_answer(
                ReplyLost, method, self.base_url + path, doing, f"half of it: {_cause(error)}"
            ) from error
        finally:
            response.close()

    def close(self) -> None:
        """Let go of the connections."""
        self._session.close()

    def _may_repeat(self, failure: HttpError, again_is_safe: bool) -> bool:
        if isinstance(failure, ReplyLost):
            return again_is_safe
        if failure.status == 0:
            return True
        return failure.status in (TRANSIENT if again_is_safe else REFUSED_UNREAD)

    def _attempt(
        self,
        method: str,
        path: str,
        doing: str,
        params: dict[str, Any] | None,
        json_body: Any,
        content_type: str,
        headers: dict[str, str] | None,
        fresh: bool,
    ) -> tuple[Reply | HttpError, float]:
        """One try: the reply or the failure, and the server's Retry-After in seconds."""
        sent_headers = dict(headers or {})
        data = None
        if json_body is not None:
            data = json.dumps(json_body).encode()
            sent_headers["Content-Type"] = content_type
        sent_at = time.perf_counter()
        try:
            response = self._send(method, path, doing, fresh=fresh, params=params, data=data, headers=sent_headers)
        except HttpError as error:
            return error, 0.0
        seconds = time.perf_counter() - sent_at
        if response.status_code >= 400:
            return self._failure(method, response, doing), _retry_after(response.headers.get("Retry-After"))
        reply_headers = {name.lower(): value for name, value in response.headers.items()}
        return Reply(response.status_code, reply_headers, _body_of(response), seconds), 0.0

    def _send(self, method: str, path: str, doing: str, *, fresh: bool, **kwargs: Any) -> Any:
        url = self.base_url + path
        headers = dict(kwargs.pop("headers", None) or {})
        if self.authorize is not None:
            headers.update(self.authorize(fresh))
        left = max(self.deadline.remaining(), 0.1)
        self.sent += 1
        try:
            return self._session.request(
                method,
                url,
                headers=headers,
                verify=self.verify,
                cert=self.certificate,
                timeout=(min(10.0, left), min(self.read_timeout, left)),
                allow_redirects=method in SAFE,
                **kwargs,
            )
        except requests.exceptions.SSLError as error:
            raise self._no_answer(HttpError, method, url, doing, f"TLS was refused: {_cause(error)}", -1) from error
        except (requests.exceptions.ConnectTimeout, requests.exceptions.ProxyError) as error:
            raise self._no_answer(HttpError, method, url, doing, f"no connection: {_cause(error)}") from error
        except requests.exceptions.RequestException as error:
            refused = isinstance(error, requests.exceptions.ConnectionError) and _never_connected(error)
            kind = HttpError if refused else ReplyLost
            raise self._no_answer(kind, method, url, doing, f"no answer: {_cause(error)}") from error

    def _no_answer(
        self, kind: type[HttpError], method: str, url: str, doing: str, why: str, status: int = 0
    ) -> HttpError:
        return kind(f"{doing}: {self.service} gave {why} ({method} {url})", status=status, method=method, url=url)

    def _failure(self, method: str, response: Any, doing: str) -> HttpError:
        refusal = self.refusal(response.status_code, _body_of(response))
        said = f"{refusal.reason}: {refusal.message}" if refusal.reason else refusal.message
        unsure = method not in SAFE and response.status_code in TRANSIENT - REFUSED_UNREAD
        kind = ReplyLost if unsure else HttpError
        return kind(
            f"{doing}: {self.service} answered {response.status_code} {said} ({method} {response.url})",
            status=response.status_code,
            method=method,
            url=response.url,
            reason=refusal.reason,
            server_message=refusal.message,
            details=refusal.details,
        )


def new_session() -> Any:
    """A requests.Session that honours the environment's proxies, but not where they do harm.

    Loopback is never asked for through a proxy, and ~/.netrc never replaces the Authorization that was given.
    """

    class Session(requests.Session):
        def merge_environment_settings(self, url: str, proxies: Any, stream: Any, verify: Any, cert: Any) -> Any:
            if is_loopback(url):
                return {"proxies": {}, "stream": stream, "verify": True if verify is None else verify, "cert": cert}
            return super().merge_environment_settings(url, proxies, stream, verify, cert)

    session = Session()
    session.auth = _as_given
    return session


def is_loopback(url: str) -> bool:
    """Whether a URL's host is this machine."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _as_given(request: Any) -> Any:
    """An authentication that leaves the request alone; without one, requests looks into ~/.netrc."""
    return request


def _body_of(response: Any) -> Any:
    if "json" in response.headers.get("Content-Type", ""):
        try:
            return response.json()
        except ValueError:
            pass
    return response.text


def _retry_after(value: str | None) -> float:
    """Seconds asked for; the form with a date is rare enough to be ignored (RFC 9110, 10.2.3)."""
    return float(value) if value and value.isdigit() else 0.0


def _never_connected(error: Exception) -> bool:
    """Whether the connection itself failed, so that the request cannot have been acted on."""
    return "NewConnectionError" in repr(error) or "NameResolutionError" in repr(error)


def _cause(error: Exception) -> str:
    """The innermost reason that urllib3 gives, on one line."""
    inner: Any = error
    while getattr(inner, "args", None) and isinstance(inner.args[0], Exception):
        inner = inner.args[0]
    reason = getattr(inner, "reason", None) or inner
    return " ".join(str(reason).split())[:200]
