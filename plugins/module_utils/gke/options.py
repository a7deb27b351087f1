# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options that several GKE modules share; documented in doc_fragments/gke_resource.py."""

from __future__ import annotations

from typing import Any

from ..google.options import GOOGLE_AUTH, PROJECT

LOCATION: dict[str, Any] = {
    **GOOGLE_AUTH,
    "project": {**PROJECT, "required": True},
    "location": {"type": "str", "required": True},
}
STATE: dict[str, Any] = {"type": "str", "choices": ["present", "absent"], "default": "present"}
TIMEOUT: dict[str, Any] = {"type": "int", "default": 2700}
LOCATIONS_IN_ORDER: dict[str, Any] = {"type": "bool", "default": False}
