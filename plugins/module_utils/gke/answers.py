# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What GKE's answers must be, as far as they are read here (its discovery document, v1). See http/answers.py.

Fields that only options of the same name read are not among them: where such a field is of another type, it differs.
"""

from __future__ import annotations

from ..http.answers import NUMBER, OBJECT, Shape

_CONDITIONS = [{"code": str, "canonicalCode": str, "message": str}]

NODE_POOL: Shape = {
    "name!": str,
    "status": str,
    "statusMessage": str,
    "version": str,
    "conditions": _CONDITIONS,
    "instanceGroupUrls": [str],
    "locations": [str],
    "initialNodeCount": int,
    "autoscaling": OBJECT,
    "config": {"labels": {"*": str}, "accelerators": [OBJECT], "taints": [OBJECT]},
}

CLUSTER: Shape = {
    "name!": str,
    "location": str,
    "status": str,
    "statusMessage": str,
    "endpoint": str,
    "network": str,
    "subnetwork": str,
    "currentMasterVersion": str,
    "conditions": _CONDITIONS,
    "nodePools": [NODE_POOL],
    "masterAuth": {"clusterCaCertificate": str},
    "controlPlaneEndpointsConfig": {
        "dnsEndpointConfig": {"endpoint": str, "allowExternalTraffic": bool},
        "ipEndpointsConfig": {"enabled": bool, "privateEndpoint": str, "publicEndpoint": str},
    },
    "privateClusterConfig": {"privateEndpoint": str, "publicEndpoint": str},
    "monitoringConfig": OBJECT,
    "resourceLabels": {"*": str},
}

OPERATION: Shape = {
    "name!": str,
    "status": str,
    "operationType": str,
    "detail": str,
    "statusMessage": str,
    "targetLink": str,
    "startTime": str,
    "endTime": str,
    "error": {"code": int, "message": str},
    "clusterConditions": _CONDITIONS,
    "nodepoolConditions": _CONDITIONS,
    "progress": {
        "stages": [{"name": str, "status": str}],
        "metrics": [{"name": str, "intValue": (str, *NUMBER)}],
    },
}

# A list of nothing is an empty object.
CLUSTERS: Shape = {"clusters": [CLUSTER]}
NODE_POOLS: Shape = {"nodePools": [NODE_POOL]}
OPERATIONS: Shape = {"operations": [OPERATION]}
SERVER_CONFIG: Shape = {"validMasterVersions": [str], "defaultClusterVersion": str, "channels": [OBJECT]}
