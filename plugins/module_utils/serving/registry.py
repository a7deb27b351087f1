# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every model server by its name. Only the one that is asked for is imported."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ..core.errors import InvalidOption

if TYPE_CHECKING:
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


def load_all() -> None:
    """Import them all, for a process that is about to fork others which ask for one each."""
    for make in ENGINES.values():
        make()
