# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A kubeconfig, read by the kubernetes package's own loader, as what an HTTP session needs."""

from __future__ import annotations

import base64
import os
from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from ansible_collections.llmops.gke.plugins.module_utils.errors import InvalidOption, LlmopsError, MissingLibrary

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
_UNSUPPORTED = ("tls-server-name", "proxy-url")


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


def read(kubeconfig: Any, context: str | None, directory: str) -> Connection:
    """The connection that a kubeconfig's context describes (its current one where ``context`` is None).

    kubeconfig: a path or a dictionary. directory: for what it holds inline (CA, client certificate and key), which
    HTTP sessions take as files only; the caller removes it. Raises InvalidOption where it is malformed.
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
    try:
        loader = KubeConfigLoader(content, chosen, config_base_path=base_path, temp_file_path=directory)
        parts = _load(loader)
    except (ConfigException, KeyError, TypeError, AttributeError, OSError, ValueError) as error:
        raise InvalidOption("kubeconfig", named, f"{_ACCEPTED} (context {chosen}: {_words(error)})") from error
    if not str(getattr(parts, "host", "")).startswith(("https://", "http://")):
        accepted = f"{_ACCEPTED}, whose cluster names a server that begins with https:// (context {chosen})"
        raise InvalidOption("kubeconfig", named, accepted)
    _check_supported(loader, named)
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
    return Connection(parts.host, verify, _authorizer(loader, parts), certificate, namespace)


def secrets(kubeconfig: Any) -> set[str]:
    """The strings inside an inline kubeconfig that nobody else may see."""
    if not isinstance(kubeconfig, dict):
        return set()
    users = kubeconfig.get("users")
    found = set()
    for entry in users if isinstance(users, list) else []:
        user = entry.get("user") if isinstance(entry, dict) else None
        if isinstance(user, dict):
            found |= {user[key] for key in _SECRET_KEYS if isinstance(user.get(key), str) and user[key]}
    return found


def _content(kubeconfig: Any) -> tuple[dict[str, Any], str]:
    """The dictionary, and the folder from which its relative paths count."""
    if isinstance(kubeconfig, dict):
        return kubeconfig, os.getcwd()
    if not isinstance(kubeconfig, str):
        raise InvalidOption("kubeconfig", type(kubeconfig).__name__, _ACCEPTED)
    if yaml is None:
        raise MissingLibrary("PyYAML", YAML_ERROR)
    path = os.path.expanduser(kubeconfig)
    try:
        with open(path, encoding="utf-8") as stream:
            content = yaml.safe_load(stream)
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


def _load(loader: Any) -> SimpleNamespace:
    """What the loader would set on a client's configuration."""
    parts = SimpleNamespace(api_key={}, ssl_ca_cert=None)
    loader.load_and_set(parts)
    return parts


def _authorizer(loader: Any, parts: SimpleNamespace) -> Callable[[bool], dict[str, str]] | None:
    if not parts.api_key:
        return None
    held = parts

    def headers(fresh: bool) -> dict[str, str]:
        nonlocal held
        if fresh:
            held = _load(loader)
        # The key's name differs between versions of the package; there is one.
        return {"Authorization": next(iter(held.api_key.values()))}

    return headers


def _check_supported(loader: Any, named: str) -> None:
    cluster = _plain(loader._cluster)
    for key in _UNSUPPORTED:
        if cluster.get(key):
            raise InvalidOption("kubeconfig", named, f"a cluster without {key}; proxies are taken from the environment")


def _plain(node: Any) -> dict[str, Any]:
    return node.value if hasattr(node, "value") else node


def _words(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
