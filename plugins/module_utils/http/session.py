# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One HTTP session a service: authorisation, deadline, retries and typed errors in one place."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ..core import secrets, server_warnings
from ..core.deadline import Deadline, backoff
from ..core.errors import HttpError, ReplyLost, UnexpectedAnswer
from ..core.harmless import quoted
from . import answers, redirects
from .address import check_address
from .answers import ANYTHING, OBJECT, Shape, Unexpected
from .connection import adding, new_session
from .failures import Asked, is_gone
from .replies import Refusal, Reply, read_refusal, retry_after
from .streams import Stream

TRANSIENT = frozenset({429, 500, 502, 503, 504})
REFUSED_UNREAD = frozenset({429})
"""The status by which a server says that it did not act, so that a write may be sent again."""

SAFE = frozenset({"GET", "HEAD"})

CONNECT_PATIENCE = 20.0
"""Seconds for which a service that never answered is tried: a wrong endpoint must not eat the deadline."""


@dataclass
class HttpSession:
    """A kept connection to one service.

    base_url: without a trailing slash; paths begin with one. service: its name in messages. authorize: called for each
    request with whether to mint anew; returns headers.
    verify: a CA file, or True for the system's. It is given with each request, because requests lets
    REQUESTS_CA_BUNDLE and CURL_CA_BUNDLE overrule a session's own. certificate: the client's (file, key file); None for
    the latter where the first holds the key as well.
    proxy, server_name: as new_session takes them. repeated_headers: as adding() takes them; for this service alone.
    connect_patience: see CONNECT_PATIENCE. sent: requests so far, retries included. keeps_files_elsewhere: whether a
    read may be redirected to another server, which is asked without any credentials; to the same server it always may.
    elsewhere: gives base_url and verify anew where they are remembered ones; asked once, where the service is gone.
    """

    base_url: str
    service: str
    deadline: Deadline
    authorize: Callable[[bool], dict[str, str]] | None = None
    verify: str | bool = True
    certificate: tuple[str, str | None] | None = None
    proxy: str | None = None
    server_name: str | None = None
    read_timeout: float = 60.0
    connect_patience: float = CONNECT_PATIENCE
    keeps_files_elsewhere: bool = False
    headers: dict[str, str] = field(default_factory=dict)
    repeated_headers: tuple[tuple[str, str], ...] = ()
    refusal: Callable[[int, Any], Refusal] = read_refusal
    elsewhere: Callable[[], tuple[str, str | bool]] | None = None
    sent: int = 0

    def __post_init__(self) -> None:
        check_address(self.base_url, self.service, with_credentials=self.authorize is not None)
        self._answered = False
        self._moving = threading.Lock()
        self._session = new_session(self.deadline, self.proxy, self.server_name)
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
        patience: float | None = None,
        want: Shape = OBJECT,
    ) -> Reply:
        """Send one request, repeated inside the deadline where that is safe, and return its 2xx reply.

        doing: what it is for, in words, for the error ("create cluster mistral in us-central1").
        repeatable: whether a lost reply may be answered by sending again; by default only reads are.
        patience: seconds after which it is not repeated any more, where the deadline is more than it is worth.
        want: what the answer must be, see answers.py.
        Raises HttpError on a refusal, ReplyLost where a write may or may not have happened, UnexpectedAnswer for an
        answer of another form, DeadlineExceeded where no time is left to ask.
        """
        again_is_safe = method in SAFE if repeatable is None else repeatable
        pauses = backoff(first=0.2)
        renewed = False
        began = self.deadline.elapsed()
        failures: list[HttpError] = []
        while True:
            if failures and self.deadline.remaining() <= 0:
                raise failures[-1]
            address = self.base_url, self.verify
            self.deadline.check(doing, f"{self.sent} requests sent to {self.service} ({method} {self.base_url}{path})")
            failure = self._attempt(method, path, doing, params, json_body, content_type, headers, want)
            if isinstance(failure, Reply):
                self.elsewhere = None
                return failure
            if self._moved(failure, address):
                continue
            failures.append(failure)
            if failure.status == 401 and not renewed and self._renew():
                renewed = True
                continue
            if not self._may_repeat(failure, again_is_safe):
                raise failure
            pause = max(next(pauses), failure.retry_after)
            tried = self.deadline.elapsed() - began
            enough = self.connect_patience if not self._answered else patience
            if (enough is not None and tried > enough) or pause >= self.deadline.remaining():
                raise failure
            self.deadline.pause(pause, doing, failure.message)

    def open(self, method: str, path: str, *, doing: str, **kwargs: Any) -> Stream:
        """Send one request and give its body as it arrives. Raises HttpError on a refusal, not repeated."""
        # A compressed body is handed over when a block of it is full, not when there is something to tell.
        headers = {"Accept-Encoding": "identity", **(kwargs.pop("headers", None) or {})}
        response = self._send(method, path, doing, headers=headers, **kwargs)
        if response.status_code >= 300:
            with response:
                raise self._failure(method, response, doing)
        if "html" in response.headers.get("Content-Type", "").lower():
            with response:
                raise self.unexpected(method, path, doing, Unexpected("an HTML page"), "a stream")
        return Stream(response, self._asked(method, self.base_url + path, doing).broken)

    @property
    def sent_at(self) -> float:
        """When the last request began to be sent, by time.perf_counter; for a session that one thread uses."""
        return self._session.sent_at

    def unexpected(self, method: str, path: str, doing: str, came: Unexpected, want: Shape) -> UnexpectedAnswer:
        """The error for an answer that is not what it must be. want: a shape, or words."""
        return self._asked(method, self.base_url + path, doing).unexpected(200, came, want)

    def close(self) -> None:
        """Let go of the connections."""
        self._session.close()

    def _authorization(self) -> dict[str, str]:
        headers = self.authorize(False) if self.authorize else {}
        secrets.keep_authorization(headers)
        return headers

    def _renew(self) -> bool:
        """Mint a new authorisation; False where there is none, or it is the same as before."""
        return self.authorize is not None and self.authorize(False) != self.authorize(True)

    def _moved(self, failure: HttpError, asked: tuple[str, str | bool]) -> bool:
        """Whether the service is elsewhere than where it was asked (base_url and verify)."""
        with self._moving:
            if asked != (self.base_url, self.verify):
                return not isinstance(failure, ReplyLost)
            elsewhere, self.elsewhere = self.elsewhere, None
            if elsewhere is None or not is_gone(failure) or isinstance(failure, ReplyLost):
                return False
            self.base_url, self.verify = elsewhere()
            check_address(self.base_url, self.service, with_credentials=self.authorize is not None)
            return asked != (self.base_url, self.verify)

    def _may_repeat(self, failure: HttpError, again_is_safe: bool) -> bool:
        if isinstance(failure, UnexpectedAnswer):
            return False
        if isinstance(failure, ReplyLost):
            return again_is_safe
        return failure.status == 0 or failure.status in (TRANSIENT if again_is_safe else REFUSED_UNREAD)

    def _attempt(
        self,
        method: str,
        path: str,
        doing: str,
        params: dict[str, Any] | None,
        json_body: Any,
        content_type: str,
        headers: dict[str, str] | None,
        want: Shape,
    ) -> Reply | HttpError:
        """One try: the reply or the failure."""
        asked = self._asked(method, self.base_url + path, doing)
        sent_headers = dict(headers or {})
        data = None
        if json_body is not None:
            data = json.dumps(json_body).encode()
            sent_headers["Content-Type"] = content_type
        sent_at = time.perf_counter()
        try:
            with self._send(method, path, doing, params=params, data=data, headers=sent_headers) as response:
                self._answered = True
                if response.status_code >= 300:
                    return self._failure(method, response, doing)
                with asked.explained():
                    body = answers.read_bytes(response)
        except HttpError as error:
            return error
        except Unexpected as came:
            return asked.unexpected(response.status_code, came, want)
        seconds = time.perf_counter() - sent_at
        reply_headers = {name.lower(): value for name, value in response.headers.items()}
        try:
            # A HEAD has no body to judge.
            form = ANYTHING if method == "HEAD" else want
            said = answers.judged(response.status_code, reply_headers.get("content-type", ""), body, form)
        except Unexpected as came:
            return asked.unexpected(response.status_code, came, want)
        return Reply(response.status_code, reply_headers, said, seconds)

    def _send(self, method: str, path: str, doing: str, **kwargs: Any) -> Any:
        """The response to a request, its body not read yet; redirects of reads are followed where they may be."""
        url = self.base_url + path
        headers = dict(kwargs.pop("headers", None) or {})
        headers.update(self._authorization())
        self.sent += 1
        certificate, auth = self.certificate, adding(self.repeated_headers)
        response = self._send_once(method, url, doing, headers, certificate, auth=auth, **kwargs)
        for _hop in range(redirects.MOST):
            target = self._target(method, url, response)
            if target is None:
                break
            # A connection whose answer was read can be used again.
            answers.read_some(response)
            response.close()
            if not redirects.is_same_server(url, target):
                headers, certificate, auth = _without_credentials(headers), None, None
            url = target
            response = self._send_once(method, url, doing, headers, certificate, auth=auth)
        return response

    def _target(self, method: str, url: str, response: Any) -> str | None:
        """Where a redirect leads that is to be followed; None for any other answer."""
        if method not in SAFE or response.status_code not in redirects.STATUSES:
            return None
        target = redirects.target_of(url, response.headers.get("Location", ""))
        if target is None or redirects.is_same_server(url, target):
            return target
        return target if self.keeps_files_elsewhere and redirects.is_safe(url, target) else None

    def _send_once(
        self, method: str, url: str, doing: str, headers: dict[str, str], certificate: Any, **kwargs: Any
    ) -> Any:
        left = max(self.deadline.remaining(), 0.1)
        with self._asked(method, url, doing).explained():
            response = self._session.request(
                method,
                url,
                headers=headers,
                verify=self.verify,
                cert=certificate,
                timeout=(min(10.0, left), min(self.read_timeout, left)),
                allow_redirects=False,
                stream=True,
                **kwargs,
            )
        server_warnings.hear(response.headers.get("Warning", ""))
        return response

    def _asked(self, method: str, url: str, doing: str) -> Asked:
        return Asked(self.service, method, url, doing)

    def _failure(self, method: str, response: Any, doing: str) -> HttpError:
        if response.status_code < 400:
            asked = self._asked(method, response.url, doing)
            return asked.redirected(response.status_code, response.headers.get("Location", ""))
        content_type = response.headers.get("Content-Type", "")
        refusal = self.refusal(response.status_code, answers.leniently(content_type, answers.read_some(response)))
        said = quoted(": ".join(filter(None, (refusal.reason, refusal.message))))
        answered = f"{response.status_code} {said}".strip()
        unsure = method not in SAFE and response.status_code in TRANSIENT - REFUSED_UNREAD
        kind = ReplyLost if unsure else HttpError
        advice = f"; {quoted(refusal.advice)}" if refusal.advice else ""
        failure = kind(
            f"{doing}: {self.service} answered {answered} ({method} {response.url}){advice}",
            status=response.status_code,
            method=method,
            url=response.url,
            reason=refusal.reason,
            server_message=refusal.message or f"HTTP status {response.status_code}",
            details=refusal.details,
        )
        failure.retry_after = retry_after(response.headers.get("Retry-After"))
        return failure


def _without_credentials(headers: dict[str, str]) -> dict[str, str]:
    """Those that a server may have that is not the one that was meant."""
    return {name: value for name, value in headers.items() if name.lower() in ("accept", "range")}
