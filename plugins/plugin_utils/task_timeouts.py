# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The seconds that a task may take, as its arguments and its module's spec have them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any


def number(value: Any) -> float:
    """A number, as it is or as a text; NaN for anything else."""
    try:
        return float(value)
    except (TypeError, ValueError):
        return math.nan


def timeouts(spec: Mapping[str, Any], arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Seconds that a task gives or has by default: by the option that has them as a part, its own by ``""``."""
    parts = {
        name: option["options"]
        for name, option in spec.items()
        if isinstance(arguments.get(name), Mapping) and "options" in option
    }
    found = {}
    for part, options in {"": spec, **parts}.items():
        given = arguments[part] if part else arguments
        seconds = given.get("timeout", options["timeout"].get("default")) if "timeout" in options else None
        if seconds is not None:
            found[part] = seconds
    return found
