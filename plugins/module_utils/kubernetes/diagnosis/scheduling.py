# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why no node takes a pod: what is short on how many nodes, and whether the cluster can still grow."""

from __future__ import annotations

import re
from typing import Any

from ...core.harmless import quoted
from ...core.option_names import worded
from ..wait.states import Failed, State, Waiting, condition
from .cluster_view import ClusterView
from .events import count_of, events_of, text_of

_REFUSED = re.compile(r"0/(?P<nodes>\d+) nodes are available: (?P<reasons>.*?)\.(?: no new claims| preemption|$)")
"""kube-scheduler's sentence, without what it says of preemption."""

_ADDRESS = re.compile(r"https?://[^\s,}]*/")
_PAUSE = "in backoff after failed scale-up"
_NO_GROWTH = re.compile(r"max node group size reached|max (?:total )?(?:nodes|cluster \w+ limit)|limit reached", re.I)
_ADVICE = (
    # No role but the pool's own has its variable.
    f"raise the pool's maximum{worded('max_surge', '', ' (gpu_nodepool_max_node_count)')}, or free what its nodes hold"
    f"{worded('max_surge', '', '; for a rollout, let the old pod end first ({}: 0, ')}"
    f"{worded('max_unavailable', '', '{}: 1)')}"
)
_LOOKS = 2
"""How often the autoscaler must have refused before it is believed: it looks every ten seconds."""

_UNBOUND = ("ProvisioningFailed", "FailedBinding", "ExternalProvisioning")
"""Events of a claim that has no volume yet; one that waits for its first pod is no reason."""

_FAILURES = ("FailedScaleUp", "ScaleUpFailed")
_GROWTH = ("TriggeredScaleUp", "NotTriggerScaleUp", *_FAILURES)


def unscheduled(view: ClusterView, pod: dict[str, Any], *, room_comes: bool) -> State:
    """The state of a pod that no node has taken. room_comes: whether pods that are going may make room for it.

    Failed where every pool that could take it is as large as it may get, or a quota allows no more machines and
    no other pool takes over, and the autoscaler has said so since the wait began: limits and quotas may have been
    raised before.
    """
    scheduled = condition(pod, "PodScheduled")
    why = f"no node fits pod {pod['metadata']['name']}: {_in_words(scheduled)}{_claims(view, pod)}"
    events = events_of(view, pod, *_GROWTH)
    if not events:
        return Waiting(why)
    newest = events[-1]
    message = _said(newest)
    failures = [event for event in events if event["reason"] in _FAILURES]
    pauses = newest["reason"] == "NotTriggerScaleUp" and _PAUSE in message and bool(failures)
    if pauses:
        # It only says that it waits with the pool; what it waits for is in what it said before.
        newest, message = failures[-1], f"{_said(failures[-1])} It is tried again later"
    if newest["reason"] == "TriggeredScaleUp":
        return Waiting(f"{why}; a pool grows for it ({message.partition(': ')[2] or message})")
    if newest["reason"] in _FAILURES:
        why = f"{why}; a pool could not grow for it ({message})"
        # Another pool may take over, of which there is a word only at the autoscaler's next look.
        final = "quota" in message and view.is_new(newest) and (pauses or count_of(newest) >= _LOOKS)
        return Failed(why, "ask for more quota, or take another region") if final else Waiting(why)
    why = f"{why}; no pool grows for it ({message.partition(': ')[2] or message})"
    if room_comes:
        # Once the room is there, it takes a moment until the pod is, and this refusal is of before.
        view.outdate(newest)
    grew = any(event["reason"] == "TriggeredScaleUp" for event in events)
    believed = count_of(newest) >= _LOOKS and view.is_new(newest)
    if _NO_GROWTH.search(message) and _PAUSE not in message and not grew and not room_comes and believed:
        return Failed(why, _ADVICE)
    return Waiting(why)


def _claims(view: ClusterView, pod: dict[str, Any]) -> str:
    """What is said of the volume claims that it waits for."""
    told = []
    for volume in (pod.get("spec") or {}).get("volumes") or []:
        name = (volume.get("persistentVolumeClaim") or {}).get("claimName")
        metadata = {"name": name, "namespace": pod["metadata"].get("namespace")}
        events = events_of(view, {"kind": "PersistentVolumeClaim", "metadata": metadata}, *_UNBOUND) if name else []
        told += [f"; claim {name}: {text_of(events[-1])}"] if events else []
    return "".join(told)


def _said(event: dict[str, Any]) -> str:
    return _ADDRESS.sub("", quoted(event.get("message") or ""))


def _in_words(scheduled: dict[str, Any]) -> str:
    message = scheduled.get("message") or scheduled.get("reason") or "it waits for the scheduler"
    found = _REFUSED.match(message)
    if not found:
        return message
    return f"of {found['nodes']} nodes, {found['reasons']}"
