# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a kubeconfig leads to where no plugin is needed: which login counts, and what is refused in one line."""

from __future__ import annotations

import base64
import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.llmops.gke.plugins.module_utils.core.deadline import Deadline
from ansible_collections.llmops.gke.plugins.module_utils.core.errors import InvalidOption
from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.client import kubeconfig
from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.client.plugin_login import CredentialsMissing
from tests.unit import certificates
from tests.unit.plugins.kubernetes import k8s_support

SECRET = "s3cr3t"
PEM, KEY = certificates.pair()
FILE, INLINE = f"in the file\n{(PEM + KEY).decode()}", f"inline\n{(PEM + KEY).decode()}"
"""What may stand wherever a certificate or its key does; text before them is a remark."""
DATA = base64.b64encode(INLINE.encode()).decode()
CERTIFICATE = {"client-certificate": "there", "client-key": "there"}


@pytest.fixture
def folder(tmp_path):
    for name, text in {"there": FILE, "blank": " \n", "binary": "", "token": "of-file\n"}.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    os.mkfifo(tmp_path / "pipe")
    return tmp_path


def content_of(user: Any, server: dict[str, Any] | None = None, /, **context: Any) -> dict[str, Any]:
    content = k8s_support.kubeconfig("https://127.0.0.1:9")
    content["users"][0]["user"] = user
    content["clusters"][0]["cluster"].update(server or {})
    content["contexts"][0]["context"].update(context)
    return content


def connect(folder: Path, content: Any) -> kubeconfig.Connection:
    """Read it from a file in a folder that is not the working directory."""
    path = folder / "config"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    directory = folder / "inline"
    directory.mkdir(exist_ok=True)
    return kubeconfig.read(str(path), None, str(directory), Deadline(5))


def header(connection: kubeconfig.Connection) -> str:
    return connection.authorize(False)["Authorization"] if connection.authorize else ""


def basic(text: str) -> str:
    return f"Basic {base64.b64encode(text.encode()).decode()}"


@pytest.mark.parametrize(
    ("user", "expected"),
    [
        ({"token": "t"}, "Bearer t"),
        ({"token": " t\n"}, "Bearer t"),
        ({"tokenFile": "token"}, "Bearer of-file"),
        ({"token": "t", "tokenFile": "token"}, "Bearer of-file"),
        ({"token": "t", "tokenFile": "nowhere"}, "Bearer t"),
        ({"token": "t", "tokenFile": "blank"}, "Bearer t"),
        ({"token": "", "tokenFile": "token"}, "Bearer of-file"),
        ({"token": None, "tokenFile": "token"}, "Bearer of-file"),
        ({"token": "t", "username": "a", "password": "b"}, "Bearer t"),
        ({"username": "a", "password": "b"}, basic("a:b")),
        ({"username": "ä", "password": "€"}, basic("ä:€")),
        ({"username": "a"}, basic("a:")),
        ({"password": "b"}, ""),
        ({"username": "", "password": ""}, ""),
        ({"exec": None, "auth-provider": None, "token": "t"}, "Bearer t"),
        ({}, ""),
        (None, ""),
    ],
)
def test_which_of_a_user_s_credentials_are_sent(folder, user, expected):
    assert header(connect(folder, content_of(user))) == expected


@pytest.mark.parametrize(
    ("users", "named"),
    [
        ([], "u"),
        (None, "u"),
        ([{"name": "v", "user": {"token": "t"}}], "u"),
        ([], None),
        ([], ""),
        ([{"name": "u"}], "u"),
    ],
)
def test_a_context_whose_user_is_not_there_is_anonymous(folder, users, named):
    connection = connect(folder, {**content_of({}, user=named), "users": users})
    assert (connection.authorize, connection.certificate) == (None, None)


