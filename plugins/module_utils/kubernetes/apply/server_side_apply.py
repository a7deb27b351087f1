# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Server-side apply of many manifests: read, decide, rehearse, apply in the order of what needs what."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...core.deadline import Deadline
from ...core.errors import HttpError, LlmopsError
from ...core.result import Progress
from ..client.api import KubernetesApi
from ..client.parallel import side_by_side
from ..client.resources import ObjectRef
from ..objects import managed_fields
from ..objects.manifests import Manifest
from ..objects.ordering import by_rank
from ..wait.wait import until_ready
from . import refusals
from .apply_set import Identity
from .coming_kinds import until_served
from .outcomes import Outcome, telling_of
from .replicas import ReplicaHandover

_MANY = 20
"""Objects of one kind in one namespace, from which on a list is the lesser answer."""


def predicted(manifest: Manifest, action: str = "created") -> Outcome:
    """The outcome for an object that is not there yet, predicted from its manifest alone."""
    return Outcome(manifest.ref, action, None, manifest.body, request=f"PATCH {manifest.ref.path}")


@dataclass(frozen=True)
class Applier:
    """Applies manifests as one field manager.

    force: take over fields that belong to other managers. given, going: the manifests of the task, and the autoscalers
    that it removes before it applies workloads, by which it is known who sets numbers of replicas.
    """

    api: KubernetesApi
    manager: str
    force: bool = False
    given: Sequence[Manifest] = ()
    going: frozenset[Identity] = frozenset()

    def read(
        self, manifests: Sequence[Manifest], known: Mapping[ObjectRef, dict[str, Any]] | None = None
    ) -> list[dict[str, Any] | None]:
        """The live objects, None where absent, in the manifests' order: one GET for each that is not ``known``, and one
        for all of a kind and namespace where they are many."""
        known = {
            **(known or {}),
            **self._listed([manifest for manifest in manifests if manifest.ref not in (known or ())]),
        }
        unknown = [manifest for manifest in manifests if manifest.ref not in known]
        replies = _answered(unknown, side_by_side(lambda manifest: self.api.get(manifest.ref), unknown), ())
        lives = {**known, **{manifest.ref: live for manifest, live in zip(unknown, replies, strict=True)}}
        return [lives[manifest.ref] for manifest in manifests]

    def _listed(self, manifests: Sequence[Manifest]) -> dict[ObjectRef, dict[str, Any] | None]:
        """Those of a kind and namespace of which there are many. Who may not list them gets them one by one, as
        everybody gets Secrets: the others in their namespace are none of ours."""
        places = Counter((manifest.ref.kind, manifest.ref.namespace) for manifest in manifests)
        found: dict[ObjectRef, dict[str, Any] | None] = {}
        for (kind, namespace), count in places.items():
            if count < _MANY or kind.kind == "Secret":
                continue
            try:
                there = {live["metadata"]["name"]: live for live in self.api.list(kind, namespace)}
            except HttpError as error:
                if error.status != 403:
                    raise
                continue
            refs = [one.ref for one in manifests if (one.ref.kind, one.ref.namespace) == (kind, namespace)]
            found |= {ref: there.get(ref.name) for ref in refs}
        return found

    def plan(
        self, manifests: Sequence[Manifest], lives: Sequence[dict[str, Any] | None], *, check: bool
    ) -> list[Outcome]:
        """What applying them over ``lives`` would do, in their order; nothing is written.

        Only where a look cannot tell that nothing would change is the server asked, by a dry run: in check mode,
        and where several objects are to be written, so that a manifest that is refused is known before any other
        is applied (the write of a single object is its own rehearsal). What lies in a namespace, or is of a kind,
        that the same call will create cannot be rehearsed; it is predicted from its manifest.
        """
        outcomes = [self._decide(manifest, live) for manifest, live in zip(manifests, lives, strict=True)]
        undecided = [index for index, outcome in enumerate(outcomes) if outcome.changed]
        if not check and len(undecided) < 2:
            return outcomes
        coming = {
            outcome.ref.name
            for outcome in outcomes
            if outcome.ref.kind.kind == "Namespace" and outcome.action == "created"
        }
        known = [
            index
            for index in undecided
            if outcomes[index].ref.namespace not in coming
            and not (manifests[index].kind_is_coming and lives[index] is None)
        ]
        rehearsed = [manifests[index] for index in known]
        replies = _answered(
            rehearsed, side_by_side(lambda index: self._send(manifests[index], lives[index], dry_run=True), known), ()
        )
        for index, reply in zip(known, replies, strict=True):
            outcomes[index] = self._outcome(manifests[index], lives[index], reply)
        return outcomes

    def act(
        self,
        manifests: Sequence[Manifest],
        planned: Sequence[Outcome],
        deadline: Deadline,
        progress: Progress,
        done: Sequence[Outcome] = (),
    ) -> list[Outcome]:
        """Apply what the plan wants written, side by side what does not need each other; gives what came of all.

        done: what the same task has applied before, for the error of one that is refused.
        """
        outcomes = {outcome.ref: outcome for outcome in planned}
        applied = list(done)
        with telling_of(applied):
            for group in by_rank(manifest for manifest in manifests if outcomes[manifest.ref].changed):
                until_served(self.api, group, deadline, progress)
                replies = side_by_side(
                    lambda manifest: self._send(manifest, outcomes[manifest.ref].before, dry_run=False), group
                )
                for manifest, reply in zip(group, replies, strict=True):
                    if not isinstance(reply, LlmopsError):
                        outcome = self._outcome(manifest, outcomes[manifest.ref].before, reply)
                        outcomes[manifest.ref] = outcome
                        applied.append(outcome)
                        progress(f"{manifest.ref}: {outcome.action}")
                _answered(group, replies, [outcome.ref for outcome in applied])
                definitions = {
                    ref: outcomes[ref].after or {}
                    for ref in (manifest.ref for manifest in group)
                    if ref.kind.kind == "CustomResourceDefinition"
                }
                until_ready(self.api, definitions, deadline, progress)
        return [outcomes[outcome.ref] for outcome in planned]

    def _decide(self, manifest: Manifest, live: dict[str, Any] | None) -> Outcome:
        """What one look tells; what it cannot tell counts as to be written."""
        if live is None:
            return predicted(manifest)
        # A manager that owns nothing and applies nothing is as one that never was.
        tree = managed_fields.owned(live, self.manager) or {}
        if manifest.create_only or managed_fields.settled(manifest.body, live, tree):
            return Outcome(manifest.ref, "unchanged", live, live)
        return Outcome(manifest.ref, "updated", live, live, request=f"PATCH {manifest.ref.path}")

    def _send(self, manifest: Manifest, live: dict[str, Any] | None, *, dry_run: bool) -> dict[str, Any]:
        handover = ReplicaHandover(self.api, self.manager, self.given, self.going)
        return handover.apply(manifest, live, force=self.force, dry_run=dry_run)

    def _outcome(self, manifest: Manifest, live: dict[str, Any] | None, reply: dict[str, Any]) -> Outcome:
        """What the server's reply says. A dry run keeps the resourceVersion, so the fields are compared. Who owns
        them is no matter of the object, but for a manager that owned none, and for fields that are left to others."""
        request = f"PATCH {manifest.ref.path}"
        before, after = managed_fields.owned(live, self.manager), managed_fields.owned(reply, self.manager) or {}
        if live is None:
            return Outcome(manifest.ref, "created", None, reply, after, request=request)
        tree = managed_fields.union(before or {}, after)
        released = managed_fields.given_up(live, before or {}, after)
        if before is not None and not released and not managed_fields.changes(live, reply, tree):
            return Outcome(manifest.ref, "unchanged", live, reply)
        adopted_by = self.manager if before is None else None
        return Outcome(manifest.ref, "updated", live, reply, tree, adopted_by, request, released)


def _answered(manifests: Sequence[Manifest], replies: list[Any], applied: Sequence[ObjectRef]) -> list[Any]:
    """The replies; raises the first refusal among them, explained, with all the others."""
    refused = [
        refusals.explain(reply, manifest.ref, manifest.source, applied)
        for manifest, reply in zip(manifests, replies, strict=True)
        if isinstance(reply, LlmopsError)
    ]
    if refused:
        raise refusals.all_of_them(refused)
    return replies
