# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A kubeconfig file of which one entry is ours and everything else is left as it is."""

from __future__ import annotations

import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from ...core import files, yaml_text
from ...core.errors import InvalidOption, LlmopsError, MissingLibrary

try:
    import yaml
except ImportError as error:
    yaml = None
    YAML_ERROR: Exception | None = error
else:
    YAML_ERROR = None

PRIVATE = "0600"
"""The mode of a file that its owner alone may read."""

_LISTS = ("clusters", "contexts", "users")


@dataclass(frozen=True)
class Entry:
    """A cluster, its user and the context that joins them, all of one name, as gcloud writes them."""

    name: str
    cluster: dict[str, Any]
    user: dict[str, Any]

    def parts(self) -> dict[str, dict[str, Any]]:
        """What goes into each of the file's lists."""
        return {
            "clusters": {"name": self.name, "cluster": self.cluster},
            "contexts": {"name": self.name, "context": {"cluster": self.name, "user": self.name}},
            "users": {"name": self.name, "user": self.user},
        }


def empty() -> dict[str, Any]:
    """A kubeconfig without entries."""
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "preferences": {},
        "current-context": "",
        "clusters": [],
        "contexts": [],
        "users": [],
    }


class KubeconfigFile:
    """The file at ``path``; it is written whole or not at all, and readable by its owner alone."""

    def __init__(self, path: str) -> None:
        if yaml is None:
            raise MissingLibrary("PyYAML", YAML_ERROR)
        self.path = files.writable("path", path)

    def load(self) -> dict[str, Any] | None:
        """Its content; None where there is none. Raises InvalidOption where it is no kubeconfig."""
        accepted = "a kubeconfig file, or a path where there is none yet"
        try:
            with open(self.path, encoding="utf-8") as stream:
                content = yaml_text.read(stream.read())
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            raise InvalidOption("path", self.path, f"{accepted} ({error})") from error
        except yaml.YAMLError as error:
            # The parser's words quote the file, which may hold secrets.
            mark = getattr(error, "problem_mark", None)
            line = f" near line {mark.line + 1}" if mark else ""
            raise InvalidOption("path", self.path, f"{accepted} (this is no YAML{line})") from error
        if content is None:
            return None
        for name in _LISTS:
            entries = content.get(name) if isinstance(content, dict) else "none"
            if not (entries is None or (isinstance(entries, list) and all(_is_named(entry) for entry in entries))):
                raise InvalidOption("path", self.path, f"{accepted} (its {name} are no list of named entries)")
        return content

    def mode(self) -> str:
        """Who may read it, as chmod writes it."""
        return f"{stat.S_IMODE(os.stat(self.path).st_mode):04o}"

    @staticmethod
    def entry(content: dict[str, Any], name: str) -> Entry | None:
        """The entry of a name; None where there is no cluster or no user of it."""
        cluster = next((item for item in content.get("clusters") or [] if item["name"] == name), None)
        user = next((item for item in content.get("users") or [] if item["name"] == name), None)
        if cluster is None or user is None:
            return None
        return Entry(name, cluster.get("cluster") or {}, user.get("user") or {})

    def has(self, name: str) -> bool:
        """Whether it is there and has the entry of a name."""
        content = self.load()
        return content is not None and self.entry(content, name) is not None

    @staticmethod
    def having(content: dict[str, Any], entry: Entry, *, current: bool = True) -> dict[str, Any]:
        """The content with the entry in place of any of its name, and as the ``current`` context where told so."""
        after = {**content, "current-context": entry.name} if current else dict(content)
        for name, part in entry.parts().items():
            entries = list(content.get(name) or [])
            place = next((index for index, item in enumerate(entries) if item["name"] == entry.name), len(entries))
            entries[place : place + 1] = [part]
            after[name] = entries
        return after

    @staticmethod
    def without(content: dict[str, Any], name: str) -> dict[str, Any]:
        """The content without the entry of a name; the current context is cleared where it was that."""
        after = dict(content)
        for part in _LISTS:
            if part in content:
                after[part] = [item for item in content[part] or [] if item["name"] != name]
        if content.get("current-context") == name:
            after["current-context"] = ""
        return after

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other tasks from writing meanwhile; the lock is the folder's, so that nothing is left behind."""
        folder = os.path.dirname(self.path)
        try:
            os.makedirs(folder, mode=0o700, exist_ok=True)
            handle = os.open(folder, os.O_RDONLY)
        except OSError as error:
            raise LlmopsError(f"kubeconfig {self.path}: {error}", resource=f"kubeconfig {self.path}") from error
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def write(self, content: dict[str, Any]) -> None:
        """Put the content in the file's place at once. Raises LlmopsError where that is not permitted."""
        try:
            files.write(self.path, yaml.safe_dump(content, default_flow_style=False), int(PRIVATE, 8), ".kubeconfig-")
        except OSError as error:
            raise LlmopsError(f"kubeconfig {self.path}: {error}", resource=f"kubeconfig {self.path}") from error


def _is_named(entry: Any) -> bool:
    return isinstance(entry, dict) and isinstance(entry.get("name"), str)
