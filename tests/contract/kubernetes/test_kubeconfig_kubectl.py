# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""With a kubeconfig, the same is sent, or refused, as by kubectl."""

from __future__ import annotations

import base64
import http.server
import json
import os
import shutil
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.core.deadline import Deadline
from ansible_collections.llmops.gke.plugins.module_utils.core.errors import InvalidOption, LlmopsError
from ansible_collections.llmops.gke.plugins.module_utils.http.failures import NoTls
from ansible_collections.llmops.gke.plugins.module_utils.workflows.cluster_access import cluster_access
from tests.unit import certificates

PROBE = "/probe"
Sent = tuple[str | None, bool, list[tuple[str, str]]]
"""The header Authorization, whether there was a client certificate, and the headers that tell as whom to act."""


class Server:
    """An HTTPS server that remembers how the last request logged in; its certificate is a client's as well."""

    def __init__(self, folder: Path) -> None:
        _write_certificate(folder)
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(folder / "pair", folder / "key")
        tls.load_verify_locations(folder / "certificate")
        tls.verify_mode = ssl.CERT_OPTIONAL
        self.seen: list[Sent] = []
        self._http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._http.socket = tls.wrap_socket(self._http.socket, server_side=True)
        self.url = f"https://127.0.0.1:{self._http.server_port}"
        threading.Thread(target=self._http.serve_forever, daemon=True).start()

    def stop(self) -> None:
        """Serve nothing any more."""
        self._http.shutdown()
        self._http.server_close()

    def _handler(self) -> type[http.server.BaseHTTPRequestHandler]:
        seen = self.seen

        class Answering(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                # kubectl may first ask which version this is.
                if self.path == PROBE:
                    certificate = bool(self.connection.getpeercert(binary_form=True))
                    # Go writes names as it likes: Impersonate-Extra-Scopes.
                    named = [(name.lower(), value) for name, value in self.headers.items()]
                    acting = sorted(each for each in named if each[0].startswith("impersonate-"))
                    seen.append((self.headers["Authorization"], certificate, acting))
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *_arguments: Any) -> None:
                pass

        return Answering


def _write_certificate(folder: Path) -> None:
    certificate, key = certificates.pair("api.example")
    texts = {"certificate": certificate, "key": key, "pair": certificate + key, "other key": certificates.pair()[1]}
    texts |= {"rsa key": certificates.pair(algorithm="RSA")[1], "locked key": certificates.encrypted(key)}
    for file, text in texts.items():
        (folder / file).write_bytes(text)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("kubeconfig")
    for name, text in {"token": "of-file\n", "blank": "\n"}.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def server(folder) -> Iterator[Server]:
    server = Server(folder)
    yield server
    server.stop()


def encoded(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()


def content_of(url: str, user: Any, cluster: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    trust = {"certificate-authority": "certificate", "tls-server-name": "api.example"} if cluster is None else cluster
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "here",
        "contexts": [{"name": "here", "context": {"cluster": "c", "user": "u"}}],
        "clusters": [{"name": "c", "cluster": {"server": url, **trust}}],
        "users": [{"name": "u", "user": user}],
        **more,
    }


def written(folder: Path, content: dict[str, Any]) -> str:
    path = folder / "config"
    path.write_text(json.dumps(content), encoding="utf-8")
    return str(path)


def by_kubectl(path: str, server: Server) -> Sent | None:
    """What kubectl sends; None where it refuses to."""
    server.seen.clear()
    command = ["kubectl", "--kubeconfig", path, "get", "--raw", PROBE]
    environment = {**os.environ, "HOME": os.path.dirname(path)}
    done = subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL, timeout=60, env=environment)
    assert bool(server.seen) == (done.returncode == 0), done.stderr
    return server.seen[-1] if server.seen else None


def by_us(path: str, server: Server) -> Sent | None:
    """What this collection sends; None where it refuses to."""
    server.seen.clear()
    try:
        with cluster_access({"kubeconfig": path}, Deadline(20)) as access:
            access.required().http.request("GET", PROBE, doing="look")
    except LlmopsError as error:
        assert isinstance(error, InvalidOption | NoTls)
    return server.seen[-1] if server.seen else None


