# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Google credentials from a task's options, by google-auth where a token is minted; only here one is seen."""

from __future__ import annotations

import hashlib
import importlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from ..core import files, play_memory
from ..core.deadline import Deadline, backoff
from ..core.errors import InvalidOption, LlmopsError, MissingLibrary
from ..core.harmless import one_line
from ..core.option_names import option
from ..http import json_text
from ..http.address import header_text
from ..http.connection import cause_of
from ..http.session import CONNECT_PATIENCE
from .token_request import TokenRequest

CLOUD_PLATFORM = "https://www.googleapis.com/auth/cloud-platform"


_DECISIVE = ("auth_kind", "service_account_file", "service_account_contents", "impersonate_service_account", "scopes")


QUOTA_PROJECT = "x-goog-user-project"
"""The header that names the project whose quota is used, where it is not that of the credentials."""

_RENEWED_BEFORE = timedelta(minutes=4)
"""What is left of a token that another task left is at least this; google-auth renews its own as early."""


_NAME_A_KEY = f"name a service account's key file by GCP_SERVICE_ACCOUNT_FILE or {option('service_account_file')}"


class CredentialsRefused(LlmopsError):
    """No usable credentials, or the token endpoint refused them."""

    kind = "credentials"


def load_library() -> None:
    """Import google-auth where it is installed, for a process that is about to fork others which need it."""
    with suppress(ImportError):
        for name in ("google.auth", "google.oauth2.credentials", "google.oauth2.service_account"):
            importlib.import_module(name)


@contextmanager
def _google_auth() -> Iterator[None]:
    """Imported where credentials need it: that takes longer than many tasks that need none of it."""
    try:
        yield
    except ImportError as error:
        raise MissingLibrary("google-auth", error) from error


@dataclass(frozen=True)
class _BareToken:
    """An access token that was given as such, in the form of google-auth's credentials."""

    token: str
    valid: bool = True
    expiry: datetime | None = None
    quota_project_id: str | None = None


def authorizer(options: dict[str, Any], deadline: Deadline | None = None) -> Callable[[bool], dict[str, str]]:
    """What HttpSession.authorize takes: gives the Authorization header, minted when due or when told to, and the
    project that pays where the credentials name one (x-goog-user-project).

    options: those of the ``google_auth`` doc fragment. One token serves all requests of a task, and those of other
    tasks where they share a memory; google-auth refreshes it shortly before it ends, so long waits outlive it. Where
    the token endpoint fails in passing, it is asked again inside the deadline. Raises InvalidOption at once for
    credentials that cannot be, CredentialsRefused when a token is asked for and none is given.
    """
    return _Authorizer(options, deadline or Deadline(CONNECT_PATIENCE))


class _Authorizer:
    """The credentials are read, and a key checked, only where no other task has left a token of theirs."""

    def __init__(self, options: dict[str, Any], patience: Deadline) -> None:
        self._options, self._patience = options, patience
        self._source = _source(options)
        # A bare access token is there already, and no other task's business.
        self._memory = None if self._source == "accesstoken" else play_memory.shared
        self._identity = _identity(options) if self._memory else b""
        self._credentials: Any = None if self._recalled() else _load(options)

    def __call__(self, fresh: bool) -> dict[str, str]:
        credentials = self._credentials
        if not fresh and credentials is not None and credentials.valid:
            return _headers(credentials.token, credentials.quota_project_id)
        if self._memory is None:
            return self._minted()
        # One token for all, where the tasks of several hosts begin at once.
        with self._memory.alone(self._identity, self._patience):
            recalled = None if fresh else self._recalled()
            return recalled or self._minted()

    def _minted(self) -> dict[str, str]:
        credentials = self._credentials
        if credentials is None:
            credentials = self._credentials = _load(self._options)
        if not isinstance(credentials, _BareToken):
            _mint(credentials, self._source, self._patience)
        if self._memory and credentials.expiry:
            fact = [credentials.token, credentials.expiry.isoformat(), credentials.quota_project_id]
            self._memory.keep(self._identity, fact)
        return _headers(credentials.token, credentials.quota_project_id)

    def _recalled(self) -> dict[str, str] | None:
        """The headers of a token that another task left and that does not end yet."""
        kept = self._memory.recall(self._identity) if self._memory else None
        if kept is None:
            return None
        token, expiry, payer = list(kept)
        left = datetime.fromisoformat(expiry) - datetime.now(UTC).replace(tzinfo=None)
        return _headers(token, payer) if left > _RENEWED_BEFORE else None


def _headers(token: str, payer: str | None) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}", **({QUOTA_PROJECT: payer} if payer else {})}


def member(options: dict[str, Any]) -> str | None:
    """The caller as IAM policies name it; None where the credentials do not tell who it is."""
    email = options.get("impersonate_service_account") or getattr(_load(options), "service_account_email", None)
    return f"serviceAccount:{email}" if email and "@" in email else None


