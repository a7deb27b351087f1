# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How requests is used here: proxies, names of servers, ~/.netrc, and why a connection failed."""

from __future__ import annotations

import ipaddress
import os
import re
import time
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import urlsplit

from ..core.deadline import Deadline
from ..core.errors import MissingLibrary
from ..core.harmless import one_line
from ..core.secrets import without_credentials
from .transport import new_adapter

try:
    import requests
except ImportError as error:
    requests = None
    REQUESTS_ERROR: Exception | None = error
else:
    REQUESTS_ERROR = None

_REPRESENTATION = re.compile(r"^\w+\(host='[^']*', port=\d+\): ")
"""How urllib3 begins what it says of a connection; the message names the URL."""
_TUNNEL = "Tunnel connection failed: "
"""What http.client says before a proxy's status."""


def new_session(deadline: Deadline, proxy: str | None = None, server_name: str | None = None) -> Any:
    """A requests.Session that honours the environment's proxies, but not where they do harm.

    deadline: past which no byte is waited for. proxy: the URL of the one to use for every server, whatever the
    environment says. Without it, loopback is never asked for through a proxy. server_name: the name that servers ask
    for and show in their certificates, where it is not that of the URL. ~/.netrc never replaces the Authorization that
    was given.
    ``sent_at`` is when it last began to send, by time.perf_counter.
    Raises MissingLibrary where requests is not installed.
    """
    if requests is None:
        raise MissingLibrary("requests", REQUESTS_ERROR)

    class Session(requests.Session):
        sent_at = 0.0

        def send(self, request: Any, **kwargs: Any) -> Any:
            # What comes before is this client's own work and no part of what a server takes.
            self.sent_at = time.perf_counter()
            try:
                return super().send(request, **kwargs)
            except (requests.exceptions.ProxyError, requests.exceptions.Timeout) as error:
                address = requests.utils.select_proxy(request.url, kwargs.get("proxies"))
                if not address:
                    raise
                named = _named(address, "" if proxy else request.url)
                raise type(error)(_with_proxy(named, cause_of(error)), request=request) from error

        def get_redirect_target(self, _response: Any) -> None:
            """Who asks follows redirects, not this: even without following, it would read the whole body first."""

        def merge_environment_settings(self, url: str, proxies: Any, stream: Any, verify: Any, cert: Any) -> Any:
            if not proxy and not is_loopback(url):
                return super().merge_environment_settings(url, proxies, stream, verify, cert)
            chosen = {"http": proxy, "https": proxy} if proxy else {}
            # The CAs of the system may be named in the environment, whose proxies are left alone.
            verify = super().merge_environment_settings(url, dict(chosen), stream, verify, cert)["verify"]
            return {"proxies": chosen, "stream": stream, "verify": True if verify is None else verify, "cert": cert}

    session = Session()
    session.auth = _as_given
    adapter = new_adapter(deadline, server_name)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


def adding(headers: Iterable[tuple[str, str]]) -> Callable[[Any], Any] | None:
    """What adds headers to a request, as requests takes an authentication; None where there are none to add.

    requests takes headers as a mapping, which holds a name once.
    """
    pairs = [*headers]

    def add(request: Any) -> Any:
        from urllib3.response import HTTPHeaderDict

        request.headers = HTTPHeaderDict(request.headers)
        for name, value in pairs:
            request.headers.add(name, value)
        return request

    return add if pairs else None


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


def never_connected(error: Exception) -> bool:
    """Whether the connection itself failed, so that the request cannot have been acted on."""
    return "NewConnectionError" in repr(error) or "NameResolutionError" in repr(error)


def refused_by_proxy(error: Exception) -> bool:
    """Whether a proxy does not let this client through (4xx to its CONNECT), or is not trusted, once and for all."""
    said = repr(error.__cause__ or error)
    return f"{_TUNNEL}4" in said or "CertVerificationError" in said


def _named(address: str, url: str) -> str:
    """A proxy, and for a URL, for which the environment told of it, the variables that do."""
    shown = f"the proxy {without_credentials(address)}"
    if not url:
        return shown
    names = (f"{urlsplit(url).scheme}_proxy", "all_proxy")
    found = next((name for one in names for name in (one, one.upper()) if os.environ.get(name)), "the system's")
    return f"{shown} ({found}; NO_PROXY leaves hosts out)"


def _with_proxy(named: str, said: str) -> str:
    """What is said of a request that went to a proxy."""
    _unable, _colon, why = said.partition("to proxy: ")
    if not why:
        return f"{said.rstrip('.')}, by {named}"
    answered = why.removeprefix(_TUNNEL)
    return f"{named} answered {answered}" if answered != why else f"{named} is not reached: {why}"


def cause_of(error: Exception) -> str:
    """The innermost reason that urllib3 gives, on one line."""
    inner: Any = error
    while getattr(inner, "args", None) and isinstance(inner.args[0], Exception):
        inner = inner.args[0]
    reason = getattr(inner, "reason", None) or inner
    arguments = getattr(reason, "args", ())
    if len(arguments) == 2 and isinstance(arguments[0], str) and isinstance(arguments[1], Exception):
        # What was done, and why it failed.
        why = _REPRESENTATION.sub("", str(arguments[1]))
        return one_line(f"{arguments[0].rstrip('.')}: {why}", 200)
    return _REPRESENTATION.sub("", one_line(reason, 200))
