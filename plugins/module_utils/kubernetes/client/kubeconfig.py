# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A kubeconfig, read by the kubernetes package's own loader, as what an HTTP session needs."""

from __future__ import annotations

import base64
import os
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any
from urllib.parse import unquote, urlsplit

from ...core import files, yaml_text
from ...core import secrets as kept_secrets
from ...core.deadline import Deadline
from ...core.errors import InvalidOption, LlmopsError, MissingLibrary
from ...core.harmless import one_line
from ...http.address import header_text, is_proxy

try:
    import yaml
except ImportError as error:
    yaml = None
    YAML_ERROR: Exception | None = error
else:
    YAML_ERROR = None

_ACCEPTED = "the path of a kubeconfig file, or its content as a dictionary"
_DATA_KEYS = ("certificate-authority-data", "client-certificate-data", "client-key-data")
_SECRET_KEYS = ("token", "password", "client-key-data")
_PROXY = "a cluster whose proxy-url is http://HOST:PORT or https://HOST:PORT"


class CredentialsMissing(LlmopsError):
    """A kubeconfig's user has an exec plugin or auth provider that gave nothing to log in with."""

    kind = "credentials"


@dataclass(frozen=True)
class Connection:
    """Where an API server is and how to speak to it; fields as HttpSession takes them."""

    server: str
    verify: str | bool
    authorize: Callable[[bool], dict[str, str]] | None
    certificate: tuple[str, str] | None
    namespace: str
    proxy: str | None = None
    server_name: str | None = None


def read(kubeconfig: Any, context: str | None, directory: str, deadline: Deadline) -> Connection:
    """The connection that a kubeconfig's context describes (its current one where ``context`` is None).

    kubeconfig: a path or a dictionary. directory: for what it holds inline (CA, client certificate and key), which
    HTTP sessions take as files only; the caller removes it. deadline: for a plugin that gives the credentials. Raises
    InvalidOption where it is malformed, CredentialsMissing where it leads to none.
    """
    content, base_path = _content(kubeconfig)
    named = kubeconfig if isinstance(kubeconfig, str) else "(a dictionary)"
    chosen = context or content.get("current-context")
    if not chosen:
        raise InvalidOption("kubeconfig", named, f"{_ACCEPTED}, with a current-context, or set context")
    content = _data_as_files(content, named, directory)
    # The package costs half a second, so only those who need it pay.
    try:
        from kubernetes.config import ConfigException
        from kubernetes.config.kube_config import KubeConfigLoader
    except ImportError as error:
        raise MissingLibrary("kubernetes", error) from error

    def load() -> SimpleNamespace:
        """What the loader would set on a client's configuration; it runs the plugin and reads the files again."""
        parts = SimpleNamespace(api_key={}, ssl_ca_cert=None)
        try:
            _within(deadline, f"kubeconfig {named}: get credentials by its exec plugin", loader.load_and_set, parts)
        except (ConfigException, KeyError, TypeError, AttributeError, OSError, ValueError) as error:
            raise InvalidOption("kubeconfig", named, f"{_ACCEPTED} (context {chosen}: {_words(error)})") from error
        return parts

    try:
        loader = KubeConfigLoader(content, chosen, config_base_path=base_path, temp_file_path=directory)
    except (ConfigException, KeyError, TypeError, AttributeError) as error:
        raise InvalidOption("kubeconfig", named, f"{_ACCEPTED} (context {chosen}: {_words(error)})") from error
    parts = load()
    if not str(getattr(parts, "host", "")).startswith(("https://", "http://")):
        accepted = f"{_ACCEPTED}, whose cluster names a server that begins with https:// (context {chosen})"
        raise InvalidOption("kubeconfig", named, accepted)
    certificate = (parts.cert_file, parts.key_file) if getattr(parts, "cert_file", None) else None
    user = _plain(loader._user) if loader._user else {}
    if not parts.api_key and not certificate and ("exec" in user or "auth-provider" in user):
        command = (user.get("exec") or {}).get("command", "auth-provider")
        raise CredentialsMissing(
            f"kubeconfig {named}: {command} gave no credentials; run it by hand to see why, or name project, "
            "location and cluster instead of kubeconfig",
            command=command,
        )
    verify: str | bool = False if getattr(parts, "verify_ssl", True) is False else parts.ssl_ca_cert or True
    namespace = loader.current_context["context"].get("namespace") or "default"
    if not isinstance(namespace, str):
        raise InvalidOption("kubeconfig", named, f"{_ACCEPTED}, whose namespace is a text (context {chosen})")
    cluster = _plain(loader._cluster)
    kept_secrets.keep(*kept_secrets.in_urls(cluster.get("proxy-url")))
    proxy, server_name = _proxy(cluster.get("proxy-url"), named), cluster.get("tls-server-name") or None
    return Connection(parts.host, verify, _authorizer(load, parts), certificate, namespace, proxy, server_name)