def _identity(options: dict[str, Any]) -> bytes:
    """By all that decides whose token is minted: options, and for application default credentials the environment and
    the files that google-auth finds by it."""
    home = os.environ.get("CLOUDSDK_CONFIG") or os.path.expanduser("~/.config/gcloud")
    application = os.environ.get("GOOGLE_APPLICATION_CREDENTIALS")
    paths = [options.get("service_account_file"), application, f"{home}/application_default_credentials.json"]
    texts = []
    for path in filter(None, paths):
        try:
            with open(files.readable("service_account_file", path), "rb") as stream:
                texts.append(f"{path}: {hashlib.sha256(stream.read()).hexdigest()}")
        except (OSError, InvalidOption):
            texts.append(f"{path}: none")
    return play_memory.identity_of("token", [options.get(name) for name in _DECISIVE], texts)


def _mint(credentials: Any, source: str, deadline: Deadline) -> None:
    """Have a new access token, asking again as long as the endpoint fails in passing and there is time.

    An endpoint that never gave one is given up sooner: its address may be wrong.
    """
    from google.auth.exceptions import GoogleAuthError, RefreshError

    began, first, pauses = deadline.elapsed(), credentials.token is None, backoff(first=0.2)
    while True:
        deadline.check(f"Google credentials ({source}): get an access token")
        request = TokenRequest(deadline)
        try:
            credentials.refresh(request)
            if not isinstance(credentials.token, str) or not credentials.token:
                raise RefreshError("no token in the answer")
            return
        except (GoogleAuthError, *_MISREAD) as error:
            came = request.came or f"{request.status}: {_said(error)}"
            said = f"{request.asked} gave {came}" if request.asked else _said(error)
            pause = max(next(pauses), request.retry_after)
            given_up = first and deadline.elapsed() - began > CONNECT_PATIENCE
            if not request.failed_in_passing or given_up or pause >= deadline.remaining():
                way_out = f"; renew them (gcloud auth application-default login), or {_NAME_A_KEY}"
                raise CredentialsRefused(
                    f"Google credentials ({source}): no access token was given: {said}"
                    f"{'' if request.by_proxy else way_out}",
                    source=source,
                ) from error
            deadline.pause(pause, "get an access token", said)


_MISREAD = (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError)
"""What google-auth raises for an answer that is not as it takes for granted."""


def _said(error: Exception) -> str:
    """What went wrong, on one line: an endpoint's error, or why it gave no answer."""
    inner = error.args[0] if error.args else error
    return cause_of(inner) if isinstance(inner, Exception) else one_line(inner, 200)


def _source(options: dict[str, Any]) -> str:
    """Which kind of credentials the options ask for; what is given decides where auth_kind is left out."""
    if options.get("auth_kind"):
        return options["auth_kind"]
    if options.get("access_token"):
        return "accesstoken"
    if options.get("service_account_file") or options.get("service_account_contents"):
        return "serviceaccount"
    return "application"


def _load(options: dict[str, Any]) -> Any:
    scopes = options.get("scopes") or [CLOUD_PLATFORM]
    target = options.get("impersonate_service_account")
    source = _source(options)
    if source == "accesstoken":
        if not options.get("access_token"):
            raise InvalidOption(
                "access_token", None, f"an OAuth 2.0 access token, because {option('auth_kind')} is {source}"
            )
        credentials: Any = _BareToken(header_text("access_token", options["access_token"]))
    elif source == "serviceaccount":
        credentials = _service_account(options, scopes)
    else:
        credentials = _application_default(scopes)
    return _impersonating(credentials, target, scopes) if target else credentials


def _impersonating(credentials: Any, target: str, scopes: list[str]) -> Any:
    with _google_auth():
        from google.auth.impersonated_credentials import Credentials as Impersonating
        from google.oauth2.credentials import Credentials
    own = Credentials(credentials.token) if isinstance(credentials, _BareToken) else credentials
    return Impersonating(source_credentials=own, target_principal=target, target_scopes=scopes)


def _application_default(scopes: list[str]) -> Any:
    with _google_auth():
        import google.auth
        from google.auth.exceptions import DefaultCredentialsError
    try:
        return google.auth.default(scopes=scopes)[0]
    except DefaultCredentialsError as error:
        raise CredentialsRefused(
            f"Google credentials (application): {error.args[0]}; run gcloud auth application-default login, or "
            f"{_NAME_A_KEY}",
            source="application",
        ) from error


def _service_account(options: dict[str, Any], scopes: list[str]) -> Any:
    with _google_auth():
        from google.auth.exceptions import GoogleAuthError
        from google.oauth2.service_account import Credentials
    path, contents = options.get("service_account_file"), options.get("service_account_contents")
    named = "service_account_contents" if contents else "service_account_file"
    accepted = "a service account key in JSON (keys type, client_email, private_key, token_uri)"
    if not path and not contents:
        raise InvalidOption(named, path, f"a key file's path, because {option('auth_kind')} is serviceaccount")
    try:
        if contents:
            info = contents if isinstance(contents, dict) else json_text.loads(contents)
        else:
            with open(files.readable(named, path), encoding="utf-8") as stream:
                info = json_text.loads(stream.read())
        if not isinstance(info, dict):
            raise ValueError("no JSON object")
        return Credentials.from_service_account_info(info, scopes=scopes)
    except OSError as error:
        raise InvalidOption(named, path, f"a readable key file ({error.strerror})") from error
    except (AttributeError, TypeError, ValueError, GoogleAuthError) as error:
        # The value itself may be the key, so the message never repeats it.
        raise InvalidOption(named, path if named.endswith("file") else "(hidden)", accepted) from error
