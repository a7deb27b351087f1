# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A workload's number of replicas, as it passes from its manifest to an autoscaler and back.

Server-side apply resets a field that its only manager leaves out, so that an autoscaler would find one replica; and it
refuses a field that another manager owns, as an autoscaler's controller does that has scaled. The documented way is a
further manager, which holds the number on the way:
https://kubernetes.io/docs/reference/using-api/server-side-apply/#transferring-ownership
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...core.errors import HttpError
from ..client.api import KubernetesApi
from ..client.resources import Kind, ObjectRef
from ..objects import managed_fields
from ..objects.manifests import Manifest
from .apply_set import Identity, identity
from .refusals import Conflict, conflicts_in

_AUTOSCALER = Kind("autoscaling", "v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers")
_COUNT = ("f:spec", "f:replicas")
_FIELD = ".spec.replicas"
_LONGEST_MANAGER = 128


@dataclass(frozen=True)
class ReplicaHandover:
    """Applies manifests as one field manager, and hands their number of replicas over where it changes hands.

    given: the manifests of the same task. going: autoscalers that the task removes before it applies workloads.
    """

    api: KubernetesApi
    manager: str
    given: Sequence[Manifest] = ()
    going: frozenset[Identity] = frozenset()

    def apply(self, manifest: Manifest, live: dict[str, Any] | None, *, force: bool, dry_run: bool) -> dict[str, Any]:
        """The object as the server has it then, or would have it. live: as it is, None where absent.

        A number that the manifest leaves out stays as it is where an autoscaler is to find it. One that the manifest
        sets is taken from an autoscaler's controller where none is left to act on it. Raises HttpError, with the
        conflict where any other field or manager is in the way.
        """
        ref, body = manifest.ref, manifest.body
        count = self._left_to_an_autoscaler(manifest, live)
        if count is not None and dry_run:
            held = {**body, "spec": {**(body.get("spec") or {}), "replicas": count}}
            reply = self.api.apply(ref, held, manager=self.manager, force=force, dry_run=True)
            return managed_fields.without(reply, self.manager, _COUNT)
        if count is not None:
            self._leave(manifest, count)
        try:
            return self.api.apply(ref, body, manager=self.manager, force=force, dry_run=dry_run)
        except HttpError as error:
            if not self._may_take(manifest, live, conflicts_in(error)):
                raise
        if dry_run:
            return self.api.apply(ref, body, manager=self.manager, force=True, dry_run=True)
        # The number alone is forced, and not what anybody may have come to own meanwhile.
        self._hold(manifest, {"replicas": body["spec"]["replicas"]}, force=True)
        self.api.apply(ref, body, manager=self.manager)
        return self._hold(manifest, None)

    @property
    def _holder(self) -> str:
        suffix = "-handover"
        return self.manager[: _LONGEST_MANAGER - len(suffix)] + suffix

    def _hold(self, manifest: Manifest, spec: dict[str, Any] | None, *, force: bool = False) -> dict[str, Any]:
        """Own ``spec`` and nothing else, as the manager that holds the number on the way."""
        metadata = {key: value for key, value in manifest.body["metadata"].items() if key in ("name", "namespace")}
        body = {"apiVersion": manifest.body["apiVersion"], "kind": manifest.body["kind"], "metadata": metadata}
        if spec is not None:
            body["spec"] = spec
        return self.api.apply(manifest.ref, body, manager=self._holder, force=force)

    def _leave(self, manifest: Manifest, count: int) -> None:
        """Hold the number until the autoscaler sets another one, which ends this by itself."""
        try:
            self._hold(manifest, {"replicas": count})
        except HttpError as error:
            # It has set one meanwhile.
            if not conflicts_in(error):
                raise

    def _left_to_an_autoscaler(self, manifest: Manifest, live: dict[str, Any] | None) -> int | None:
        """The number that would be reset to its default. An autoscaler does not act on 0, so that is let go."""
        count = ((live or {}).get("spec") or {}).get("replicas")
        if live is None or not count or "replicas" in (manifest.body.get("spec") or {}):
            return None
        known = managed_fields.owners(live, _COUNT)
        if [(entry.get("manager"), entry.get("operation")) for entry in known] != [(self.manager, "Apply")]:
            return None
        return count if self._given(manifest.ref) or self._staying(self._live(manifest.ref) or {}) else None

    def _may_take(self, manifest: Manifest, live: dict[str, Any] | None, conflicts: Sequence[Conflict]) -> bool:
        """Whether the number of replicas alone is in the way, and only because of who held it before."""
        if not conflicts or any(conflict.field != _FIELD for conflict in conflicts):
            return False
        others = [conflict for conflict in conflicts if conflict.manager != self._holder]
        if not others or any(conflict.subresource != "scale" for conflict in others):
            return not others
        given, there = self._given(manifest.ref), self._live(manifest.ref)
        if there is None or (given and manifest.body["spec"]["replicas"] != 0) or self._staying(there) - given:
            return False
        # The process that writes an autoscaler's status is the one that scales; it writes the workload's as well.
        controllers = {
            entry.get("manager")
            for obj in (live or {}, *there.values())
            for entry in managed_fields.entries(obj)
            if entry.get("subresource") == "status"
        }
        return all(conflict.manager in controllers for conflict in others)

    def _given(self, workload: ObjectRef) -> set[Identity]:
        """Those of the task's manifests that are autoscalers of the workload."""
        return {
            identity(manifest.ref)
            for manifest in self.given
            if (manifest.ref.kind.group, manifest.ref.kind.kind) == (_AUTOSCALER.group, _AUTOSCALER.kind)
            and _scales(manifest.body, manifest.ref.namespace, workload)
        }

    def _staying(self, there: Mapping[ObjectRef, dict[str, Any]]) -> set[Identity]:
        """Those of the autoscalers that are there which nobody removes."""
        known = {identity(ref) for ref, obj in there.items() if not obj["metadata"].get("deletionTimestamp")}
        return known - self.going

    def _live(self, workload: ObjectRef) -> dict[ObjectRef, dict[str, Any]] | None:
        """The autoscalers of the workload that are there; None where one may not know."""
        if workload.namespace is None:
            return {}
        try:
            found = self.api.list(_AUTOSCALER, workload.namespace)
        except HttpError as error:
            if error.status == 403:
                return None
            raise
        return {
            ObjectRef(_AUTOSCALER, workload.namespace, obj["metadata"]["name"]): obj
            for obj in found
            if _scales(obj, workload.namespace, workload)
        }


def _scales(autoscaler: dict[str, Any], namespace: str | None, workload: ObjectRef) -> bool:
    target = (autoscaler.get("spec") or {}).get("scaleTargetRef") or {}
    group = str(target.get("apiVersion") or workload.kind.api_version).rpartition("/")[0]
    return (namespace, group, target.get("kind"), target.get("name")) == (
        workload.namespace,
        workload.kind.group,
        workload.kind.kind,
        workload.name,
    )
