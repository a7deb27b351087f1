# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How this run was started, read on the controller: what the commands that it advises are made of."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ansible import context
from ansible.errors import AnsibleError
from ansible.parsing.dataloader import DataLoader
from ansible.parsing.splitter import parse_kv

from ..module_utils.workflows.summary.command import Command

_DEFAULT_INVENTORY = ["inventories/sandbox"]
"""That ansible.cfg of a clone names."""

_DEPLOY = Path("playbooks", "deploy.yml")


def run_command(variables: Mapping[str, Any]) -> Command:
    """The command of this run, by the variables that Ansible has of it, as it works where it was started."""
    # Not PWD, which a service has not, and a program that another one starts elsewhere has from there.
    here = os.getcwd()
    deploy = Path(here, _DEPLOY)
    # One's own repository may have a playbook of that name as well.
    clone = deploy.is_file() and deploy.samefile(Path(__file__).parents[2] / _DEPLOY)
    sources = [str(one).removeprefix(f"{here}/") for one in variables.get("ansible_inventory_sources") or ()]
    extra, untold = read_extra((context.CLIARGS or {}).get("extra_vars") or ())
    return Command(
        program=_program(Path(str(variables.get("ansible_playbook_python") or "")).parent, here),
        inventories=() if sources == _DEFAULT_INVENTORY else tuple(sources),
        clone=clone,
        limit=str(variables.get("ansible_limit") or "") or ",".join(_some_hosts(variables)),
        extra=extra,
        untold=tuple(untold),
    )


def _some_hosts(variables: Mapping[str, Any]) -> list[str]:
    """The play's hosts, where the inventory has more: the playbooks of this collection would take all of them."""
    hosts = [str(host) for host in variables.get("ansible_play_hosts_all") or ()]
    return hosts if {*hosts} < {*(variables.get("groups") or {}).get("all", ())} else []


def read_extra(given: Iterable[str]) -> tuple[dict[str, Any], list[str]]:
    """The extra variables that are on the command line, the last value of each; and the files, and what is no
    mapping, of which nothing is known here."""
    extra: dict[str, Any] = {}
    untold = []
    for text in map(str, given):
        if text.startswith("@"):
            untold.append(text)
            continue
        try:
            found = DataLoader().load(text) if text[:1] in ("{", "[") else parse_kv(text)
            extra |= json.loads(json.dumps(dict(found)))
        except (AnsibleError, TypeError, ValueError):
            untold.append("what can't be read here")
    extra.pop("_raw_params", None)
    return extra, untold


def _program(folder: Path, here: str) -> str:
    """ansible-playbook, by its path where the shell would not find it, or another one."""
    own = folder / "ansible-playbook"
    # The programs that make finds are not those of the shell that it was started from.
    found = (
        str(Path(os.environ.get("VIRTUAL_ENV", ""), "bin", own.name))
        if "MAKELEVEL" in os.environ
        else shutil.which(own.name)
    )
    # An environment that nobody activated; elsewhere it is a program of the system.
    if not (folder / "activate").is_file() or (found and os.path.realpath(found) == os.path.realpath(own)):
        return own.name
    return str(own).removeprefix(f"{here}/")
