# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a client certificate and its key can be shown to a server, before one is asked.

Of most of what may be wrong OpenSSL says no more than "PEM lib", and it asks on the terminal for a key's password.
"""

from __future__ import annotations

import ssl

from .login import Unusable

_LOCKED = "is behind a password, for which a task can ask nobody; name a copy without, as openssl pkey writes it"
_NOT_ITS_KEY = ("MISMATCH", "NO_CERTIFICATE_ASSIGNED")
"""In OpenSSL's reasons; the second for keys of another algorithm."""


def check(files: tuple[str, str | None], user: str) -> None:
    """Raises Unusable, in words that hold nothing of the files, which are as HttpSession takes them."""
    certificate, key = files
    asked = False

    def password() -> str:
        nonlocal asked
        asked = True
        return ""

    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(certificate, key, password)
    except OSError as error:
        _check_readable(certificate, f"client-certificate of {user}")
        if key:
            _check_readable(key, f"client-key of {user}")
        raise Unusable(_why(certificate, key, user, error, asked)) from error


def _check_readable(path: str, name: str) -> None:
    try:
        with open(path, "rb"):
            pass
    except OSError as error:
        raise Unusable(f"{name}: {error.strerror}: {path}") from error


def _why(certificate: str, key: str | None, user: str, error: OSError, asked: bool) -> str:
    reason = getattr(error, "reason", None) or ""
    if asked:
        return f"client-key of {user} {_LOCKED}"
    if any(word in reason for word in _NOT_ITS_KEY):
        return f"client-key of {user} is not that of its client-certificate"
    if not _holds_certificate(certificate):
        return f"client-certificate of {user} holds no certificate in PEM"
    if key is None:
        return f"{user} has a client-certificate and no client-key"
    if reason:
        return f"client-certificate of {user} with its client-key: {reason.lower().replace('_', ' ')}"
    return f"client-key of {user} holds no key in PEM"


def _holds_certificate(path: str) -> bool:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path)
    except OSError:
        return False
    return True
