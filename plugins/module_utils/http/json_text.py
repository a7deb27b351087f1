# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""JSON that somebody else wrote: whatever it is, reading it gives a value or a ValueError, and leaves no trace."""

from __future__ import annotations

import gc
import json
from collections.abc import Callable
from typing import Any


class TooDeep(ValueError):
    """A document that is nested more deeply than Python can read."""


def loads(text: str | bytes, parse_constant: Callable[[str], Any] | None = None) -> Any:
    """The document in ``text``. Raises ValueError where it is none, TooDeep where it cannot be read to its end."""
    # Up to Python 3.11 a garbage collection may begin at any depth of the document. Finalizers that run there have no
    # stack left: their work is lost, and standard error says so.
    collects = gc.isenabled()
    gc.disable()
    try:
        return json.loads(text, parse_constant=parse_constant)
    except RecursionError:
        raise TooDeep("it is nested too deeply") from None
    finally:
        if collects:
            gc.enable()
