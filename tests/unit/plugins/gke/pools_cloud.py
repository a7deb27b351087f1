# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A cluster with node pools as GKE answers for it, and pools as a task describes them and as GKE has them."""

from __future__ import annotations

from typing import Any

from tests.unit.fake_http import Request
from tests.unit.plugins.gke.gke_support import (
    CLUSTER,
    CLUSTER_PATH,
    DONE,
    LOCATION,
    NOT_FOUND,
    OPERATION_PATH,
    PARENT,
    operation,
)

A, B = f"{LOCATION}-a", f"{LOCATION}-b"
CLUSTERS, POOLS, OPERATIONS = f"{PARENT}/clusters", f"{CLUSTER_PATH}/nodePools", f"{PARENT}/operations"
L4 = [{"acceleratorCount": "1", "acceleratorType": "nvidia-l4"}]
DEFAULT = {"name": "default-pool", "initial_node_count": 1, "config": {"machine_type": "n1-standard-4"}}
GPU = {
    "name": "gpu",
    "initial_node_count": 1,
    "locations": [A],
    "config": {
        "machine_type": "g2-standard-12",
        "accelerators": [{"accelerator_type": "nvidia-l4", "accelerator_count": 1}],
    },
}
DEFAULT_BODY = {"name": "default-pool", "initialNodeCount": 1, "config": {"machineType": "n1-standard-4"}}
GPU_BODY = {
    "name": "gpu",
    "initialNodeCount": 1,
    "locations": [A],
    "config": {"machineType": "g2-standard-12", "accelerators": L4},
}


def live(*pools: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {
        "name": CLUSTER,
        "status": "RUNNING",
        **fields,
        "nodePools": [{"status": "RUNNING", **one} for one in pools],
    }


class Cloud:
    """Answers as GKE does for one cluster. out: zones that have no stock."""

    def __init__(self, cluster: dict[str, Any] | None, *out: str) -> None:
        self.cluster, self.out = cluster, out

    def __call__(self, request: Request) -> Any:
        method, path, body = request
        if path == OPERATIONS:
            return {"operations": []}
        if path == OPERATION_PATH:
            return DONE
        if path.startswith("/projects/"):
            return {"currentActions": {}}
        if (method, path) == ("POST", CLUSTERS):
            pools = body["cluster"].pop("nodePools")
            self.cluster = live(*pools, **body["cluster"])
            return operation("PENDING")
        if self.cluster is None:
            return NOT_FOUND
        if path == CLUSTER_PATH and method == "GET":
            return self.cluster
        if (method, path) == ("POST", POOLS):
            return self._create(body["nodePool"])
        return self._change(method, path.removeprefix(f"{POOLS}/"), body)

    def _create(self, pool: dict[str, Any]) -> dict[str, Any]:
        out = set(pool.get("locations", [])) & set(self.out)
        conditions = [
            {"code": "GCE_STOCKOUT", "message": f"zones/{zone} does not have enough resources."} for zone in out
        ]
        status = "ERROR" if out else "RUNNING"
        self.cluster["nodePools"].append({**pool, "status": status, "conditions": conditions})
        return {**DONE, "nodepoolConditions": conditions}

    def _change(self, method: str, what: str, body: Any) -> Any:
        name, _colon, verb = what.partition(":")
        if method == "DELETE":
            self.cluster["nodePools"] = [one for one in self.cluster["nodePools"] if one["name"] != name]
            return DONE
        pool = next(one for one in self.cluster["nodePools"] if one["name"] == name)
        pool |= {"setSize": {"initialNodeCount": body.get("nodeCount")}, "": body}[verb]
        return DONE
