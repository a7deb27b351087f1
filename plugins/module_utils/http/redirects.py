# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a redirect may lead: to the same server, or elsewhere without any credentials, where that is allowed at all."""

from __future__ import annotations

from urllib.parse import urljoin, urlsplit

STATUSES = frozenset({301, 302, 303, 307, 308})
MOST = 5
"""Redirects that are followed for one request."""

_PORTS = {"http": 80, "https": 443}


def target_of(url: str, location: str) -> str | None:
    """The URL that a Location header means; None where it is none of HTTP."""
    try:
        target = urljoin(url, location)
        parts = urlsplit(target)
        usable = parts.scheme in _PORTS and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return None
    return target if usable and location else None


def is_same_server(url: str, target: str) -> bool:
    """Whether what one URL's server may be told can be told the other's; from http to https on the usual ports, too."""
    ours, theirs = _server(url), _server(target)
    upgraded = (ours[0], ours[2], theirs[0], theirs[2]) == ("http", 80, "https", 443) and ours[1] == theirs[1]
    return ours == theirs or upgraded


def is_safe(url: str, target: str) -> bool:
    """Whether the way there is no worse than the way here: from https only to https."""
    return urlsplit(url).scheme == "http" or urlsplit(target).scheme == "https"


def _server(url: str) -> tuple[str, str, int]:
    parts = urlsplit(url)
    return parts.scheme, (parts.hostname or "").lower(), parts.port or _PORTS.get(parts.scheme, 0)
