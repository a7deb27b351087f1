# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kinds that GKE brings to a cluster whose Gateway API is switched on."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

_FILE = Path(__file__).parents[1] / "data" / "gateway_definitions.json"


@cache
def definitions() -> tuple[dict, ...]:
    """Return their CustomResourceDefinitions: the standard channel's, and GKE's policies."""
    return tuple(json.loads(_FILE.read_text(encoding="utf-8")))
