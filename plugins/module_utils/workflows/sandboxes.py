# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which sandboxes the hosts of an inventory live in, the command that starts or stops one, and what it answered."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..core.harmless import one_line

STARTED, STOPPED = "started", "stopped"
STATES = (STARTED, STOPPED)
DIRECTORY, SPEED, CONFIG = VARIABLES = ("llmops_sandbox_directory", "llmops_sandbox_speed", "llmops_sandbox_config")
"""What an inventory, or a playbook that imports ours, says of a host's sandbox."""

_PACKAGE = "llmops_gke_sandbox"
_SOURCE = "llmops-gke-sandbox @ git+https://github.com/llmops/llmops.gke#subdirectory=sandbox"


class SandboxError(Exception):
    """Why a sandbox does not run or stop, in one line."""


@dataclass(frozen=True)
class Sandbox:
    """A directory that a sandbox runs in, and the hosts that live there. settings: options of its start."""

    directory: str
    hosts: tuple[str, ...]
    settings: tuple[str, ...] = ()


def sandboxes(variables: Mapping[str, Mapping[str, Any]]) -> list[Sandbox]:
    """Each sandbox once, as the first of its hosts has it set. variables: of each host, those of VARIABLES that are
    set; a host without a directory has no sandbox."""
    hosts: dict[str, list[str]] = {}
    for host, known in variables.items():
        if known.get(DIRECTORY):
            hosts.setdefault(str(known[DIRECTORY]), []).append(host)
    return [Sandbox(directory, tuple(found), _settings(variables[found[0]])) for directory, found in hosts.items()]


def _settings(variables: Mapping[str, Any]) -> tuple[str, ...]:
    given = {"--speed": variables.get(SPEED), "--config": variables.get(CONFIG)}
    return tuple(word for option, value in given.items() if value not in (None, "") for word in (option, str(value)))


def command(python: str, state: str, sandbox: Sandbox, check: bool) -> list[str]:
    """What makes a sandbox be in a state. python: the interpreter that has its package. check: nothing may be lost; but
    a preview of a deployment needs the sandbox as well."""
    words = [python, "-m", _PACKAGE]
    if state == STOPPED:
        return [*words, "stop", "--directory", sandbox.directory, *(["--check"] if check else [])]
    return [*words, "start", "--directory", sandbox.directory, *sandbox.settings]


def changed(python: str, code: int, output: str, errors: str) -> bool:
    """Whether a command that has ended started or stopped anything. Raises SandboxError where it failed."""
    if code:
        raise SandboxError(missing(python) if f"No module named {_PACKAGE}" in errors else _reason(code, errors))
    try:
        found = json.loads(output)["changed"]
    except (ValueError, TypeError, KeyError):
        found = None
    if not isinstance(found, bool):
        raise SandboxError(f"the sandbox's program did not say whether it changed anything, but {one_line(output)!r}")
    return found


def _reason(code: int, errors: str) -> str:
    return one_line(errors.strip()) or f"the sandbox's program ended with {code} and did not say why"


def missing(python: str) -> str:
    """How to install the package that a Python lacks, or do without it."""
    return (
        "This inventory deploys to the sandbox, a Python package of its own that is not installed. Install it with "
        f"{python} -m pip install '{_SOURCE}', or name the inventory of a Google Cloud project with -i"
    )


def told(reasons: Iterable[str]) -> str:
    """Why sandboxes do not run, in a line: several may have failed for the same reason."""
    return "; ".join(dict.fromkeys(reasons))


def started_for(host: str, result: Any) -> bool:
    """Whether a task started the sandbox that a host lives in. result: what the task registered, if it did."""
    found = result.get("sandboxes") if isinstance(result, Mapping) else None
    return any(one["changed"] and host in one["hosts"] for one in found or ())
