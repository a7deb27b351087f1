# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every model server by its name. Only the one that is asked for is imported."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from ..core.errors import InvalidOption

if TYPE_CHECKING:
    from ..kubernetes.diagnosis.crash_reasons import CrashReason
    from .engine import Engine


def _tgi() -> Engine:
    from .tgi.engine import TgiEngine

    return TgiEngine()


def _vllm() -> Engine:
    from .vllm.engine import VllmEngine

    return VllmEngine()


def _openai() -> Engine:
    from .openai.engine import OpenAiEngine

    return OpenAiEngine()


# The import is a statement in a function, because Ansible packs for a remote host what it finds imported.
ENGINES: dict[str, Callable[[], Engine]] = {
    "tgi": _tgi,
    "vllm": _vllm,
    "openai": _openai,
}

DEFAULT = "tgi"


def engine(name: str) -> Engine:
    """The engine of that name; raises InvalidOption where there is none."""
    if name not in ENGINES:
        raise InvalidOption("engine", name, f"one of {', '.join(ENGINES)}")
    return ENGINES[name]()


class CrashReasonsOf(Sequence["CrashReason"]):
    """A model server's crash_reasons. It is imported when they are looked at, which is when a container has crashed."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getitem__(self, index: Any) -> Any:
        return engine(self._name).crash_reasons[index]

    def __len__(self) -> int:
        return len(engine(self._name).crash_reasons)


def load_all() -> None:
    """Import them all, for a process that is about to fork others which ask for one each."""
    for make in ENGINES.values():
        make()
