# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A kubeconfig as what an HTTP session needs: its server, and how its user logs in."""

from __future__ import annotations

import base64
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

from ...core import files, yaml_text
from ...core import secrets as kept_secrets
from ...core.deadline import Deadline
from ...core.errors import InvalidOption, MissingLibrary
from ...core.harmless import one_line
from ...http.address import is_proxy
from . import client_certificate, impersonation, plugin_login, static_login
from .login import Part, Unusable

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
_PROVIDER_SECRET_KEYS = ("access-token", "client-secret", "id-token", "refresh-token")
_PROXY = "a cluster whose proxy-url is http://HOST:PORT or https://HOST:PORT"


@dataclass(frozen=True)
class Connection:
    """Where an API server is and how to speak to it; fields as HttpSession takes them. impersonate: its headers."""

    server: str
    verify: str | bool
    authorize: Callable[[bool], dict[str, str]] | None
    certificate: tuple[str, str | None] | None
    namespace: str
    proxy: str | None = None
    server_name: str | None = None
    impersonate: impersonation.Headers = ()


def read(kubeconfig: Any, context: str | None, directory: str, deadline: Deadline) -> Connection:
    """The connection that a kubeconfig's context describes (its current one where ``context`` is None).

    kubeconfig: a path or a dictionary. directory: for what it holds inline (CA, client certificate and key), which
    HTTP sessions take as files only; the caller removes it. deadline: for a plugin that gives the credentials. Raises
    InvalidOption where it is malformed, CredentialsMissing where it leads to none.
    """
    content, folder = _content(kubeconfig)
    named = kubeconfig if isinstance(kubeconfig, str) else "(a dictionary)"
    chosen = context or content.get("current-context")
    if not chosen:
        raise InvalidOption("kubeconfig", named, f"{_ACCEPTED}, with a current-context, or set context")
    content = _data_as_files(content, named, directory)
    with _refused(named, chosen):
        place, cluster, user = _parts(content, chosen, folder)
        server = cluster.text("server").rstrip("/")
        if not server.startswith(("https://", "http://")):
            accepted = f"{_ACCEPTED}, whose cluster names a server that begins with https:// (context {chosen})"
            raise InvalidOption("kubeconfig", named, accepted)
        secure = server.startswith("https://")
        authority = cluster.path("certificate-authority") if secure else None
        verify = False if cluster.flag("insecure-skip-tls-verify") else authority or True
        impersonate = impersonation.headers(user)
        if any(map(user.has, plugin_login.PLUGINS)):
            login = plugin_login.login(user, content, chosen, directory, named, deadline)
        else:
            login = static_login.login(user, secure)
        if login.certificate:
            client_certificate.check(login.certificate, user.name)
        namespace, server_name = place.text("namespace") or "default", cluster.text("tls-server-name") or None
    kept_secrets.keep(*kept_secrets.in_urls(cluster.fields.get("proxy-url")))
    proxy = _proxy(cluster.fields.get("proxy-url"), named)

    def authorize(fresh: bool) -> dict[str, str]:
        with _refused(named, chosen):
            return login.authorize(fresh) if login.authorize else {}

    given = authorize if login.authorize else None
    return Connection(server, verify, given, login.certificate, namespace, proxy, server_name, impersonate)


@contextmanager
def _refused(named: str, context: Any) -> Iterator[None]:
    """What is wrong with the kubeconfig is told as the option's error."""
    try:
        yield
    except Unusable as error:
        wrong = f"{_ACCEPTED} (context {context}: {one_line(error, 200)})"
        raise InvalidOption("kubeconfig", named, wrong) from error


def _parts(content: dict[str, Any], context: Any, folder: str) -> tuple[Part, Part, Part]:
    """The context with its cluster and its user. One without a user, or whose user is not there, is anonymous."""
    place = Part(f"context {context}", _named(content, "context", context), folder)
    cluster, user = place.fields.get("cluster"), place.fields.get("user")
    if not cluster:
        raise Unusable("it names no cluster")
    known = bool(user) and any(entry["name"] == user for entry in _entries(content, "user"))
    return (
        place,
        Part(f"cluster {cluster}", _named(content, "cluster", cluster), folder),
        Part(f"user {user}", _named(content, "user", user) if known else {}, folder),
    )


def _named(content: dict[str, Any], kind: str, name: Any) -> dict[str, Any]:
    """What the one entry of that name holds. A user may hold nothing, as in kubectl."""
    found = [entry.get(kind) for entry in _entries(content, kind) if entry["name"] == name]
    if len(found) != 1:
        raise Unusable(f"there {'are several' if found else 'is no'} {kind} {name} among its {kind}s")
    held = {} if kind == "user" and found[0] is None else found[0]
    if not isinstance(held, dict):
        raise Unusable(f"what its {kind} {name} holds is no mapping")
    return held


def _entries(content: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    entries = content.get(f"{kind}s") or []
    if not isinstance(entries, list):
        raise Unusable(f"its {kind}s are no list")
    for entry in entries:
        if not isinstance(entry, dict) or "name" not in entry:
            raise Unusable(f"one of its {kind}s is no mapping with a name")
    return entries


def secrets(kubeconfig: Any) -> set[str]:
    """The strings inside an inline kubeconfig that nobody else may see."""
    if not isinstance(kubeconfig, dict):
        return set()
    found = set()
    for user in _inner(kubeconfig, "users", "user"):
        provider = user.get("auth-provider")
        config = provider.get("config") if isinstance(provider, dict) else None
        for held, keys in ((user, _SECRET_KEYS), (config, _PROVIDER_SECRET_KEYS)):
            if isinstance(held, dict):
                found |= {held[key] for key in keys if isinstance(held.get(key), str) and held[key]}
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
            content = yaml_text.read(stream.read())
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
        # Empty data is none, as in kubectl, so that a path beside it counts.
        if part.get(key) in (None, ""):
            part.pop(key, None)
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


def _proxy(url: Any, named: str) -> str | None:
    """The proxy that a cluster names; it comes before the environment's, as in client-go (k8s.io/client-go/rest)."""
    if not url:
        return None
    if not is_proxy(url):
        # Its text may hold a password.
        scheme = "; this is socks5" if str(url).startswith("socks5") else ""
        raise InvalidOption("kubeconfig", named, _PROXY + scheme)
    return url
