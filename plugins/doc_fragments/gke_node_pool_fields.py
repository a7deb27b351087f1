# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of a node pool's fields, written in the field table."""

from __future__ import annotations

import json
from typing import ClassVar

from ..module_utils.gke.fields.documentation import documented, exactly
from ..module_utils.gke.fields.node_pool.table import GROUPS, NODE_POOL_FIELDS

_OPTIONS = documented(NODE_POOL_FIELDS, GROUPS)
_IN_ORDER = {
    "description": [
        "Create it in the first of its O(ignore:locations) alone.",
        "Where that zone is out of stock, the cluster's creation does not fail but warns, and "
        "M(llmops.gke.gke_node_pool) with the same option goes on with the next zone.",
    ],
    "type": "bool",
    "default": False,
}
_NAME = {"description": ["Name of the node pool."], "type": "str", "required": True}


class ModuleDocFragment:
    """See plugins/module_utils/gke/fields/argument_spec.py for the argument spec that is made from the same table."""

    DOCUMENTATION: ClassVar[str] = json.dumps({"options": {**_OPTIONS, "exactly": exactly(NODE_POOL_FIELDS)}})

    BORN: ClassVar[str] = json.dumps(
        {
            "options": {
                "node_pools": {
                    "description": [
                        "Node pools that are created with the cluster, in the same operation. The cluster's creation "
                        "needs at least one.",
                        "On a cluster that exists they are not compared; that is M(llmops.gke.gke_node_pool)'s matter.",
                    ],
                    "type": "list",
                    "elements": "dict",
                    "suboptions": {"name": _NAME, "locations_in_order": _IN_ORDER, **_OPTIONS},
                }
            }
        }
    )
