# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""StatefulSets: pods with names that stay, one after the other."""

from __future__ import annotations

from llmops_gke_sandbox.control.controller import Controller
from llmops_gke_sandbox.control.objects import (
    controller_of,
    is_controlled_by,
    is_deleting,
    is_pod_active,
    is_pod_ready,
    labels_of,
)
from llmops_gke_sandbox.control.plane import Plane
from llmops_gke_sandbox.controllers.workloads import revisions
from llmops_gke_sandbox.controllers.workloads.pods import pod_from_template

_REVISION_LABEL = "controller-revision-hash"
_POD_NAME_LABEL, _INDEX_LABEL = "statefulset.kubernetes.io/pod-name", "apps.kubernetes.io/pod-index"
_CLAIMS = "persistentvolumeclaims"


class StatefulSetController(Controller):
    """Creates pods 0, 1, 2 … each once the one before is ready, removes and updates them from the last to the first."""

    component = "statefulset-controller"

    def __init__(self, plane: Plane) -> None:
        super().__init__(plane)
        self._sets = self.follow("statefulsets.apps")
        self._pods = self.follow("pods", _set_of)
        self._revisions = self.store(revisions.RESOURCE)
        self._claims = self.store(_CLAIMS)

    async def reconcile(self, key: str) -> None:
        stateful_set = self._sets.by_key(key)
        if stateful_set is None or is_deleting(stateful_set):
            return
        revision = await revisions.current_revision(stateful_set, self._revisions, self.client)
        await self._step(stateful_set, revision["metadata"]["name"])
        await self._report(stateful_set, revision["metadata"]["name"])

    async def _step(self, stateful_set: dict, revision: str) -> None:
        """Do all that may be done now; what must wait for a pod is done when that pod changes."""
        pods, wanted = self._owned(stateful_set), self._ordinals(stateful_set)
        ordered = stateful_set["spec"].get("podManagementPolicy", "OrderedReady") == "OrderedReady"
        for ordinal in wanted:
            pod = pods.get(ordinal)
            if pod is None:
                pod = await self._create(stateful_set, ordinal, revision)
            elif not is_pod_active(pod) and not is_deleting(pod):
                await self._delete(stateful_set, pod)
            if ordered and not _is_sound(pod):
                return
        surplus = [pods[ordinal] for ordinal in sorted(pods, reverse=True) if ordinal not in wanted]
        for pod in surplus[:1] if ordered else surplus:
            if not is_deleting(pod):
                await self._delete(stateful_set, pod)
        if not surplus:
            await self._roll(stateful_set, pods, revision)

    async def _roll(self, stateful_set: dict, pods: dict[int, dict], revision: str) -> None:
        """Delete the last pod of another revision, unless a later one is not ready yet."""
        strategy = stateful_set["spec"].get("updateStrategy") or {}
        if strategy.get("type", "RollingUpdate") != "RollingUpdate":
            return
        first = (strategy.get("rollingUpdate") or {}).get("partition", 0)
        for ordinal in sorted((one for one in pods if one >= first), reverse=True):
            pod = pods[ordinal]
            if labels_of(pod).get(_REVISION_LABEL) != revision and not is_deleting(pod):
                await self._delete(stateful_set, pod)
                return
            if not _is_sound(pod):
                return

    async def _create(self, stateful_set: dict, ordinal: int, revision: str) -> dict:
        meta, spec = stateful_set["metadata"], stateful_set["spec"]
        name = f"{meta['name']}-{ordinal}"
        labels = {_REVISION_LABEL: revision, _POD_NAME_LABEL: name, _INDEX_LABEL: str(ordinal)}
        pod = pod_from_template(stateful_set, labels)
        pod["metadata"]["name"] = name
        pod["spec"] |= {"hostname": name, **({"subdomain": spec["serviceName"]} if spec.get("serviceName") else {})}
        claims = {one["metadata"]["name"]: one for one in spec.get("volumeClaimTemplates") or []}
        for template in claims.values():
            await self._claim(stateful_set, template, ordinal)
        volumes = [one for one in pod["spec"].get("volumes") or [] if one["name"] not in claims]
        volumes += [{"name": one, "persistentVolumeClaim": {"claimName": f"{one}-{name}"}} for one in claims]
        if volumes:
            pod["spec"]["volumes"] = volumes
        created = await self.client.create("pods", pod, meta["namespace"])
        text = f"create Pod {name} in StatefulSet {meta['name']} successful"
        await self.events.normal(stateful_set, "SuccessfulCreate", text)
        return created

    async def _claim(self, stateful_set: dict, template: dict, ordinal: int) -> None:
        """Create the claim of a pod's volume, unless a former pod of this name has left it."""
        meta = stateful_set["metadata"]
        name = f"{template['metadata']['name']}-{meta['name']}-{ordinal}"
        if self._claims.get(name, meta["namespace"]) is not None:
            return
        labels = {**(template["metadata"].get("labels") or {}), **stateful_set["spec"]["selector"]["matchLabels"]}
        claim = {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": {"name": name, "namespace": meta["namespace"], "labels": labels},
            "spec": template["spec"],
        }
        await self.client.create(_CLAIMS, claim, meta["namespace"])
        text = f"create Claim {name} Pod {meta['name']}-{ordinal} in StatefulSet {meta['name']} success"
        await self.events.normal(stateful_set, "SuccessfulCreate", text)

    async def _delete(self, stateful_set: dict, pod: dict) -> None:
        await self.client.delete("pods", pod)
        text = f"delete Pod {pod['metadata']['name']} in StatefulSet {stateful_set['metadata']['name']} successful"
        await self.events.normal(stateful_set, "SuccessfulDelete", text)

    async def _report(self, stateful_set: dict, revision: str) -> None:
        have = stateful_set.get("status") or {}
        pods = list(self._owned(stateful_set).values())
        ready = sum(is_pod_ready(pod) for pod in pods)
        updated = sum(labels_of(pod).get(_REVISION_LABEL) == revision and not is_deleting(pod) for pod in pods)
        wanted = len(self._ordinals(stateful_set))
        # The update is over once every pod is of the new revision and ready.
        current = revision if updated == ready == wanted else have.get("currentRevision") or revision
        status = {
            "replicas": len(pods),
            "readyReplicas": ready or None,
            "availableReplicas": ready,
            "currentReplicas": sum(labels_of(pod).get(_REVISION_LABEL) == current for pod in pods) or None,
            "updatedReplicas": updated or None,
            "currentRevision": current,
            "updateRevision": revision,
            "collisionCount": 0,
            "observedGeneration": stateful_set["metadata"].get("generation"),
        }
        await self.client.update_status("statefulsets.apps", stateful_set, status)
        await revisions.clean_up(stateful_set, self._revisions, self.client, {current, revision})

    def _owned(self, stateful_set: dict) -> dict[int, dict]:
        """Return the set's pods by their ordinals."""
        start = f"{stateful_set['metadata']['name']}-"
        return {
            int(pod["metadata"]["name"].removeprefix(start)): pod
            for pod in self._pods.all(stateful_set["metadata"]["namespace"])
            if is_controlled_by(pod, stateful_set)
        }

    def _ordinals(self, stateful_set: dict) -> range:
        first = (stateful_set["spec"].get("ordinals") or {}).get("start", 0)
        return range(first, first + stateful_set["spec"].get("replicas", 1))


def _is_sound(pod: dict) -> bool:
    return is_pod_ready(pod) and not is_deleting(pod)


def _set_of(pod: dict) -> list[str]:
    reference = controller_of(pod)
    if reference is None or reference["kind"] != "StatefulSet":
        return []
    return [f"{pod['metadata']['namespace']}/{reference['name']}"]