@pytest.mark.parametrize(
    ("user", "expected"),
    [
        (CERTIFICATE, (FILE, FILE)),
        ({"client-certificate-data": DATA, "client-key-data": f" {DATA}\n"}, (INLINE, INLINE)),
        ({**CERTIFICATE, "client-certificate-data": DATA, "client-key-data": DATA}, (INLINE, INLINE)),
        ({**CERTIFICATE, "client-certificate-data": "", "client-key-data": None}, (FILE, FILE)),
        ({"client-certificate": "there"}, (FILE, None)),
        ({"client-key": "nowhere"}, None),
    ],
)
def test_a_client_certificate_is_inline_or_in_files_beside_the_kubeconfig(folder, user, expected):
    files = connect(folder, content_of({**user, "token": "t"})).certificate
    assert files == expected or tuple(path and Path(path).read_text(encoding="utf-8") for path in files) == expected


@pytest.mark.parametrize(
    ("cluster", "expected"),
    [
        ({}, True),
        ({"certificate-authority": "there"}, FILE),
        ({"certificate-authority": "there", "certificate-authority-data": ""}, FILE),
        ({"certificate-authority": "nowhere", "certificate-authority-data": DATA}, INLINE),
        ({"certificate-authority": "there", "insecure-skip-tls-verify": None}, FILE),
        ({"certificate-authority": "there", "insecure-skip-tls-verify": True}, False),
        ({"certificate-authority": "nowhere", "server": "http://127.0.0.1:9"}, True),
    ],
)
def test_whom_it_trusts(folder, cluster, expected):
    verify = connect(folder, content_of({}, cluster)).verify
    assert verify is expected or Path(str(verify)).read_text(encoding="utf-8") == expected


def test_the_rest_of_a_cluster_and_its_context(folder):
    cluster = {"server": "https://rancher/k8s/1//", "tls-server-name": "api", "proxy-url": "http://proxy:3128"}
    connection = connect(folder, content_of({}, cluster, namespace="llm"))
    assert (connection.server, connection.server_name) == ("https://rancher/k8s/1", "api")
    assert (connection.proxy, connection.namespace) == ("http://proxy:3128", "llm")
    connection = connect(folder, content_of({}, {"tls-server-name": None, "proxy-url": None}, namespace=None))
    assert (connection.server_name, connection.proxy, connection.namespace) == (None, None, "default")


def test_a_token_s_file_is_read_only_where_a_fresh_header_is_asked_for(folder):
    authorize = connect(folder, content_of({"tokenFile": "token"})).authorize
    (folder / "token").write_text("second", encoding="utf-8")
    assert authorize(False) == {"Authorization": "Bearer of-file"}
    assert authorize(True) == authorize(False) == {"Authorization": "Bearer second"}


def test_names_of_a_dictionary_s_files_count_from_the_working_directory(folder, monkeypatch):
    monkeypatch.chdir(folder)
    connection = kubeconfig.read(content_of({"tokenFile": "token"}), None, str(folder), Deadline(5))
    assert header(connection) == "Bearer of-file"


def without(key: str) -> dict[str, Any]:
    return {name: value for name, value in content_of({"token": SECRET}).items() if name != key}


