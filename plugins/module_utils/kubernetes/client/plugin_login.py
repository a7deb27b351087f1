# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The credentials that an exec plugin or auth provider gives a kubeconfig's user, by the kubernetes package."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from ...core.deadline import Deadline
from ...core.errors import LlmopsError, MissingLibrary
from ...http.address import header_text
from ...http.connection import cause_of
from .login import Login, Part, Unusable

PLUGINS = ("exec", "auth-provider")


class CredentialsMissing(LlmopsError):
    """A kubeconfig's user has an exec plugin or auth provider that gave nothing to log in with."""

    kind = "credentials"


def login(user: Part, content: dict[str, Any], context: str, directory: str, named: str, deadline: Deadline) -> Login:
    """How this user, of the kubeconfig's ``context``, logs in; the plugin is run now, and again for a fresh header.

    directory: for what a plugin gives and HTTP sessions take as files. named: the kubeconfig, in messages. Raises
    Unusable, CredentialsMissing, MissingLibrary.
    """
    for key in PLUGINS:
        if user.has(key) and not isinstance(user.fields[key], dict):
            raise Unusable(f"{key} of {user.name} is no mapping")
    try:
        from kubernetes.config import ConfigException
        from kubernetes.config.kube_config import KubeConfigLoader
    except ImportError as error:
        raise MissingLibrary("kubernetes", error) from error
    failures = (ConfigException, KeyError, TypeError, AttributeError, OSError, ValueError)

    def load() -> SimpleNamespace:
        """What the loader would set on a client's configuration; it runs the plugin and reads the files again."""
        parts = SimpleNamespace(api_key={}, ssl_ca_cert=None)
        try:
            _within(deadline, f"kubeconfig {named}: get credentials by its exec plugin", loader.load_and_set, parts)
        except failures as error:
            raise Unusable(str(error)) from error
        except LlmopsError:
            raise
        except Exception as error:
            # A provider asks its service by a library of its own.
            raise missing(f" ({cause_of(error)})") from error
        return parts

    def missing(why: str = "") -> CredentialsMissing:
        command = (user.fields.get("exec") or {}).get("command", "auth-provider")
        return CredentialsMissing(
            f"kubeconfig {named}: {command} gave no credentials{why}; run it by hand to see why, or name project, "
            "location and cluster instead of kubeconfig",
            command=command,
        )

    try:
        loader = KubeConfigLoader(content, context, config_base_path=user.folder, temp_file_path=directory)
    except failures as error:
        raise Unusable(str(error)) from error
    parts = load()
    certificate = (parts.cert_file, parts.key_file) if getattr(parts, "cert_file", None) else None
    if not parts.api_key and not certificate:
        raise missing()
    return Login(_authorizer(load, parts) if parts.api_key else None, certificate)


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


def _authorizer(load: Callable[[], SimpleNamespace], parts: SimpleNamespace) -> Callable[[bool], dict[str, str]]:
    held = parts

    def headers(fresh: bool) -> dict[str, str]:
        nonlocal held
        if fresh:
            held = load()
        # The key's name differs between versions of the package; there is one.
        return {"Authorization": header_text("kubeconfig", next(iter(held.api_key.values())))}

    return headers
