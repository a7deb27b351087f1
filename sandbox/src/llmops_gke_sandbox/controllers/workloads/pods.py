# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ReplicaSets and DaemonSets share: pods made from a template, their availability, their ranking."""

from __future__ import annotations

import copy
import json

from llmops_gke_sandbox.control.objects import condition, controller_reference, is_pod_ready, labels_of

_SAFE_LETTERS = "bcdfghjklmnpqrstvwxz2456789"


def pod_from_template(owner: dict, extra_labels: dict[str, str] | None = None) -> dict:
    """Return a new pod of ``owner``'s template; the API makes up its name."""
    template = copy.deepcopy(owner["spec"]["template"])
    meta = template.get("metadata") or {}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "generateName": f"{owner['metadata']['name']}-",
            "namespace": owner["metadata"]["namespace"],
            "labels": {**(meta.get("labels") or {}), **(extra_labels or {})},
            **({"annotations": meta["annotations"]} if meta.get("annotations") else {}),
            "ownerReferences": [controller_reference(owner)],
        },
        "spec": template["spec"],
    }


def template_hash(template: dict) -> str:
    """Return the hash that tells pods of one template from another's, in the letters Kubernetes uses.

    FNV-1a over 32 bits like the real one, but of canonical JSON: the real one hashes a dump of Go structures, which
    differs between versions of Kubernetes anyway.
    """
    value = 0x811C9DC5
    for byte in json.dumps(template, sort_keys=True, separators=(",", ":")).encode():
        value = ((value ^ byte) * 0x01000193) & 0xFFFFFFFF
    return "".join(_SAFE_LETTERS[int(digit) % len(_SAFE_LETTERS)] for digit in str(value))


def deletion_rank(pod: dict) -> tuple:
    """Return the sort key by which a controller chooses pods to delete: the least useful first."""
    status = pod.get("status") or {}
    restarts = sum(one.get("restartCount", 0) for one in status.get("containerStatuses") or [])
    return (
        bool(pod["spec"].get("nodeName")),
        {"Pending": 0, "Unknown": 1, "Running": 2}.get(status.get("phase"), 0),
        is_pod_ready(pod),
        -restarts,
        # Of equals the youngest goes.
        _reversed(pod["metadata"]["creationTimestamp"]),
        pod["metadata"]["name"],
    )


class Availability:
    """Tells since when pods are ready, so that minReadySeconds can pass on the sandbox's clock.

    The API's timestamps are whole wall seconds, too coarse for a clock that runs fifty times as fast.
    """

    def __init__(self) -> None:
        self._ready_since: dict[str, tuple[str, float]] = {}

    def remaining(self, pod: dict, min_ready: float, now: float) -> float | None:
        """Return the wall seconds until the pod counts as available (0 if it does), None if it is not ready.

        :param min_ready: minReadySeconds in wall seconds.
        :param now: the loop's time.
        """
        uid = pod["metadata"]["uid"]
        if not is_pod_ready(pod):
            self._ready_since.pop(uid, None)
            return None
        transition = condition(pod, "Ready")["lastTransitionTime"]
        since = self._ready_since.get(uid)
        if since is None or since[0] != transition:
            since = self._ready_since[uid] = (transition, now)
        return max(0.0, since[1] + min_ready - now)

    def forget(self, pod: dict) -> None:
        """Drop what is known of a pod that is gone."""
        self._ready_since.pop(pod["metadata"]["uid"], None)


def has_template_labels(pod: dict, template: dict) -> bool:
    """Tell whether the pod still bears all labels of the template."""
    wanted = (template.get("metadata") or {}).get("labels") or {}
    have = labels_of(pod)
    return all(have.get(key) == value for key, value in wanted.items())


def _reversed(moment: str) -> tuple[int, ...]:
    return tuple(-ord(letter) for letter in moment)
