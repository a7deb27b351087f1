# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A kubeconfig without plugins leads to the same as by the kubernetes package's loader."""

from __future__ import annotations

import base64
import json
import tempfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kubernetes.config.kube_config import KubeConfigLoader

from ansible_collections.llmops.gke.plugins.module_utils.core.deadline import Deadline
from ansible_collections.llmops.gke.plugins.module_utils.core.errors import InvalidOption
from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.client import kubeconfig
from tests.unit import certificates

PAIR_OF_KEYS = b"".join(certificates.pair())


def marked(word: str) -> bytes:
    """What may stand wherever a certificate or its key does; text before them is a remark."""
    return f"of {word}\n".encode() + PAIR_OF_KEYS


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("kubeconfig")
    for name in ("certificate", "key"):
        (folder / name).write_bytes(marked(name))
    (folder / "token").write_text("of token\n", encoding="utf-8")
    return folder


def parts(**keys: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=keys)


FILES = st.sampled_from(["certificate", "key", "./key", "../nowhere"])
DATA = st.sampled_from([base64.b64encode(marked(word)).decode() for word in ("one", "another")])
USER = st.one_of(
    parts(token=st.sampled_from(["t", "tt"])),
    parts(tokenFile=st.sampled_from(["token", "nowhere"])),
    st.fixed_dictionaries({"username": st.sampled_from(["a", "b"]), "password": st.sampled_from(["", "p"])}),
)
KEYS = parts(**{"client-key": FILES, "client-key-data": DATA})
PAIR = st.fixed_dictionaries({"client-certificate": FILES}, optional={"client-certificate-data": DATA})
CLUSTER = st.fixed_dictionaries(
    {"server": st.sampled_from(["https://h", "https://h:1/", "https://h/p//", "http://h/"])},
    optional={
        "certificate-authority": FILES,
        "certificate-authority-data": DATA,
        "insecure-skip-tls-verify": st.booleans(),
    },
)
USERS = st.one_of(USER, st.builds(lambda login, pair, key: {**login, **pair, **key}, USER, PAIR, KEYS))
NAMESPACES = parts(namespace=st.sampled_from(["n", None, ""]))
"""Of these the package and kubectl say the same."""
OTHERS = [{}, {"user": "other"}, {"user": None}, {"cluster": "other"}, {"cluster": "twice"}, {"user": "twice"}]
"""Names that lead elsewhere."""


def text_of(path: str | None) -> bytes | None:
    return Path(path).read_bytes() if path else None


def by_package(content: dict[str, Any], folder: Path, directory: str) -> tuple[Any, ...] | None:
    config = SimpleNamespace(api_key={}, ssl_ca_cert=None, cert_file=None, key_file=None, verify_ssl=True)
    try:
        loader = KubeConfigLoader(content, None, config_base_path=str(folder), temp_file_path=directory)
        loader.load_and_set(config)
    except Exception:
        return None
    trusted = text_of(config.ssl_ca_cert) if config.verify_ssl else False
    key = text_of(config.key_file) if config.cert_file else None
    header = next(iter(config.api_key.values()), "").strip()
    namespace = loader.current_context["context"].get("namespace") or "default"
    return config.host, header, trusted, text_of(config.cert_file), key, namespace


def by_our_own(content: dict[str, Any], folder: Path, directory: str) -> tuple[Any, ...] | None:
    path = folder / "config"
    path.write_text(json.dumps(content), encoding="utf-8")
    try:
        connection = kubeconfig.read(str(path), None, directory, Deadline(5))
    except InvalidOption:
        return None
    verify = connection.verify
    trusted = text_of(verify) if isinstance(verify, str) else None if verify else False
    header = connection.authorize(False)["Authorization"] if connection.authorize else ""
    certificate, key = connection.certificate or (None, None)
    return connection.server, header, trusted, text_of(certificate), text_of(key), connection.namespace


@settings(max_examples=300, deadline=None, derandomize=True)
@given(user=USERS, cluster=CLUSTER, namespace=NAMESPACES, names=st.sampled_from([{}, {}, {}, *OTHERS]))
def test_it_is_what_the_package_s_loader_gives(folder, user, cluster, namespace, names):
    content = {
        "current-context": "here",
        "contexts": [{"name": "here", "context": {"cluster": "c", "user": "u", **namespace, **names}}],
        "clusters": [{"name": name, "cluster": cluster} for name in ("twice", "c", "twice")],
        "users": [{"name": name, "user": user} for name in ("twice", "u", "twice")],
    }
    with tempfile.TemporaryDirectory() as ours, tempfile.TemporaryDirectory() as theirs:
        assert by_our_own(content, folder, ours) == by_package(content, folder, theirs)
