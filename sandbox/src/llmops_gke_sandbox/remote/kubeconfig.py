# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Access to an API server, as a kubeconfig describes it."""

from __future__ import annotations

import base64
import ssl
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import yaml

_UNKNOWN = ("exec", "auth-provider", "username", "as", "impersonate-user")
_UNKNOWN_WAYS = ("proxy-url", "tls-server-name")


@dataclass(frozen=True)
class Access:
    """Where an API server is, and how to be let in.

    :param file: the kubeconfig that says so.
    :param server: its URL, without a slash at the end.
    :param tls: None where the URL is plain http.
    :param token: bearer token, "" where a client certificate lets in.
    """

    file: Path
    server: str
    tls: ssl.SSLContext | None
    token: str = field(default="", repr=False)

    @property
    def egress_socket(self) -> Path:
        """Where the server's egress selector may find simulated pods, see remote.egress: beside the kubeconfig."""
        return self.file.with_name(f"{self.file.name}.egress")

    @property
    def headers(self) -> dict[str, str]:
        """The headers of each request."""
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}


def read_access(file: Path, context: str | None = None) -> Access:
    """Read the access of one context, the current one if none is named.

    :raises ValueError: for a file that is no kubeconfig, lacks the context, or signs in as is not known here.
    """
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
        name = context or content.get("current-context") or ""
        chosen = _named(content, "context", name)
        cluster = _named(content, "cluster", chosen["cluster"])
        user = _named(content, "user", chosen["user"])
        server = cluster["server"].rstrip("/")
    except (OSError, yaml.YAMLError, AttributeError, TypeError, KeyError) as error:
        raise ValueError(f"{file} can't be read as a kubeconfig: {' '.join(str(error).split())}") from None
    if unknown := next((one for one in _UNKNOWN if user.get(one)), None):
        raise ValueError(f"{file}: users with {unknown} are not supported; give one with a token or client certificate")
    if unknown := next((one for one in _UNKNOWN_WAYS if cluster.get(one)), None):
        raise ValueError(f"{file}: clusters with {unknown} are not supported; give a server that is reached directly")
    token = user.get("token") or (
        (file.parent / user["tokenFile"]).read_text(encoding="utf-8").strip() if user.get("tokenFile") else ""
    )
    tls = _tls(file, cluster, user) if server.startswith("https:") else None
    return Access(file, server, tls, token)


def _named(content: dict, kind: str, name: str) -> dict:
    found = next((one[kind] for one in content.get(f"{kind}s") or [] if one["name"] == name), None)
    if found is None:
        raise KeyError(f"there is no {kind} {name!r}")
    return found


def _tls(file: Path, cluster: dict, user: dict) -> ssl.SSLContext:
    authority = _content(file, cluster, "certificate-authority")
    tls = ssl.create_default_context(cadata=authority.decode() if authority else None)
    if cluster.get("insecure-skip-tls-verify"):
        tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE
    certificate, key = _content(file, user, "client-certificate"), _content(file, user, "client-key")
    if certificate and key:
        # The ssl module takes a client's certificate from a file alone.
        with tempfile.NamedTemporaryFile(suffix=".pem") as together:
            together.write(certificate + b"\n" + key)
            together.flush()
            tls.load_cert_chain(together.name)
    return tls


def _content(file: Path, part: dict, name: str) -> bytes:
    if part.get(f"{name}-data"):
        return base64.b64decode(part[f"{name}-data"])
    return (file.parent / part[name]).read_bytes() if part.get(name) else b""
