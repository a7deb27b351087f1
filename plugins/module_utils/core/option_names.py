# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options in messages: marked where a message is made, named where it is shown.

An engine knows its own options. Who runs a role set a variable of the inventory instead, and wants to read its name. So
an error marks each option that it mentions; the runner shows the option's own name, and a role's task the variable's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

# Code points for private use: no text that a person writes has them, and repr() escapes those in a value.
_BEGIN, _END, _THEN = "\ue000", "\ue001", "\ue002"
_MARKED = re.compile(f"{_BEGIN}([^{_BEGIN}{_END}]*){_END}")
_INDEX = re.compile(r"\[\d+\]")


def option(path: str) -> str:
    """The option at a path, such as ``config.accelerators[0].accelerator_type``, marked for a message."""
    return f"{_BEGIN}{path}{_END}"


def worded(path: str, own: str, variable: str = "") -> str:
    """Words about the option at a path, marked for a message: ``own`` where no variable sets it, else ``variable``.

    ``{}`` in them is the name of the option, or of the variable.
    """
    return f"{_BEGIN}{path}{_THEN}{own}{_THEN}{variable}{_END}"


def turned_on(path: str) -> str:
    """How the option at a path is turned on for one run."""
    return worded(path, "{}: true", "-e {}=true")


def in_list(text: str, name: str) -> str:
    """A message about one item of the list of options ``name``: a variable is that of the item's option; where there is
    none, the option keeps its own name."""

    def below(found: re.Match[str]) -> str:
        path, own, variable = _parts(found[1])
        if _bare(path.split(".")[0]) == name:
            return found[0]
        return worded(f"{name}.{path}", own.replace("{}", path), variable)

    return _MARKED.sub(below, text)


def _parts(marked: str) -> tuple[str, str, str]:
    """Path and both wordings of what is marked."""
    path, own, variable = (*marked.split(_THEN), "{}", "{}")[:3]
    return path, own, variable


class OptionNames:
    """What options are called where a message is shown.

    variables: path of an option, without indices -> the variable that sets it. A path below one of them is named by the
    variable and the rest, such as ``verify_thresholds.ttft_seconds``. The path ``*`` stands for all others: the
    variable that holds further options in the module's own terms.
    """

    def __init__(self, variables: Mapping[str, str] | None = None) -> None:
        self._variables = dict(variables or {})

    def variable(self, path: str) -> str | None:
        """The variable that sets the option, or None where none is known."""
        if not path:
            return None
        segments = path.split(".")
        pool = len(segments) > 1 and _bare(segments[0]) == "node_pools"
        # A pool in a list of pools has the options of a pool.
        for first in (0, 1) if pool else (0,):
            for last in range(len(segments), first, -1):
                name = self._variables.get(_bare(".".join(segments[first:last])))
                if name:
                    # What sets a pool's options is no list of pools.
                    kept = last < len(segments) and not (pool and last == 1)
                    index = "".join(_INDEX.findall(segments[last - 1])) if kept else ""
                    return ".".join([name + index, *segments[last:]])
        return f"{self.others}.{'.'.join(segments[pool:])}" if self.others else None

    @property
    def others(self) -> str | None:
        """The variable that holds further options in the module's own terms, or None where none does."""
        return self._variables.get("*")

    def extended(self, other: OptionNames) -> OptionNames:
        """These names and another's, which hold where both have one."""
        return OptionNames({**self._variables, **other._variables})

    def below(self, path: str) -> OptionNames:
        """The names of the options of what an option holds; what has none there is in that option's variable."""
        inside = f"{path}."
        there = {name: of for name, of in self._variables.items() if name.startswith(inside)}
        others = {"*": self._variables[path]} if path in self._variables else {}
        return OptionNames({**{name.removeprefix(inside): of for name, of in there.items()}, **others})

    def of(self, path: str) -> str:
        """The variable that sets the option, or else the path itself."""
        return self.variable(path) or path

    def render(self, text: str) -> str:
        """A message with every marked option named."""
        return _MARKED.sub(lambda found: self._shown(found[1]), text) if _BEGIN in text else text

    def _shown(self, marked: str) -> str:
        path, own, variable = _parts(marked)
        name = self.variable(path)
        return variable.replace("{}", name) if name else own.replace("{}", path)


_OWN = OptionNames()


def plain(value: Any) -> Any:
    """Text, or a structure with texts, in which every marked option has its own name."""
    if isinstance(value, str):
        return _OWN.render(value)
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value


def _bare(path: str) -> str:
    return _INDEX.sub("", path)