WELL = content_of({"token": SECRET})
REFUSED = {
    "no token file": (content_of({"tokenFile": "nowhere"}), "tokenFile of user u: No such file"),
    "a folder for a token": (content_of({"tokenFile": "."}), "tokenFile of user u: No such file"),
    "a named pipe for a token": (content_of({"tokenFile": "pipe"}), "tokenFile of user u: No such file"),
    "no name of a file": (content_of({"tokenFile": "a\0b"}), "tokenFile of user u: No such file"),
    "a blank token file": (content_of({"tokenFile": "blank"}), "tokenFile of user u is empty"),
    "a token file of bytes": (content_of({"tokenFile": "binary"}), "tokenFile of user u holds no token"),
    "a number for a token": (content_of({"token": 73313}), "token of user u is no text"),
    "a list of tokens": (content_of({"token": [SECRET]}), "token of user u is no text"),
    "a token of two lines": (content_of({"token": f"{SECRET}\n{SECRET}"}), "one line of characters"),
    "a number for a name": (content_of({"username": 5, "password": SECRET}), "username of user u is no text"),
    "a password in a mapping": (
        content_of({"username": "a", "password": {SECRET: 1}}),
        "password of user u is no text",
    ),
    "no client certificate": (content_of({"client-certificate": "nowhere"}), "client-certificate of user u: No such"),
    "no client key": (content_of({**CERTIFICATE, "client-key": "nowhere"}), "client-key of user u: No such file"),
    "a path that is none": (content_of({"client-certificate": True}), "client-certificate of user u is no text"),
    "no data": (content_of({"client-key-data": 0}), "client-key-data of u is not base64"),
    "no CA": (content_of({}, {"certificate-authority": "nowhere"}), "certificate-authority of cluster c: No such"),
    "a word for a flag": (content_of({}, {"insecure-skip-tls-verify": "false"}), "neither true nor false"),
    "a number for a server": (content_of({}, {"server": 5}), "server of cluster c is no text"),
    "a list for a name": (content_of({}, {"tls-server-name": ["a"]}), "tls-server-name of cluster c is no text"),
    "a number for a namespace": (content_of({}, namespace=5), "namespace of context here is no text"),
    "no cluster's name": (content_of({}, cluster=None), "it names no cluster"),
    "an unknown cluster": (content_of({}, cluster="gone"), "there is no cluster gone among its clusters"),
    "two clusters": ({**WELL, "clusters": 2 * WELL["clusters"]}, "there are several cluster c"),
    "two contexts": ({**WELL, "contexts": 2 * WELL["contexts"]}, "there are several context here"),
    "two users": ({**WELL, "users": 2 * WELL["users"]}, "there are several user u"),
    "a user without a name": ({**WELL, "users": [{"user": {}}]}, "one of its users is no mapping with a name"),
    "a user that is none": ({**WELL, "users": [SECRET]}, "one of its users is no mapping with a name"),
    "a user that holds a text": (content_of(SECRET), "what its user u holds is no mapping"),
    "a user that holds a list": (content_of([SECRET]), "what its user u holds is no mapping"),
    "a cluster that holds none": ({**WELL, "clusters": [{"name": "c"}]}, "what its cluster c holds is no mapping"),
    "contexts in a mapping": ({**WELL, "contexts": {"t": {}}}, "its contexts are no list"),
    "clusters in a text": ({**WELL, "clusters": "c"}, "its clusters are no list"),
    "no contexts": (without("contexts"), "there is no context here among its contexts"),
    "a list for a context's name": ({**WELL, "current-context": ["here"]}, "there is no context ['here']"),
    "an exec plugin in a text": (content_of({"exec": SECRET}), "exec of user u is no mapping"),
    "an auth provider in a list": (content_of({"auth-provider": [SECRET]}), "auth-provider of user u is no mapping"),
}


EXPIRED = "e30.eyJleHAiOjF9.c2ln"
"""A JSON Web Token that ended in 1970, so that a new one is asked for."""
OIDC = {"client-id": "i", "client-secret": SECRET, "id-token": EXPIRED, "refresh-token": "r3fr3sh"}
OIDC |= {"idp-issuer-url": "https://127.0.0.1:9"}


def test_an_auth_provider_whose_service_gives_no_answer_is_named(folder):
    """The package asks it by a library of its own, with errors of its own."""
    with pytest.raises(CredentialsMissing, match=r"auth-provider gave no credentials \(.*Connection refused") as error:
        connect(folder, content_of({"auth-provider": {"name": "oidc", "config": OIDC}}))
    assert "\n" not in error.value.message


def test_what_an_auth_provider_has_for_its_service_is_nobody_else_s():
    found = kubeconfig.secrets(content_of({"auth-provider": {"name": "oidc", "config": OIDC}}))
    assert found == {SECRET, EXPIRED, "r3fr3sh"}
    for odd in (None, SECRET, {}, {"config": [SECRET]}, {"config": {"client-secret": 7, "id-token": ""}}):
        assert kubeconfig.secrets(content_of({"auth-provider": odd})) == set()


@pytest.mark.parametrize(("content", "wrong"), REFUSED.values(), ids=REFUSED)
def test_what_is_malformed_is_told_in_one_line_without_a_secret(folder, content, wrong):
    with pytest.raises(InvalidOption) as error:
        connection = connect(folder, content)
        header(connection)
    message = error.value.message
    assert message.startswith("kubeconfig: ")
    assert wrong in message
    assert "\n" not in message
    assert not any(secret in message for secret in (SECRET, "73313"))
