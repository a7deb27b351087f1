# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Definitions of kinds as their makers publish them, but for descriptions."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

_FOLDER = Path(__file__).parents[1] / "data"


@cache
def published(name: str) -> tuple[dict, ...]:
    """Return CustomResourceDefinitions.

    :param name: ``gateway`` (the standard channel and GKE's policies) or ``inference`` (pools).
    """
    return tuple(json.loads((_FOLDER / f"{name}_definitions.json").read_text(encoding="utf-8")))
