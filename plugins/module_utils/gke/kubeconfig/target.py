# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The entry of one cluster in a kubeconfig file, reconciled."""

from __future__ import annotations

import hashlib
from typing import Any

from ...core.result import Change, Progress, Step
from ..fields.field import dig
from .file import PRIVATE, Entry, KubeconfigFile, empty


def entry_in(path: str) -> str:
    """What a cluster's entry in a file is called in plans: the file may have others, and stays without it."""
    return f"kubeconfig entry in {path}"


class KubeconfigTarget:
    """The entry of one cluster in a file; see ``reconcile.Target``. entry: None where it is to be absent.

    current: whether it is to be the file's current context.
    """

    def __init__(self, path: str, name: str, entry: Entry | None, *, current: bool = True) -> None:
        self.current = current
        self.file = KubeconfigFile(path)
        self.name = name
        self.entry = entry
        self.resource = entry_in(path)

    def read(self) -> dict[str, Any] | None:
        """The file's ``mode`` and ``content``; None where there is no file."""
        content = self.file.load()
        return None if content is None else {"mode": self.file.mode(), "content": content}

    def plan(self, current: dict[str, Any] | None) -> list[Step]:
        """Write the file where the entry, the current context or the file's mode is another."""
        after = self._after(current)
        if after == current:
            return []
        before_shown, after_shown = self.render(current) or {}, self.render(after) or {}
        changes = tuple(
            Change(name, before_shown.get(name), value)
            for name, value in after_shown.items()
            if before_shown.get(name) != value
        )
        there = current is not None and self.file.entry(current["content"], self.name) is not None
        action = "delete" if self.entry is None else "update" if there else "create"
        return [Step(action, self.resource, f"write {self.file.path}", changes)]

    def predict(self, current: dict[str, Any] | None, _steps: list[Step]) -> dict[str, Any] | None:
        """The file with the entry, or without it."""
        return self._after(current)

    def act(self, _step: Step, _progress: Progress) -> None:
        """Write it, from what it holds at that moment: another task may be writing its own entry."""
        with self.file.locked():
            after = self._after(self.read())
            if after is not None:
                self.file.write(after["content"])

    def render(self, current: dict[str, Any] | None) -> dict[str, Any] | None:
        """Of this cluster alone; of its user, only whether it is what gcloud writes, for others may hold secrets."""
        if current is None:
            return None
        content = current["content"]
        entry = self.file.entry(content, self.name)
        user = None if entry is None else entry.user
        plugin = dig(user, "exec.command")
        return {
            "context": None if entry is None else self.name,
            "server": None if entry is None else entry.cluster.get("server"),
            "certificate_authority": _fingerprint(entry),
            "user": "********" if user and plugin is None else plugin,
            "current_context": content.get("current-context") or None,
            "mode": current["mode"],
        }

    def _after(self, current: dict[str, Any] | None) -> dict[str, Any] | None:
        content = None if current is None else current["content"]
        if self.entry is not None:
            return {"mode": PRIVATE, "content": self.file.having(content or empty(), self.entry, current=self.current)}
        if current is None or content is None:
            return None
        after = self.file.without(content, self.name)
        # A file that has no entry of ours is none of our business.
        return current if after == content else {"mode": PRIVATE, "content": after}


def _fingerprint(entry: Entry | None) -> str | None:
    """Of the cluster's CA, enough to see that it is another."""
    data = entry and entry.cluster.get("certificate-authority-data")
    return f"sha256:{hashlib.sha256(data.encode()).hexdigest()[:16]}" if data else None