TOKEN, PASSWORD = {"token": "given"}, {"username": "jane", "password": "€"}
CERTIFICATE = {"client-certificate": "certificate", "client-key": "key"}
CREDENTIAL = {"kind": "ExecCredential", "apiVersion": "client.authentication.k8s.io/v1", "status": {"token": "made"}}
PLUGIN = {
    "apiVersion": CREDENTIAL["apiVersion"],
    "command": sys.executable,
    "args": ["-c", f"print({json.dumps(CREDENTIAL)!r})"],
    "interactiveMode": "Never",
}
EMPTY = {"client-certificate-data": "", "client-key-data": None}
USERS = [
    TOKEN,
    {"tokenFile": "token"},
    {"tokenFile": "nowhere"},
    {"tokenFile": "blank"},
    {**TOKEN, "tokenFile": "token"},
    {**TOKEN, "tokenFile": "nowhere"},
    {**TOKEN, "tokenFile": "blank"},
    {"token": "", "tokenFile": "token"},
    {"token": None, "tokenFile": "token"},
    {"token": 5},
    PASSWORD,
    {"username": "jane"},
    {"username": 5, "password": "p"},
    CERTIFICATE,
    {**CERTIFICATE, **EMPTY},
    {**CERTIFICATE, **TOKEN},
    {**CERTIFICATE, **PASSWORD},
    {**CERTIFICATE, "client-key": "nowhere"},
    {"client-certificate": "nowhere", "client-key": "key"},
    {**CERTIFICATE, "client-key": "other key"},
    {**CERTIFICATE, "client-key": "rsa key"},
    {**CERTIFICATE, "client-key": "locked key"},
    {**CERTIFICATE, "client-key": "token"},
    {**CERTIFICATE, "client-key": "certificate"},
    {**CERTIFICATE, "client-certificate": "key"},
    {"client-certificate": "certificate"},
    {**TOKEN, "client-certificate": "certificate"},
    {**TOKEN, "client-key": "nowhere"},
    {**TOKEN, "exec": None, "auth-provider": None},
    "text",
    [],
    {**TOKEN, "as": "mary"},
    {**CERTIFICATE, "as": "mary"},
    {**TOKEN, "as": "system:serviceaccount:models:deployer", "as-uid": "7", "as-groups": ["one", "two", "one", ""]},
    {**TOKEN, "as": "märy €", "as-groups": ["dévs"]},
    {**TOKEN, "as": "mary", "as-groups": [], "as-uid": "", "as-user-extra": {}},
    {**TOKEN, "as": "mary", "as-user-extra": {"scopes": ["view", "develop"], "example.com/a b%": ["ü"], "none": []}},
    {**TOKEN, "as": "", "as-groups": None},
    {**TOKEN, "as-groups": ["one"]},
    {**TOKEN, "as-uid": "7"},
    {**TOKEN, "as-user-extra": {"scopes": ["view"]}},
    {**TOKEN, "as": 5},
    {**TOKEN, "as": "mary\nEvil: yes"},
    {**TOKEN, "as": "mary", "as-groups": "one"},
    {**TOKEN, "as": "mary", "as-groups": [5]},
    {**TOKEN, "as": "mary", "as-user-extra": ["one"]},
    {**TOKEN, "as": "mary", "as-user-extra": {"scopes": "view"}},
    {"exec": PLUGIN},
    {"exec": PLUGIN, "as": "mary"},
    {
        "exec": PLUGIN,
        "as": "märy €",
        "as-uid": "7",
        "as-groups": ["one", "two"],
        "as-user-extra": {"a/b %": ["x", "y"]},
    },
    {"exec": PLUGIN, "as": "", "as-groups": []},
    {"exec": PLUGIN, "as-groups": ["one"]},
    {"exec": PLUGIN, "as": ["mary"]},
    {"exec": PLUGIN, "as": "mary", "as-groups": {"one": True}},
]
CLUSTERS = [
    {"insecure-skip-tls-verify": True},
    {"insecure-skip-tls-verify": "true"},
    {"insecure-skip-tls-verify": 1},
    {"certificate-authority": "certificate", "tls-server-name": "other.example"},
    {"certificate-authority": "nowhere", "tls-server-name": "api.example"},
    {"certificate-authority": "certificate", "certificate-authority-data": "", "tls-server-name": "api.example"},
    {"certificate-authority": "certificate", "insecure-skip-tls-verify": None, "tls-server-name": "api.example"},
    {"certificate-authority-data": "%"},
]


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not on this machine")
@pytest.mark.parametrize(
    ("user", "cluster"), [*((user, None) for user in USERS), *((TOKEN, each) for each in CLUSTERS)], ids=str
)
def test_what_is_sent_and_what_is_refused_is_as_by_kubectl(folder, server, user, cluster):
    path = written(folder, content_of(server.url, user, cluster))
    assert by_us(path, server) == by_kubectl(path, server)


@pytest.mark.parametrize(
    ("user", "expected"),
    [
        ({**TOKEN, **PASSWORD}, ("Bearer given", False, [])),
        ({"client-certificate": "pair"}, (None, True, [])),
        ({}, (None, False, [])),
        (None, (None, False, [])),
    ],
)
def test_what_kubectl_would_refuse_or_ask_a_person_for(folder, server, user, expected):
    assert by_us(written(folder, content_of(server.url, user)), server) == expected


def test_data_in_the_kubeconfig_is_used_as_files_are(folder, server):
    certificate, key = encoded(folder / "certificate"), encoded(folder / "key")
    user = {"client-certificate-data": certificate, "client-key-data": key}
    trust = {"certificate-authority-data": certificate, "tls-server-name": "api.example"}
    assert by_us(written(folder, content_of(server.url, user, trust)), server) == (None, True, [])
