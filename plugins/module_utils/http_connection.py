# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How requests is used here: proxies, ~/.netrc, and why a connection failed."""

from __future__ import annotations

import ipaddress
import time
from typing import Any
from urllib.parse import urlsplit

from ansible_collections.llmops.gke.plugins.module_utils.errors import MissingLibrary

try:
    import requests
except ImportError as error:
    requests = None
    REQUESTS_ERROR: Exception | None = error
else:
    REQUESTS_ERROR = None


def new_session() -> Any:
    """A requests.Session that honours the environment's proxies, but not where they do harm.

    Loopback is never asked for through a proxy, and ~/.netrc never replaces the Authorization that was given.
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
            return super().send(request, **kwargs)

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


def never_connected(error: Exception) -> bool:
    """Whether the connection itself failed, so that the request cannot have been acted on."""
    return "NewConnectionError" in repr(error) or "NameResolutionError" in repr(error)


def cause_of(error: Exception) -> str:
    """The innermost reason that urllib3 gives, on one line."""
    inner: Any = error
    while getattr(inner, "args", None) and isinstance(inner.args[0], Exception):
        inner = inner.args[0]
    reason = getattr(inner, "reason", None) or inner
    return " ".join(str(reason).split())[:200]
