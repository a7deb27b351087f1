# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""As whom a kubeconfig's user acts (``as``, ``as-uid``, ``as-groups``, ``as-user-extra``), as headers.

As in kubectl (client-go's transport/round_trippers.go, impersonatingRoundTripper, and tools/clientcmd/validation.go).
The kubernetes package takes no notice of it, and so acts with the user's own rights.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from .login import Part, Unusable

Headers = tuple[tuple[str, str], ...]
"""Names and values; a name may come more than once."""

_KEY = re.compile(rb"[^!#$&'*+.^_`|~0-9A-Za-z-]")
"""A byte that a header's name cannot hold, or that would be taken for an escaped one."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def headers(user: Part) -> Headers:
    """The headers of each request; none for a user who acts as itself. Raises Unusable."""
    return tuple((name, _sendable(user, value)) for name, value in _headers(user))


def _headers(user: Part) -> Iterator[tuple[str, str]]:
    name, uid = user.text("as"), user.text("as-uid")
    groups, extra = _texts(user, "as-groups", user.fields.get("as-groups")), _extra(user)
    if not name:
        if uid or groups or extra:
            raise Unusable(f"{user.name} has as-uid, as-groups or as-user-extra, and no as")
        return
    yield "Impersonate-User", name
    if uid:
        yield "Impersonate-Uid", uid
    yield from (("Impersonate-Group", group) for group in groups)
    for key, values in extra.items():
        escaped = _KEY.sub(lambda found: b"%%%02X" % found[0][0], key.encode()).decode()
        yield from ((f"Impersonate-Extra-{escaped}", value) for value in values)


def _extra(user: Part) -> dict[str, list[str]]:
    given = user.fields.get("as-user-extra")
    if given is not None and not (isinstance(given, Mapping) and all(isinstance(key, str) for key in given)):
        raise Unusable(f"as-user-extra of {user.name} is no mapping of lists")
    return {key: _texts(user, f"as-user-extra.{key}", values) for key, values in (given or {}).items()}


def _texts(user: Part, key: str, value: object) -> list[str]:
    if value is not None and not (isinstance(value, list) and all(isinstance(one, str) for one in value)):
        raise Unusable(f"{key} of {user.name} is no list of texts")
    return [*(value or [])]


def _sendable(user: Part, value: str) -> str:
    """The value as its UTF-8 is written by an HTTP client that takes every header for Latin-1."""
    if _CONTROL.search(value):
        raise Unusable(f"what {user.name} acts as has control characters")
    return value.encode().decode("latin-1")
