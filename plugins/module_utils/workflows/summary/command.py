# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command that runs a playbook of this collection as this run was started: on its inventory, its hosts, with its
extra variables. Pure."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ...core.secrets import without_credentials

# Of names that users make up, too: rather a count of tokens too many is left out than one token shown.
_SECRET_NAME = re.compile(r"token|key|passw|secret|credential|private|(^|_)auth(_|$)", re.IGNORECASE)
_SECRET_VALUE = re.compile(r"^(hf_|sk-|gh[a-z]_)|\bbearer\b|PRIVATE KEY", re.IGNORECASE)
_BARE = re.compile(r"[\w@%+:,./-]+")
"""A value that neither the shell nor Ansible takes apart."""

_ONCE = frozenset(
    (
        *("llmops_force_conflicts", "llmops_remove_api_key", "llmops_status_fail_on_drift", "llmops_sandbox_state"),
        *("llmops_confirm_teardown", "llmops_teardown_in_use"),
        *("gpu_nodepool_repair", "gpu_nodepool_recreate", "gke_cluster_pool_repair"),
    )
)
"""Variables that are meant for the run that they were given to."""

_READERS: Mapping[str, tuple[str, ...]] = {
    "verify_": ("deploy", "verify"),
    "benchmark_": ("benchmark",),
    "preflight_": ("deploy",),
}
"""By the beginning of a variable's name the playbooks that read it, where others do not."""


@dataclass(frozen=True)
class Command:
    """clone: playbooks have the path that they have in a clone. extra: the run's extra variables. untold: where further
    ones are from, such as files."""

    program: str = "ansible-playbook"
    inventories: tuple[str, ...] = ()
    clone: bool = True
    limit: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)
    untold: tuple[str, ...] = ()

    def words(self, playbook: str, **values: Any) -> list[str | list[str]]:
        """As a shell wants them; one in parts may go on in the next line. values: further variables, which win."""
        words: list[str | list[str]] = [self.program]
        words += [f"-i {shlex.quote(one)}" for one in self.inventories]
        words.append(self.called(playbook))
        words += [f"--limit {shlex.quote(self.limit)}"] if self.limit else []
        kept = {name: value for name, value in self._needed(playbook).items() if name not in values}
        bare = {name: value for name, value in kept.items() if isinstance(value, str) and _BARE.fullmatch(value)}
        words += [f"-e {name}={value}" for name, value in bare.items()]
        others = [f"{_json(name)}:{_json(value)}" for name, value in kept.items() if name not in bare]
        if others:
            parts = [f"{part}," for part in others[:-1]] + [f"{others[-1]}}}'"]
            words.append([f"-e '{{{parts[0]}", *parts[1:]])
        return words + [f"-e {name}={value}" for name, value in values.items()]

    def text(self, playbook: str, **values: Any) -> str:
        """In one line, which says where it is not whole."""
        words = [word if isinstance(word, str) else " ".join(word) for word in self.words(playbook, **values)]
        untold = self.left_out
        return " ".join([*words, f"(and the same -e as now for {untold})"] if untold else words)

    @property
    def left_out(self) -> str:
        """Which extra variables, and files of them, are not in the command; empty where all are."""
        return ", ".join(dict.fromkeys((*self.untold, *(name for name in self.extra if self._hidden(name)))))

    def called(self, playbook: str) -> str:
        """The name of a playbook."""
        return f"playbooks/{playbook}.yml" if self.clone else f"llmops.gke.{playbook}"

    def _needed(self, playbook: str) -> dict[str, Any]:
        return {
            name: value
            for name, value in self.extra.items()
            if name not in _ONCE
            and not self._hidden(name)
            and all(playbook in readers or not name.startswith(begin) for begin, readers in _READERS.items())
        }

    def _hidden(self, name: str) -> bool:
        value = self.extra[name]
        text = value if isinstance(value, str) else json.dumps(value)
        deep = not isinstance(value, (str, int, float, type(None))) and _SECRET_NAME.search(text)
        secret = _SECRET_NAME.search(name) or deep or _SECRET_VALUE.search(text)
        return name not in _ONCE and bool(secret or without_credentials(text) != text)


def _json(value: Any) -> str:
    """Compact, and without what would end the quotes around it."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).replace("'", "\\u0027")
