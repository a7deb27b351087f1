# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The secrets of a task: those of its options, and those that it comes to hold while it works.

A token is minted, read from a kubeconfig or given by a plugin only when a request needs it, and a server may repeat it
in an error. So whoever puts a secret into a request lets it be kept here, and whoever makes a line for a person hides
it.
"""

from __future__ import annotations

import base64
import re
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any
from urllib.parse import quote, unquote

HIDDEN = "********"

_LEAST = 4
"""Characters of a secret that is hidden wherever it occurs; a shorter one would blank out words that contain it."""

_CREDENTIALS = re.compile(r"\b((?:https?|wss?|socks\w*)://)([^/?#@\s\"']+)@", re.IGNORECASE)

_lock = threading.Lock()
_kept: set[str] | None = None


@contextmanager
def kept(first: Iterable[str] = ()) -> Iterator[None]:
    """While it lasts, secrets are kept, ``first`` among them. A process runs one task at a time."""
    global _kept
    former, _kept = _kept, set()
    try:
        keep(*first)
        yield
    finally:
        _kept = former


def keep(*secrets: str | None) -> None:
    """Hide these from now on, also as they are written in a URL. Does nothing outside a task."""
    with _lock:
        if _kept is not None:
            for secret in secrets:
                for form in (secret or "", (secret or "").strip(), quote(secret or "", safe="")):
                    if len(form) >= _LEAST:
                        _kept.add(form)


def keep_authorization(headers: Mapping[str, str]) -> None:
    """Hide what an ``Authorization`` header holds: a token, or a password and what carries it."""
    scheme, _space, credentials = headers.get("Authorization", "").partition(" ")
    keep(credentials or scheme)
    if scheme.lower() == "basic":
        with suppress(ValueError):
            keep(base64.b64decode(credentials).decode().partition(":")[2])


def in_urls(value: Any) -> set[str]:
    """The passwords in the URLs among texts, lists and mappings."""
    if isinstance(value, str):
        passwords = {credentials.rpartition(":")[2] for _scheme, credentials in _CREDENTIALS.findall(value)}
        return {form for each in passwords for form in (each, unquote(each)) if len(form) >= _LEAST}
    if isinstance(value, Mapping):
        return in_urls(list(value.values()))
    return set().union(*map(in_urls, value)) if isinstance(value, (list, tuple)) else set()


def known() -> frozenset[str]:
    """All that must be hidden now."""
    with _lock:
        return frozenset(_kept or ())


def hidden(text: str) -> str:
    """The text without the secrets that are known, and without users and passwords in URLs."""
    for secret in sorted(known(), key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    return without_credentials(text)


def without_credentials(text: str) -> str:
    """The text without users and passwords in URLs."""
    return _CREDENTIALS.sub(r"\1***@", text)
