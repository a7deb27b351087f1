# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The arithmetic of a Deployment's rollout: which ReplicaSet may have how many replicas. No requests here.

After pkg/controller/deployment in Kubernetes: rolling.go, recreate.go and util/deployment_util.go.
"""

from __future__ import annotations

import copy
import math

from llmops_gke_sandbox.control.objects import annotations_of

HASH_LABEL = "pod-template-hash"
REVISION = "deployment.kubernetes.io/revision"
DESIRED_REPLICAS = "deployment.kubernetes.io/desired-replicas"
MAX_REPLICAS = "deployment.kubernetes.io/max-replicas"
# Annotations of a Deployment that are not handed on to its ReplicaSets.
_KEPT_BACK = frozenset({"kubectl.kubernetes.io/last-applied-configuration", REVISION, DESIRED_REPLICAS, MAX_REPLICAS})


def replicas_of(obj: dict) -> int:
    """Return the number of replicas asked for; 1 where nothing is said."""
    return obj["spec"].get("replicas", 1)


def available_of(replica_set: dict) -> int:
    """Return the number of available replicas that the set reports."""
    return (replica_set.get("status") or {}).get("availableReplicas", 0)


def revision_of(obj: dict) -> int:
    """Return the revision that an object is annotated with, 0 without one."""
    return int(annotations_of(obj).get(REVISION, "0"))


def is_rolling(deployment: dict) -> bool:
    """Tell whether the strategy is RollingUpdate (the default), not Recreate."""
    return (deployment["spec"].get("strategy") or {}).get("type", "RollingUpdate") == "RollingUpdate"


def bounds(deployment: dict) -> tuple[int, int]:
    """Return (surge, unavailable): how many pods there may be above, and how many may lack below, spec.replicas.

    Percentages round up for surge and down for unavailable; where both come to 0 one pod may lack, or nothing could
    ever move.
    """
    if not is_rolling(deployment):
        return 0, 0
    wanted = replicas_of(deployment)
    rolling = (deployment["spec"].get("strategy") or {}).get("rollingUpdate") or {}
    surge = _scaled(rolling.get("maxSurge", "25%"), wanted, math.ceil)
    unavailable = _scaled(rolling.get("maxUnavailable", "25%"), wanted, math.floor)
    if surge == 0 and unavailable == 0:
        unavailable = 1
    return surge, min(unavailable, wanted)


def is_of_template(replica_set: dict, deployment: dict) -> bool:
    """Tell whether the set was made of the Deployment's present template."""
    template = copy.deepcopy(replica_set["spec"]["template"])
    labels = (template.get("metadata") or {}).get("labels") or {}
    labels.pop(HASH_LABEL, None)
    return _without_nulls(template) == _without_nulls(deployment["spec"]["template"])


def size_of_new(deployment: dict, new: dict, all_sets: list[dict]) -> int:
    """Return how many replicas the new set may have now."""
    wanted, have = replicas_of(deployment), replicas_of(new)
    if have >= wanted or not is_rolling(deployment):
        return wanted
    surge, _unavailable = bounds(deployment)
    room = wanted + surge - sum(replicas_of(one) for one in all_sets)
    return have + max(0, min(room, wanted - have))


def sizes_of_old(deployment: dict, new: dict, old_sets: list[dict]) -> dict[str, int]:
    """Return the replicas that old sets must shrink to: uid -> replicas, of those that change.

    Replicas that are not available go first, as they hold up nothing.
    """
    _surge, unavailable = bounds(deployment)
    least_available = replicas_of(deployment) - unavailable
    sizes = {one["metadata"]["uid"]: replicas_of(one) for one in old_sets}
    new_unavailable = max(0, replicas_of(new) - available_of(new))
    may_go = sum(sizes.values()) + replicas_of(new) - least_available - new_unavailable
    for one in old_sets:
        sick = max(0, sizes[one["metadata"]["uid"]] - available_of(one))
        gone = max(0, min(may_go, sick))
        sizes[one["metadata"]["uid"]] -= gone
        may_go -= gone
    may_go = min(may_go, available_of(new) + sum(available_of(one) for one in old_sets) - least_available)
    for one in old_sets:
        gone = max(0, min(may_go, sizes[one["metadata"]["uid"]]))
        sizes[one["metadata"]["uid"]] -= gone
        may_go -= gone
    return {
        one["metadata"]["uid"]: sizes[one["metadata"]["uid"]]
        for one in old_sets
        if sizes[one["metadata"]["uid"]] != replicas_of(one)
    }


def set_annotations(deployment: dict, revision: int) -> dict[str, str]:
    """Return the annotations that a Deployment's ReplicaSet bears."""
    surge, _unavailable = bounds(deployment)
    handed_on = {key: value for key, value in annotations_of(deployment).items() if key not in _KEPT_BACK}
    return {
        **handed_on,
        REVISION: str(revision),
        DESIRED_REPLICAS: str(replicas_of(deployment)),
        MAX_REPLICAS: str(replicas_of(deployment) + surge),
    }


def _scaled(value: int | str, total: int, rounded) -> int:
    if isinstance(value, str) and value.endswith("%"):
        return rounded(total * int(value[:-1]) / 100)
    return int(value)


def _without_nulls(value):
    """Absent and null, and an empty map of labels or creationTimestamp: null, say the same in a template."""
    if isinstance(value, dict):
        cleaned = {key: _without_nulls(one) for key, one in value.items()}
        return {key: one for key, one in cleaned.items() if one is not None and key != "creationTimestamp"}
    if isinstance(value, list):
        return [_without_nulls(one) for one in value]
    return value
