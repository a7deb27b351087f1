# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One task's work on one cluster: apply manifests, remove what their set no longer has, wait; or remove them all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ...core.deadline import Deadline
from ...core.result import Progress
from ..client.api import KubernetesApi
from ..client.resources import NAMESPACE, ObjectRef
from ..diagnosis.crash_reasons import CrashReason
from ..objects.manifests import Manifest
from ..objects.ordering import controls_others
from ..wait.states import Predicate
from ..wait.wait import until_gone, until_ready
from . import coming_kinds, secret_keys
from .apply_set import ApplySet, LiveSet, identity, kept_in_set
from .deletion import plan_removal, removal, remove
from .outcomes import Outcome, telling_of
from .server_side_apply import Applier, predicted

FIELD_MANAGER = "llmops.gke"

_INITIAL = frozenset({"default", "kube-node-lease", "kube-public", "kube-system"})
"""The namespaces that every cluster begins with (https://kubernetes.io/docs/concepts/overview/working-with-objects/namespaces/)."""


@dataclass(frozen=True)
class ApplySettings:
    """How manifests are applied.

    force_conflicts: take fields over from other managers. create_namespace: make namespaces that are missing.
    apply_set: the set that the objects belong to; prune: delete members that are not wanted any more. propagation: what
    becomes of what a deleted object owns, in the API's words. ready: when an object counts as ready, None not to wait.
    crash_reasons: what the applied application itself may say before it crashes.
    keep_secret_keys: see secret_keys.refuse.
    """

    field_manager: str = FIELD_MANAGER
    force_conflicts: bool = False
    create_namespace: bool = False
    apply_set: ApplySet | None = None
    prune: bool = False
    propagation: str = "Foreground"
    ready: Predicate | None = None
    crash_reasons: Sequence[CrashReason] = ()
    keep_secret_keys: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ApplyTask:
    """Work on one cluster; api is None where that does not exist yet. check: predict, and write nothing."""

    api: KubernetesApi | None
    settings: ApplySettings
    check: bool
    deadline: Deadline
    progress: Progress

    def apply(self, manifests: Sequence[Manifest], live: LiveSet | None = None) -> list[Outcome]:
        """Bring the objects to what their manifests say; gives namespaces, the set's parent, objects, pruned members.

        The order: namespaces, the set's parent, pruned members that control others (an autoscaler), the objects in the
        order of what needs what, all other pruned members; then the wait. live: the set, where the caller has read it.
        """
        group = self.settings.apply_set
        if group is not None:
            manifests = [group.member(manifest) for manifest in manifests]
        if self.api is None:
            parent = [group.parent_manifest(manifest.ref for manifest in manifests)] if group else []
            spaces = [space for space in self._namespaces(manifests, ()) if space.ref.name not in _INITIAL]
            return [predicted(manifest) for manifest in [*spaces, *parent, *manifests]]
        outcomes = self._applied(self.api, manifests, live)
        if self.settings.ready is not None and not self.check:
            wanted = {manifest.ref for manifest in manifests if not manifest.create_only}
            outcomes = self._ready(self.api, self.settings.ready, outcomes, wanted)
        return outcomes

    def remove(self, manifests: Sequence[Manifest], live: LiveSet | None = None) -> list[Outcome]:
        """Delete the manifests' objects and all members of the set, wait until they are gone, then delete its parent.

        live: the set, where the caller has read it. What is not there is no error.
        """
        refs = [manifest.ref for manifest in manifests]
        group = self.settings.apply_set
        if self.api is None:
            return [Outcome(ref, "absent", None, None) for ref in refs]
        live = live or (group.read(self.api, manifests) if group else LiveSet())
        outcomes = plan_removal(self.api, [ref for ref in refs if ref not in live.members])
        outcomes += [removal(ref, obj) for ref, obj in live.members.items()]
        last = [removal(group.parent, live.parent)] if group and live.parent else []
        if not self.check:
            self._remove(self.api, outcomes)
            self._remove(self.api, last)
        return [*outcomes, *last]

    def _applied(self, api: KubernetesApi, manifests: Sequence[Manifest], live: LiveSet | None) -> list[Outcome]:
        """The set's parent tells of every kind and namespace before anything is there, so that a run that is cut off
        leaves nothing behind that the next one would not find."""
        group = self.settings.apply_set
        live = live or (group.read(api, manifests) if group else LiveSet())
        wanted = {identity(manifest.ref) for manifest in manifests}
        stale = [removal(ref, obj) for ref, obj in live.members.items() if identity(ref) not in wanted]
        if not self.settings.prune:
            stale = []
        going = frozenset(identity(outcome.ref) for outcome in stale)
        applier = Applier(api, self.settings.field_manager, self.settings.force_conflicts, manifests, going)
        lives = self._lives(applier, manifests, live.members)
        secret_keys.refuse(self.settings.keep_secret_keys, manifests, lives, stale, self.settings.field_manager)
        manifests = coming_kinds.marked(api, manifests, lives)
        if group is not None:
            group.check_members(manifests, lives)
        else:
            manager = self.settings.field_manager
            manifests = [kept_in_set(*pair, manager) for pair in zip(manifests, lives, strict=True)]
        given = [manifest for manifest in manifests if manifest.ref.kind == NAMESPACE]
        others = [manifest for manifest in manifests if manifest.ref.kind != NAMESPACE]
        known = {
            **dict(zip((manifest.ref for manifest in manifests), lives, strict=True)),
            **({group.parent: live.parent} if group else {}),
        }
        spaces = [*self._namespaces(manifests, [*live.members.values(), *known.values()]), *given]
        parents, final = self._parents(group, others + given, live, rewritten=bool(stale))
        ordered = [*spaces, *parents, *others]
        planned = applier.plan(ordered, self._lives(applier, ordered, known), check=self.check)
        if self.check:
            return [*planned, *stale]
        first = len(spaces) + len(parents)
        outcomes = self._act(applier, [*spaces], planned[: len(spaces)], [])
        outcomes = self._act(applier, parents, planned[len(spaces) : first], outcomes)
        self._remove(api, [outcome for outcome in stale if controls_others(outcome.ref)])
        outcomes = self._act(applier, others, planned[first:], outcomes)
        self._remove(api, [outcome for outcome in stale if not controls_others(outcome.ref)])
        if final is not None:
            before = outcomes[len(spaces)]
            [after] = self._act(applier, [final], applier.plan([final], [before.after], check=False), [])
            outcomes[len(spaces)] = before.seen_as(after.after or {}) if before.changed else after
        return [*outcomes, *stale]

    def _parents(
        self, group: ApplySet | None, manifests: Sequence[Manifest], live: LiveSet, *, rewritten: bool
    ) -> tuple[list[Manifest], Manifest | None]:
        """The set's parent as it is written first, and as it is written last where that is another.

        rewritten: whether members are pruned, of which it tells until they are gone.
        """
        if group is None:
            return [], None
        refs = [manifest.ref for manifest in manifests]
        exact = group.parent_manifest(refs, None if self.settings.prune else live.parent)
        first = group.parent_manifest(refs, live.parent) if rewritten and not self.check else exact
        return [first], exact if exact != first else None

    def _act(
        self, applier: Applier, manifests: Sequence[Manifest], planned: Sequence[Outcome], before: Sequence[Outcome]
    ) -> list[Outcome]:
        done = [outcome for outcome in before if outcome.changed]
        return [*before, *applier.act(manifests, planned, self.deadline, self.progress, done)]

    def _namespaces(self, manifests: Iterable[Manifest], lives: Iterable[dict[str, Any] | None]) -> list[Manifest]:
        """Manifests of the namespaces that are needed and may be missing: none of ``lives`` is in them."""
        if not self.settings.create_namespace:
            return []
        manifests, group = list(manifests), self.settings.apply_set
        needed = {manifest.ref.namespace for manifest in manifests} | {group.parent.namespace if group else None}
        brought = {manifest.ref.name for manifest in manifests if manifest.ref.kind == NAMESPACE}
        there = {
            live["metadata"].get("namespace")
            for live in lives
            if live is not None and not live["metadata"].get("deletionTimestamp")
        }
        return [_namespace(name) for name in sorted(filter(None, needed - brought - there))]

    def _lives(
        self,
        applier: Applier,
        manifests: Sequence[Manifest],
        known: Mapping[ObjectRef, dict[str, Any] | None],
    ) -> list[dict[str, Any] | None]:
        """The live objects; one that is being deleted counts as absent, once it is gone: what is applied to it goes
        with it."""
        lives = applier.read(manifests, known)
        going = {
            manifest.ref: live["metadata"]["uid"]
            for manifest, live in zip(manifests, lives, strict=True)
            if live and live["metadata"].get("deletionTimestamp")
        }
        if not self.check:
            until_gone(applier.api, going, self.deadline, self.progress)
        return [None if manifest.ref in going else live for manifest, live in zip(manifests, lives, strict=True)]

    def _ready(
        self, api: KubernetesApi, ready: Predicate, outcomes: list[Outcome], wanted: set[ObjectRef]
    ) -> list[Outcome]:
        seen = {
            outcome.ref: outcome.after for outcome in outcomes if outcome.after is not None and outcome.ref in wanted
        }
        before = {outcome.ref: outcome.before for outcome in outcomes}
        with telling_of(outcomes):
            found = until_ready(api, seen, self.deadline, self.progress, ready, before, self.settings.crash_reasons)
        return [outcome.seen_as(found[outcome.ref]) if outcome.ref in found else outcome for outcome in outcomes]

    def _remove(self, api: KubernetesApi, outcomes: Sequence[Outcome]) -> None:
        remove(api, outcomes, self.deadline, self.progress, self.settings.propagation)


def _namespace(name: str) -> Manifest:
    """The manifest of a namespace that is only made where it is missing."""
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    return Manifest(ObjectRef(NAMESPACE, None, name), body, "create_namespace", create_only=True)
