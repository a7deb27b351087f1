# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where requests may go, and what may be sent along: refused before anything is sent."""

from __future__ import annotations

import os
import re
from typing import Any
from urllib.parse import urlsplit

from ..core.errors import InvalidOption, LlmopsError
from .connection import is_loopback

SWITCH = "LLMOPS_PLAIN_HTTP"
"""The environment variable that lets credentials go over plain http."""

_URL = "an http(s) URL without user and password"
# What a header holds without loss: visible characters of latin-1, and blanks between them.
_HEADER = re.compile(r"[\x20-\x7e\xa0-\xff]*")


class AddressRefused(LlmopsError):
    """A service's address cannot be used, or not with credentials."""

    kind = "address_refused"


def check_address(url: str, service: str, *, with_credentials: bool) -> None:
    """Refuse an address that is none, that holds a password, or to which credentials would go in the clear.

    service: its name in the message. Raises AddressRefused.
    """
    if not _usable(url):
        raise AddressRefused(f"{service}: {url!r} is not {_URL}", service=service)
    if with_credentials and urlsplit(url).scheme == "http" and not is_loopback(url) and not _allowed():
        raise AddressRefused(
            f"{service}: {url} is plain http, where everybody on the way reads the credentials; use https, a port "
            f"forwarded to this machine, or set the environment variable {SWITCH}=true to send them all the same",
            service=service,
        )


def endpoint(options: dict[str, Any], option: str) -> str:
    """The base URL that an option holds, without a trailing slash, or InvalidOption."""
    url = options[option].rstrip("/")
    if not _usable(url):
        raise InvalidOption(option, options[option], _URL)
    return url


def header_text(option: str, value: str) -> str:
    """A token or key as a header can hold it, without blanks and line breaks around it, or InvalidOption.

    Files and environment variables often end it with a line break.
    """
    text = value.strip()
    if not text or not _HEADER.fullmatch(text):
        # The value is a secret, so the message never repeats it.
        raise InvalidOption(option, "(hidden)", "one line of characters that an HTTP header can hold (latin-1)")
    return text


def _usable(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return (
            parts.scheme in ("http", "https")
            and bool(parts.hostname)
            and parts.port != 0
            and "@" not in parts.netloc
            and not re.search(r"[\x00-\x20\x7f-\xa0\\]", url)
        )
    except ValueError:
        return False


def _allowed() -> bool:
    return os.environ.get(SWITCH, "").lower() in ("1", "true", "yes", "on")


def is_proxy(url: Any) -> bool:
    """Whether this is the URL of a proxy that can be used: http or https, with a host."""
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except (ValueError, AttributeError, TypeError):
        return False


def check_proxy(option: str, url: str | None) -> str | None:
    """The URL of a proxy, or None where there is none. Raises InvalidOption that repeats no password."""
    if not url:
        return None
    if not is_proxy(url):
        raise InvalidOption(option, "(hidden)" if "@" in url else url, "http://HOST:PORT or https://HOST:PORT")
    return url