def secrets(kubeconfig: Any) -> set[str]:
    """The strings inside an inline kubeconfig that nobody else may see."""
    if not isinstance(kubeconfig, dict):
        return set()
    found = set()
    for user in _inner(kubeconfig, "users", "user"):
        found |= {user[key] for key in _SECRET_KEYS if isinstance(user.get(key), str) and user[key]}
    for cluster in _inner(kubeconfig, "clusters", "cluster"):
        with suppress(ValueError, AttributeError, TypeError):
            password = urlsplit(cluster.get("proxy-url") or "").password or ""
            found |= {password, unquote(password)} - {""}
    return found


def _inner(kubeconfig: dict[str, Any], section: str, inner: str) -> list[dict[str, Any]]:
    """The well-formed entries of a section; what is wrong with the others is said elsewhere."""
    entries = kubeconfig.get(section)
    found = [entry.get(inner) for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []
    return [each for each in found if isinstance(each, dict)]


def _content(kubeconfig: Any) -> tuple[dict[str, Any], str]:
    """The dictionary, and the folder from which its relative paths count."""
    if isinstance(kubeconfig, dict):
        return kubeconfig, os.getcwd()
    if not isinstance(kubeconfig, str):
        raise InvalidOption("kubeconfig", type(kubeconfig).__name__, _ACCEPTED)
    if yaml is None:
        raise MissingLibrary("PyYAML", YAML_ERROR)
    path = files.readable("kubeconfig", kubeconfig, _ACCEPTED)
    try:
        with open(path, encoding="utf-8") as stream:
            content = yaml.load(stream, Loader=yaml_text.loader())
    except OSError as error:
        raise InvalidOption("kubeconfig", kubeconfig, f"{_ACCEPTED} ({error.strerror})") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        # YAML's own message quotes the text, which may be a token.
        line = getattr(getattr(error, "problem_mark", None), "line", None)
        where = "not YAML" if line is None else f"not YAML from line {line + 1}"
        raise InvalidOption("kubeconfig", kubeconfig, f"{_ACCEPTED} ({where})") from error
    if not isinstance(content, dict):
        raise InvalidOption("kubeconfig", kubeconfig, f"{_ACCEPTED}; this is no mapping")
    return content, os.path.dirname(os.path.abspath(path))


def _data_as_files(content: dict[str, Any], named: str, directory: str) -> dict[str, Any]:
    """The kubeconfig with its inline data as files in ``directory``.

    The loader would write them too, but to a folder that lives as long as the process.
    """
    changed = dict(content)
    for section, inner in (("clusters", "cluster"), ("users", "user")):
        entries = content.get(section) or []
        if not isinstance(entries, list):
            raise InvalidOption("kubeconfig", named, f"{_ACCEPTED}; its {section} are no list")
        changed[section] = [_entry_as_files(entry, inner, named, directory) for entry in entries]
    return changed


def _entry_as_files(entry: Any, inner: str, named: str, directory: str) -> Any:
    if not isinstance(entry, dict) or not isinstance(entry.get(inner), dict):
        return entry
    part = dict(entry[inner])
    for key in _DATA_KEYS:
        if key not in part:
            continue
        path = os.path.join(directory, f"{len(os.listdir(directory))}-{key}")
        try:
            data = base64.b64decode("".join(part.pop(key).split()), validate=True)
        except (AttributeError, ValueError) as error:
            raise InvalidOption(
                "kubeconfig", named, f"{_ACCEPTED}; {key} of {entry.get('name')} is not base64"
            ) from error
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
            stream.write(data)
        part[key.removesuffix("-data")] = path
    return {**entry, inner: part}


def _within(deadline: Deadline, doing: str, work: Callable[[Any], None], argument: Any) -> None:
    """Do it, but wait no longer than the deadline: a plugin may ask a person who is not there."""
    raised: list[BaseException] = []

    def run() -> None:
        try:
            work(argument)
        except Exception as error:
            raised.append(error)

    thread = threading.Thread(target=run, daemon=True, name="kubeconfig")
    thread.start()
    thread.join(deadline.remaining())
    if thread.is_alive():
        raise CredentialsMissing(f"{doing}: no answer in {deadline.seconds:g} s; run it by hand to see why")
    if raised:
        raise raised[0]


def _authorizer(load: Callable[[], SimpleNamespace], parts: SimpleNamespace) -> Callable[[bool], dict[str, str]] | None:
    if not parts.api_key:
        return None
    held = parts

    def headers(fresh: bool) -> dict[str, str]:
        nonlocal held
        if fresh:
            held = load()
        # The key's name differs between versions of the package; there is one. A token's file may end in a newline.
        return {"Authorization": header_text("kubeconfig", next(iter(held.api_key.values())))}

    return headers


def _proxy(url: Any, named: str) -> str | None:
    """The proxy that a cluster names; it comes before the environment's, as in client-go (k8s.io/client-go/rest)."""
    if not url:
        return None
    if not is_proxy(url):
        # Its text may hold a password.
        scheme = "; this is socks5" if str(url).startswith("socks5") else ""
        raise InvalidOption("kubeconfig", named, _PROXY + scheme)
    return url


def _plain(node: Any) -> dict[str, Any]:
    return node.value if hasattr(node, "value") else node


def _words(error: Exception) -> str:
    return one_line(error, 200)
