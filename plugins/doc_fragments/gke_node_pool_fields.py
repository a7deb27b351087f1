# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of a node pool's fields, written in the field table."""

from __future__ import annotations

import json
from typing import ClassVar

from ..module_utils.gke.fields.documentation import as_suboptions, documented, exactly
from ..module_utils.gke.fields.node_pool.table import GROUPS, NODE_POOL_FIELDS

_OWN = {
    "name": {"description": ["Name of the node pool."], "type": "str", "required": True},
    "state": {
        "description": ["V(absent) deletes the node pool; V(present) creates or changes it."],
        "type": "str",
        "choices": ["present", "absent"],
        "default": "present",
    },
    "expected_labels": {
        "description": [
            "Delete the node pool only if its nodes have these Kubernetes labels; otherwise leave it. Used with "
            "O(state=absent) to keep a pool of the same name that somebody else created."
        ],
        "type": "dict",
    },
    "repair": {
        "description": [
            "Delete the node pool and create it again if its status is C(ERROR) or C(RUNNING_WITH_ERROR). Pods that "
            "still run on it are stopped.",
            "If this is off, a node pool in such a status fails the task with the reason that GKE gives.",
        ],
        "type": "bool",
        "default": False,
    },
    "recreate": {
        "description": [
            "Replace the node pool if it differs in a field that GKE cannot change in place. If this is off, such a "
            "difference fails the task.",
            "A node pool cannot be renamed, so a temporary pool C(NAME-stand-in) with the wanted fields is created "
            "first. The nodes of the old pool are cordoned and their pods evicted as PodDisruptionBudgets allow; then "
            "the old pool is deleted and created again, and the temporary pool is drained and deleted in the same way. "
            "Fields that are not given keep the values of the old pool.",
            "Nothing is started while the pool runs a pod that no controller would recreate. Data in local storage is "
            "lost.",
            "An interrupted replacement is continued by the next run that has this option on.",
        ],
        "type": "bool",
        "default": False,
    },
    "locations_in_order": {
        "description": [
            "Create the node pool in a single zone - the first zone of O(locations) that has capacity - instead of in "
            "all of them.",
            "If a zone has no capacity (C(GCE_STOCKOUT)), the pool is deleted and created again in the next zone. "
            "Quotas apply to a whole region, so an exhausted quota ends the search.",
            "A pool that runs in any of the zones stays there, and so does a pool with at least one running node "
            "unless O(repair) is on. Adding nodes later is left to the autoscaler (O(autoscaling.location_policy)).",
            "If no zone has capacity, the pool is deleted and the task fails with GKE's message for each zone; the "
            "next run starts again with the first zone.",
            "A run within an hour after an interrupted one skips the zones that were already found out of stock, which "
            "it reads from GKE's list of operations.",
            "GKE may take half an hour to give up on a zone. The task's O(ignore:timeout) covers all zones together.",
        ],
        "type": "bool",
        "default": False,
    },
    "exactly": exactly(NODE_POOL_FIELDS),
}
_OPTIONS = {**_OWN, **documented(NODE_POOL_FIELDS, GROUPS)}
_CREATE_WITH_CLUSTER = {
    "description": [
        "Include this node pool in the request that creates the cluster, instead of creating it once the cluster runs.",
        "By default, pools with accelerators and pools with O(locations_in_order) are created after the cluster, "
        "because a GPU shortage during the cluster's own creation can leave the cluster in C(ERROR), and all other "
        "pools are created with it.",
    ],
    "type": "bool",
}


class ModuleDocFragment:
    """See plugins/module_utils/gke/options.py for the argument spec that agrees with it."""

    DOCUMENTATION: ClassVar[str] = json.dumps({"options": _OPTIONS})

    POOLS_OF_CLUSTER: ClassVar[str] = json.dumps(
        {
            "options": {
                "node_pools": {
                    "description": [
                        "Node pools to create, change, repair, replace or delete in the order of the list, each with "
                        "the options of M(llmops.gke.gke_node_pool). Node pools that are not in the list are left "
                        "alone.",
                        "If GKE cannot make a change to one of the pools, the task fails before anything is changed. "
                        "If one of them fails later, the task goes on with the others and then fails.",
                    ],
                    "type": "list",
                    "elements": "dict",
                    "required": True,
                    "suboptions": as_suboptions("node_pools", _OPTIONS),
                }
            }
        }
    )

    NODE_POOLS: ClassVar[str] = json.dumps(
        {
            "options": {
                "node_pools": {
                    "description": [
                        "Node pools to create, change, repair, replace or delete in the order of the list, each with "
                        "the options of M(llmops.gke.gke_node_pool). Node pools that are not in the list are left "
                        "alone.",
                        "A cluster that does not exist yet needs at least one pool in its create request, so at least "
                        "one without accelerators (see O(node_pools[].create_with_cluster)).",
                        "If GKE cannot make a change to one of the pools, the task fails before anything is changed.",
                    ],
                    "type": "list",
                    "elements": "dict",
                    "suboptions": as_suboptions(
                        "node_pools", {**_OPTIONS, "create_with_cluster": _CREATE_WITH_CLUSTER}
                    ),
                }
            }
        }
    )
