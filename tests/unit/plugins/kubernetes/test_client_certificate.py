# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A kubeconfig's client certificate and key that no server could be shown, told before one is asked."""

from __future__ import annotations

import base64
import errno
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.core.deadline import Deadline
from ansible_collections.llmops.gke.plugins.module_utils.core.errors import InvalidOption
from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.client import client_certificate, kubeconfig
from tests.unit import certificates
from tests.unit.plugins.kubernetes import k8s_support

CERTIFICATE, KEY = certificates.pair()
FILES = {
    "certificate": CERTIFICATE,
    "key": KEY,
    "pair": CERTIFICATE + KEY,
    "other": certificates.pair()[1],
    "rsa": certificates.pair(algorithm="RSA")[1],
    "locked": certificates.encrypted(KEY),
    "locked pair": CERTIFICATE + certificates.encrypted(KEY),
    "odd pair": CERTIFICATE + certificates.pair()[1],
    "cut": KEY[: len(KEY) // 2],
    "cut certificate": CERTIFICATE[: len(CERTIFICATE) // 2],
    "empty": b"",
}
LOCKED = "is behind a password, for which a task can ask nobody; name a copy without, as openssl pkey writes it"
NO_CERTIFICATE, NO_KEY = "client-certificate of user u holds no certificate", "client-key of user u holds no key"
OTHER = "client-key of user u is not that of its client-certificate"


@pytest.fixture
def folder(tmp_path):
    for name, text in FILES.items():
        (tmp_path / name).write_bytes(text)
    return tmp_path


def connect(folder: Path, user: dict[str, Any], server: str = "https://127.0.0.1:9") -> kubeconfig.Connection:
    path = folder / "config"
    path.write_text(json.dumps(k8s_support.kubeconfig(server, **user)), encoding="utf-8")
    directory = folder / "inline"
    directory.mkdir()
    return kubeconfig.read(str(path), None, str(directory), Deadline(20))


@pytest.mark.parametrize(
    ("certificate", "key", "wrong"),
    [
        ("certificate", None, "user u has a client-certificate and no client-key"),
        ("certificate", "other", OTHER),
        ("certificate", "rsa", OTHER),
        ("odd pair", None, OTHER),
        ("certificate", "locked", f"client-key of user u {LOCKED}"),
        ("locked pair", None, f"client-key of user u {LOCKED}"),
        ("certificate", "cut", NO_KEY),
        ("certificate", "empty", NO_KEY),
        ("certificate", "certificate", NO_KEY),
        ("key", "key", NO_CERTIFICATE),
        ("empty", None, NO_CERTIFICATE),
        ("cut certificate", "key", NO_CERTIFICATE),
    ],
)
@pytest.mark.parametrize("inline", [False, True])
def test_what_no_server_can_be_shown_is_told_by_name(folder, certificate, key, wrong, inline):
    user = {}
    for field, name in {"client-certificate": certificate, "client-key": key}.items():
        if name and inline and FILES[name]:
            user[f"{field}-data"] = base64.b64encode(FILES[name]).decode()
        elif name:
            user[field] = name
    with pytest.raises(InvalidOption) as error:
        connect(folder, user)
    message = error.value.message
    assert message.startswith(f"kubeconfig: '{folder}/config' is not accepted")
    assert f"(context here: {wrong}" in message
    assert "\n" not in message
    assert not any(line in message for text in FILES.values() for line in text.decode().split("\n")[1:-2])


@pytest.mark.parametrize("field", ["certificate", "key"])
def test_what_cannot_be_read_is_told_by_name(folder, field, monkeypatch):
    """Root reads every file, so that opening is refused here, of one that OpenSSL cannot read either."""
    (folder / field).write_bytes(b"")

    def refuse(path: str, mode: str) -> Any:
        if path == str(folder / field):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return open(path, mode)

    monkeypatch.setattr(client_certificate, "open", refuse, raising=False)
    with pytest.raises(InvalidOption, match=f"client-{field} of user u: Permission denied: {folder}/{field}"):
        connect(folder, {"client-certificate": "certificate", "client-key": "key"})


def test_a_server_without_tls_is_shown_none_whatever_it_is(folder):
    assert connect(folder, {"client-certificate": "empty"}, "http://127.0.0.1:9").certificate is None


@pytest.mark.parametrize(
    ("given", "wrong"),
    [
        ({"clientCertificateData": CERTIFICATE.decode(), "clientKeyData": FILES["other"].decode()}, OTHER),
        ({"clientCertificateData": CERTIFICATE.decode(), "clientKeyData": KEY.decode()}, None),
    ],
)
def test_so_is_what_an_exec_plugin_gives(folder, given, wrong):
    version = "client.authentication.k8s.io/v1"
    script = f"print({json.dumps({'apiVersion': version, 'kind': 'ExecCredential', 'status': given})!r})"
    user = {"exec": {"apiVersion": version, "command": sys.executable, "args": ["-c", script]}}
    if wrong is None:
        assert connect(folder, user).certificate is not None
        return
    with pytest.raises(InvalidOption) as error:
        connect(folder, user)
    assert f"(context here: {wrong}" in error.value.message
