# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where GKE answers otherwise than it was asked: values that it writes in its own way, and deprecated fields beside."""

from __future__ import annotations

import copy

_MONITORING = "https://www.googleapis.com/auth/monitoring"
_EVERYTHING = "https://www.googleapis.com/auth/cloud-platform"
_EVERY_DAY = "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR,SA,SU"

# Repeated fields whose order means nothing; GKE gives them in an order of its own.
_UNORDERED = frozenset(
    {
        "autoprovisioningLocations",
        "cidrBlocks",
        "enableComponents",
        "locations",
        "oauthScopes",
        "resourceLimits",
        "tags",
        "taints",
    }
)


def rewritten(body: dict) -> dict:
    """Return a Cluster with GKE's way of writing what was asked for; it is changed in place."""
    encryption = body["databaseEncryption"]
    if encryption.get("state") == "ENCRYPTED":
        encryption["state"] = "ALL_OBJECTS_ENCRYPTION_ENABLED"
    scopes = body["autoscaling"].get("autoprovisioningNodePoolDefaults", {}).get("oauthScopes")
    if scopes and not {_MONITORING, f"{_MONITORING}.write", _EVERYTHING} & set(scopes):
        scopes.append(f"{_MONITORING}.write")
    window = body["maintenancePolicy"].get("window", {})
    if daily := window.get("dailyMaintenanceWindow"):
        daily |= {"startTime": daily.get("startTime", "").zfill(5), "duration": "PT4H0M0S"}
    recurring = window.get("recurringWindow", {})
    if recurring.get("recurrence") == "FREQ=DAILY":
        recurring["recurrence"] = _EVERY_DAY
    return body


def mirrored(body: dict) -> dict:
    """Return a Cluster with the deprecated fields that show the same as newer ones; it is changed in place."""
    endpoints = body["controlPlaneEndpointsConfig"]["ipEndpointsConfig"]
    if not endpoints.get("enabled", True):
        endpoints.pop("privateEndpoint", None)
        body.pop("endpoint", None)
    if not (endpoints.get("enabled", True) and endpoints.get("enablePublicEndpoint", True)):
        endpoints.pop("publicEndpoint", None)
    body["masterAuthorizedNetworksConfig"] = copy.deepcopy(endpoints["authorizedNetworksConfig"])
    private = body.setdefault("privateClusterConfig", {})
    private |= {
        "enablePrivateNodes": body["networkConfig"].get("defaultEnablePrivateNodes", False),
        "enablePrivateEndpoint": not endpoints.get("enablePublicEndpoint", True),
        "masterGlobalAccessConfig": {"enabled": endpoints.get("globalAccess", False)},
    }
    private |= {name: endpoints[name] for name in ("publicEndpoint", "privateEndpoint") if name in endpoints}
    if body["nodePools"]:
        first = body["nodePools"][0]
        body |= {
            "nodeConfig": copy.deepcopy(first["config"]),
            "currentNodeVersion": first["version"],
            "initialNodeCount": first["initialNodeCount"],
        }
    return body


def reordered(value: object, field: str = "") -> object:
    """Return a value with every list whose order means nothing in the API's own order."""
    if isinstance(value, dict):
        return {key: reordered(item, key) for key, item in value.items()}
    if isinstance(value, list):
        items = [reordered(item) for item in value]
        return sorted(items, key=str) if field in _UNORDERED else items
    return value
