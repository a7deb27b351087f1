# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine of gke_node_pool."""

from __future__ import annotations

from typing import Any

from ...core.runner import ModuleSpec
from ...gke.fields.argument_spec import exactly_spec, spec_of
from ...gke.fields.node_pool.table import NODE_POOL_FIELDS
from ...gke.options import LOCATION, LOCATIONS_IN_ORDER, STATE, TIMEOUT
from ...workflows.node_pool_zones import run
from ...workflows.stockout_advice import advised

ARGUMENT_SPEC: dict[str, Any] = {
    **LOCATION,
    "cluster": {"type": "str", "required": True},
    "name": {"type": "str", "required": True},
    "state": STATE,
    "repair": {"type": "bool", "default": False},
    "recreate": {"type": "bool", "default": False},
    "locations_in_order": LOCATIONS_IN_ORDER,
    "timeout": TIMEOUT,
    "exactly": exactly_spec(NODE_POOL_FIELDS),
    **spec_of(NODE_POOL_FIELDS),
}

SPEC = ModuleSpec(run=advised(run), argument_spec=ARGUMENT_SPEC)
