# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Deployments: rollouts from ReplicaSet to ReplicaSet."""

from __future__ import annotations

import asyncio
import copy

from llmops_gke_sandbox.control.controller import Controller
from llmops_gke_sandbox.control.objects import (
    annotations_of,
    condition,
    controller_of,
    controller_reference,
    is_controlled_by,
    is_deleting,
    is_pod_active,
    labels_of,
    selects,
    timestamp,
)
from llmops_gke_sandbox.control.plane import Plane
from llmops_gke_sandbox.controllers.workloads import deployment_status
from llmops_gke_sandbox.controllers.workloads.pods import template_hash
from llmops_gke_sandbox.controllers.workloads.rollout import (
    HASH_LABEL,
    REVISION,
    is_of_template,
    is_rolling,
    replicas_of,
    revision_of,
    set_annotations,
    size_of_new,
    sizes_of_old,
)


class DeploymentController(Controller):
    """Keeps one ReplicaSet a template, moves replicas from the old ones to the new, and reports how far it is."""

    component = "deployment-controller"

    def __init__(self, plane: Plane) -> None:
        super().__init__(plane)
        self._deployments = self.follow("deployments.apps")
        self._deployments.subscribe(self._forget_gone)
        self._sets = self.follow("replicasets.apps", self._deployments_of)
        self._pods = self.store("pods")
        # uid -> (template's hash, the loop's time of the last progress); the API's times are too coarse for this.
        self._progress: dict[str, tuple[str, float]] = {}

    async def reconcile(self, key: str) -> None:
        deployment = self._deployments.by_key(key)
        if deployment is None:
            return
        if is_deleting(deployment):
            await self._report(key, deployment)
            return
        sets = await self._claim(deployment)
        if deployment["spec"].get("paused"):
            await self._scale_paused(deployment, sets)
        elif is_rolling(deployment):
            await self._roll(deployment, sets)
        else:
            await self._recreate(deployment, sets)
        await self._report(key, self._deployments.by_key(key))

    async def _roll(self, deployment: dict, sets: list[dict]) -> None:
        new = await self._new_set(deployment, sets)
        old = [one for one in sets if one["metadata"]["uid"] != new["metadata"]["uid"]]
        size = size_of_new(deployment, new, [*old, new])
        if size != replicas_of(new):
            await self._scale(deployment, new, size)
            return
        for uid, size in sizes_of_old(deployment, new, old).items():
            await self._scale(deployment, next(one for one in old if one["metadata"]["uid"] == uid), size)
        await self._clean_up(deployment, old)

    async def _recreate(self, deployment: dict, sets: list[dict]) -> None:
        old = [one for one in sets if not is_of_template(one, deployment)]
        for one in old:
            if replicas_of(one):
                await self._scale(deployment, one, 0)
        if any(self._has_pods(one) for one in old):
            return
        new = await self._new_set(deployment, sets)
        if replicas_of(new) != replicas_of(deployment):
            await self._scale(deployment, new, replicas_of(deployment))
        await self._clean_up(deployment, old)

    async def _scale_paused(self, deployment: dict, sets: list[dict]) -> None:
        """While paused, only a Deployment with a single active set follows its replicas."""
        active = [one for one in sets if replicas_of(one)] or sets[-1:]
        if len(active) == 1 and replicas_of(active[0]) != replicas_of(deployment):
            await self._scale(deployment, active[0], replicas_of(deployment))

    async def _new_set(self, deployment: dict, sets: list[dict]) -> dict:
        """Return the set of the present template, made if need be, its annotations and revision up to date."""
        new = next((one for one in sets if is_of_template(one, deployment)), None)
        revision = max((revision_of(one) for one in sets if one is not new), default=0) + 1
        if new is None:
            new = await self._create_set(deployment, sets, revision)
        else:
            revision = max(revision, revision_of(new))
            wanted = {**annotations_of(new), **set_annotations(deployment, revision)}
            if wanted != annotations_of(new):
                new = await self._patch_set(new, {"metadata": {"annotations": wanted}})
        if annotations_of(deployment).get(REVISION) != str(revision):
            meta = deployment["metadata"]
            body = {"metadata": {"annotations": {REVISION: str(revision)}}}
            # By way of the status, as the real controller does: managedFields tell.
            await self.client.patch("deployments.apps", meta["name"], body, meta["namespace"], "status")
        return new

    async def _create_set(self, deployment: dict, sets: list[dict], revision: int) -> dict:
        meta, spec = deployment["metadata"], deployment["spec"]
        hashed = template_hash(spec["template"])
        template = copy.deepcopy(spec["template"])
        labels = template.setdefault("metadata", {}).setdefault("labels", {})
        labels[HASH_LABEL] = hashed
        selector = copy.deepcopy(spec["selector"])
        selector.setdefault("matchLabels", {})[HASH_LABEL] = hashed
        replica_set = {
            "apiVersion": "apps/v1",
            "kind": "ReplicaSet",
            "metadata": {
                "name": f"{meta['name']}-{hashed}",
                "namespace": meta["namespace"],
                "labels": dict(labels),
                "annotations": set_annotations(deployment, revision),
                "ownerReferences": [controller_reference(deployment)],
            },
            "spec": {
                "replicas": 0,
                "selector": selector,
                "template": template,
                **({"minReadySeconds": spec["minReadySeconds"]} if spec.get("minReadySeconds") else {}),
            },
        }
        size = size_of_new(deployment, replica_set, [*sets, replica_set])
        replica_set["spec"]["replicas"] = size
        created = await self.client.create("replicasets.apps", replica_set, meta["namespace"])
        if size:
            await self._tell_scaled(deployment, created, 0, size)
        return created

    async def _scale(self, deployment: dict, replica_set: dict, size: int) -> None:
        before = replicas_of(replica_set)
        annotations = set_annotations(deployment, revision_of(replica_set))
        await self._patch_set(replica_set, {"metadata": {"annotations": annotations}, "spec": {"replicas": size}})
        await self._tell_scaled(deployment, replica_set, before, size)

    async def _tell_scaled(self, deployment: dict, replica_set: dict, before: int, size: int) -> None:
        way = "up" if size > before else "down"
        text = f"Scaled {way} replica set {replica_set['metadata']['name']} from {before} to {size}"
        await self.events.normal(deployment, "ScalingReplicaSet", text)

    async def _patch_set(self, replica_set: dict, body: dict) -> dict:
        meta = replica_set["metadata"]
        return await self.client.patch("replicasets.apps", meta["name"], body, meta["namespace"])

    async def _clean_up(self, deployment: dict, old: list[dict]) -> None:
        """Delete the oldest empty sets beyond revisionHistoryLimit."""
        limit = deployment["spec"].get("revisionHistoryLimit", 10)
        idle = [one for one in old if not replicas_of(one) and not self._has_pods(one) and not is_deleting(one)]
        for one in sorted(idle, key=revision_of)[: max(0, len(idle) - limit)]:
            await self.client.delete("replicasets.apps", one)

    async def _report(self, key: str, deployment: dict | None) -> None:
        if deployment is None:
            return
        sets = self._owned(deployment)
        new = next((one for one in sets if is_of_template(one, deployment)), None)
        counted = deployment_status.counts(deployment, sets, new)
        moved, late = self._note_progress(key, deployment, counted)
        found = deployment_status.conditions(
            deployment, counted, new, sets, moved=moved, late=late, now=timestamp(self.clock.now())
        )
        await self.client.update_status("deployments.apps", deployment, {**counted, "conditions": found})

    def _note_progress(self, key: str, deployment: dict, counted: dict) -> tuple[bool, bool]:
        """Return (has the rollout moved, has its deadline passed), and come back when the deadline does."""
        uid, now = deployment["metadata"]["uid"], asyncio.get_running_loop().time()
        hashed = template_hash(deployment["spec"]["template"])
        known = self._progress.get(uid)
        moved = known is None or known[0] != hashed or deployment_status.has_progressed(deployment, counted)
        if moved:
            self._progress[uid] = (hashed, now)
        deadline = deployment["spec"].get("progressDeadlineSeconds")
        if deadline is None or deployment_status.is_complete(deployment, counted):
            return moved, False
        left = self._progress[uid][1] + self.clock.scaled(deadline) - now
        reported = condition(deployment, "Progressing")
        if left > 0:
            self.enqueue_after(key, left * self.clock.speed)
        return moved, left <= 0 and (reported is None or reported["reason"] != deployment_status.NEW_SET_AVAILABLE)

    async def _claim(self, deployment: dict) -> list[dict]:
        """Return the sets, oldest first, after taking in those that the selector takes and nobody controls."""
        for one in self._sets.all(deployment["metadata"]["namespace"]):
            orphan = controller_of(one) is None and not is_deleting(one)
            if orphan and selects(deployment["spec"]["selector"], labels_of(one)):
                await self._patch_set(one, {"metadata": {"ownerReferences": [controller_reference(deployment)]}})
        return self._owned(deployment)

    def _owned(self, deployment: dict) -> list[dict]:
        sets = [one for one in self._sets.all(deployment["metadata"]["namespace"]) if is_controlled_by(one, deployment)]
        return sorted(sets, key=lambda one: (one["metadata"]["creationTimestamp"], one["metadata"]["name"]))

    def _has_pods(self, replica_set: dict) -> bool:
        pods = self._pods.all(replica_set["metadata"]["namespace"])
        return any(is_controlled_by(pod, replica_set) and (is_pod_active(pod) or is_deleting(pod)) for pod in pods)

    def _forget_gone(self, old: dict | None, new: dict | None) -> None:
        if old is not None and new is None:
            self._progress.pop(old["metadata"]["uid"], None)

    def _deployments_of(self, replica_set: dict) -> list[str]:
        reference, namespace = controller_of(replica_set), replica_set["metadata"]["namespace"]
        if reference is not None:
            return [f"{namespace}/{reference['name']}"] if reference["kind"] == "Deployment" else []
        return [
            f"{namespace}/{one['metadata']['name']}"
            for one in self._deployments.all(namespace)
            if selects(one["spec"]["selector"], labels_of(replica_set))
        ]
