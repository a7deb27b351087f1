# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fields of a node pool (GKE v1, schemas NodePool and UpdateNodePoolRequest), in the order of their changes.

Size and upgrade settings come first, because most other changes replace the nodes according to these settings.
"""

from __future__ import annotations

from ..field import Field
from . import machine_type, maintenance, node_config, node_metadata, scaling

_TABLES = (
    scaling,
    maintenance,
    machine_type,
    node_config,
    node_metadata,
)

NODE_POOL_FIELDS: tuple[Field, ...] = tuple(field for table in _TABLES for field in table.FIELDS)

GROUPS: dict[str, str] = {
    "config": "Configuration of the pool's nodes.",
    **{path: about for table in _TABLES for path, about in table.GROUPS.items()},
}
"""The description of each option that holds others, by its path."""
