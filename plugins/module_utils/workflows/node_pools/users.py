# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who else uses a node pool: other hosts of the inventory, and pods that run on its nodes. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from ..gke_nodes import POOL_LABEL

_HASH = "pod-template-hash"
_ENDED = ("Succeeded", "Failed")
_OF_NODES = ("DaemonSet", "Node")
"""What owns pods that belong to a node, and go with it."""


def pools_in_use(
    pools: Iterable[str],
    place: Sequence[str],
    hosts: Mapping[str, Mapping[str, Any]],
    objects: Iterable[Mapping[str, Any]],
    ours: Collection[str] = (),
    helpers: str = "",
) -> list[dict[str, Any]]:
    """The pools that somebody else uses: ``name``, ``hosts`` and ``workloads``.

    place: project, location and name of the cluster. hosts: of each other host ``place`` and ``pools``; a value that is
    None is not known, and may be any. objects: the cluster's nodes and pods. ours: workloads, as NAMESPACE/NAME, that
    are about to go. helpers: what the names of workloads match that come back on another node.
    """
    objects = list(objects)
    running = _workloads(objects, ours, helpers)
    found = []
    for pool in dict.fromkeys(pools):
        users = [host for host, told in hosts.items() if _may_be_there(told, place) and {pool, None} & {*told["pools"]}]
        if users or running.get(pool):
            found.append({"name": pool, "hosts": users, "workloads": sorted(running.get(pool, ()))})
    return found


def _may_be_there(told: Mapping[str, Any], place: Sequence[str]) -> bool:
    return all(one is None or one == other for one, other in zip(told["place"], place, strict=True))


def _workloads(objects: Sequence[Mapping[str, Any]], ours: Collection[str], helpers: str) -> dict[str, set[str]]:
    """Node pool -> what has pods on its nodes."""
    nodes = [one for one in objects if one.get("kind") == "Node"]
    pool_of = {one["metadata"]["name"]: (one["metadata"].get("labels") or {}).get(POOL_LABEL) for one in nodes}
    found: dict[str, set[str]] = {}
    for pod in objects:
        pool = pool_of.get((pod.get("spec") or {}).get("nodeName"))
        if pod.get("kind") != "Pod" or not pool or (pod.get("status") or {}).get("phase") in _ENDED:
            continue
        kind, name = _owner(pod)
        if kind in _OF_NODES or name in ours or (helpers and re.match(helpers, name)):
            continue
        found.setdefault(pool, set()).add(name)
    return found


def _owner(pod: Mapping[str, Any]) -> tuple[str, str]:
    """Kind and NAMESPACE/NAME of what has made a pod, which is itself where nothing has; of a ReplicaSet's pod the
    Deployment."""
    metadata = pod["metadata"]
    owners = metadata.get("ownerReferences") or []
    owner = next((one for one in owners if one.get("controller")), {"kind": "Pod", "name": metadata["name"]})
    name, suffix = str(owner["name"]), (metadata.get("labels") or {}).get(_HASH)
    if owner["kind"] == "ReplicaSet" and suffix:
        name = name.removesuffix(f"-{suffix}")
    return str(owner["kind"]), f"{metadata.get('namespace')}/{name}"
