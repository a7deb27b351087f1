# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The credentials that a kubeconfig holds itself: token, user and password, client certificate.

The kubernetes package reads them as well, but takes longer to import than most tasks take. What goes before what is as
in kubectl (client-go's tools/clientcmd/client_config.go, getUserIdentificationPartialConfig, and
transport/round_trippers.go, bearerAuthRoundTripper): a token's file before a token, as long as it can be read and is
not empty; what is null or empty is not there; a user without a password logs in with an empty one; the certificate goes
along with any of them. The package (config/kube_config.py, KubeConfigLoader) takes the token before its file, and a key
that is there for one that has a value. As in the package, a token goes before a password where kubectl refuses both,
and goes over plain http, where kubectl sends nothing: where to is for HttpSession to refuse.
"""

from __future__ import annotations

import base64

from ...core import files
from ...http.address import header_text
from .login import Login, Part, Unusable

_LONGEST = 1 << 20
"""Bytes of a token's file: a server takes a header of some thousand."""


def login(user: Part, secure: bool) -> Login:
    """How this user logs in. secure: whether over TLS, without which there is no certificate.

    A token's file is read now, and again where a fresh header is asked for. Raises Unusable; InvalidOption for a token
    that no header can hold.
    """
    certificate = user.path("client-certificate") if secure else None
    key = user.path("client-key") if certificate else None
    header = _header(user)
    if not header:
        return Login(None, (certificate, key) if certificate else None)

    def authorize(fresh: bool) -> dict[str, str]:
        nonlocal header
        if fresh:
            header = _header(user)
        return {"Authorization": header}

    return Login(authorize, (certificate, key) if certificate else None)


def _header(user: Part) -> str:
    """The value of the header Authorization, empty for a user without."""
    token, name, password = _token(user), user.text("username"), user.text("password")
    if token:
        return f"Bearer {header_text('kubeconfig', token)}"
    return f"Basic {base64.b64encode(f'{name}:{password}'.encode()).decode()}" if name else ""


def _token(user: Part) -> str:
    given = user.text("token")
    try:
        return _of_file(user) or given
    except Unusable:
        if not given:
            raise
        return given


def _of_file(user: Part) -> str:
    path = user.path("tokenFile")
    if path is None:
        return ""
    try:
        token = files.read(path, _LONGEST).strip()
    except OSError as error:
        raise Unusable(f"tokenFile of {user.name}: {error.strerror}: {path}") from error
    except ValueError as error:
        raise Unusable(f"tokenFile of {user.name} holds no token: {path}") from error
    if not token:
        raise Unusable(f"tokenFile of {user.name} is empty: {path}")
    return token
