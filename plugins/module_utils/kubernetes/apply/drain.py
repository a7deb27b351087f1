# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nodes emptied as ``kubectl drain`` does it: cordoned, then each pod evicted as its disruption budget allows.

https://kubernetes.io/docs/concepts/scheduling-eviction/api-eviction/
"""

from __future__ import annotations

from typing import Any

from ...core.deadline import backoff
from ...core.errors import HttpError, LlmopsError, ReplyLost
from ...core.result import Progress
from ..client.api import KubernetesApi
from ..client.resources import NODE, POD, ObjectRef

_MIRROR = "kubernetes.io/config.mirror"
_ENDED = ("Succeeded", "Failed")


class WouldBeLost(LlmopsError):
    """Pods that no controller would create again elsewhere."""

    kind = "pods_would_be_lost"


def pods_on(api: KubernetesApi, selector: str) -> list[dict[str, Any]]:
    """The pods of the nodes that a label selector matches, but for those that go with their node."""
    names = {node["metadata"]["name"] for node in api.list(NODE, label_selector=selector)}
    if not names:
        return []
    return [pod for pod in api.list(POD) if pod["spec"].get("nodeName") in names and not _goes_with_its_node(pod)]


def refuse_pods_that_would_be_lost(api: KubernetesApi, selector: str) -> None:
    """Raises WouldBeLost where a pod that runs on those nodes has no controller."""
    lost = [
        _name(pod)
        for pod in pods_on(api, selector)
        if not pod["metadata"].get("ownerReferences") and pod.get("status", {}).get("phase") not in _ENDED
    ]
    if lost:
        names = ", ".join(sorted(lost))
        raise WouldBeLost(
            f"drain nodes {selector}: no controller would create {names} again; delete them, or use a Deployment",
            pods=sorted(lost),
        )


def drain(api: KubernetesApi, selector: str, doing: str, progress: Progress) -> None:
    """Cordon the nodes that match and evict their pods, until none is left.

    A budget that allows no eviction now is waited for, as long as the deadline lasts: then DeadlineExceeded says which.
    """
    for node in api.list(NODE, label_selector=selector):
        if not node["spec"].get("unschedulable"):
            _cordon(api, node["metadata"]["name"])
    pauses = backoff()
    told = ""
    with api.http.deadline.polling() as pause:
        while pods := pods_on(api, selector):
            going = [pod for pod in pods if "deletionTimestamp" not in pod["metadata"]]
            refusals = [refusal for pod in going if (refusal := _evict(api, pod))]
            waits = sorted({f"{_name(pod)} to end" for pod in pods}) if not refusals else sorted(set(refusals))
            line = f"{doing}: {len(pods)} pods left, waiting for {'; '.join(waits)}"
            if line != told:
                progress(line)
                told = line
            pause(next(pauses), doing, line)


def _cordon(api: KubernetesApi, name: str) -> None:
    api.http.request(
        "PATCH",
        ObjectRef(NODE, None, name).path,
        doing=f"cordon node {name}",
        json_body={"spec": {"unschedulable": True}},
        content_type="application/merge-patch+json",
        repeatable=True,
    )


def _evict(api: KubernetesApi, pod: dict[str, Any]) -> str:
    """Ask for one eviction; returns why it was refused for now, or nothing. Sent once: the next round looks again."""
    meta = pod["metadata"]
    body = {
        "apiVersion": "policy/v1",
        "kind": "Eviction",
        "metadata": {"name": meta["name"], "namespace": meta["namespace"]},
        "deleteOptions": {"preconditions": {"uid": meta["uid"]}},
    }
    path = ObjectRef(POD, meta["namespace"], meta["name"]).path + "/eviction"
    try:
        with api.http.open("POST", path, doing=f"evict pod {_name(pod)}", json=body):
            return ""
    except ReplyLost as lost:
        return f"{_name(pod)} ({lost.message})"
    except HttpError as error:
        # 404: gone. 409: another pod of the name by now.
        if error.status in (404, 409):
            return ""
        if error.status != 429:
            raise
        causes = [cause.get("message", "") for cause in (error.details or {}).get("causes") or []]
        return f"{_name(pod)} ({'; '.join(causes) or error.server_message})"


def _goes_with_its_node(pod: dict[str, Any]) -> bool:
    metadata = pod["metadata"]
    owners = {owner["kind"] for owner in metadata.get("ownerReferences") or [] if owner.get("controller")}
    return "DaemonSet" in owners or _MIRROR in (metadata.get("annotations") or {})


def _name(pod: dict[str, Any]) -> str:
    return f"{pod['metadata']['namespace']}/{pod['metadata']['name']}"
