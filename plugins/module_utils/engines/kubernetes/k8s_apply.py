# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""k8s_apply's engine: manifests in, objects in the cluster (or out of it) as they say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...core.deadline import Deadline
from ...core.errors import InvalidOption, LlmopsError
from ...core.result import Progress, Result
from ...core.runner import ModuleSpec
from ...kubernetes.apply.apply_set import ApplySet, identity
from ...kubernetes.apply.deletion import plan_removal, removal, remove
from ...kubernetes.apply.outcomes import Outcome, result_of
from ...kubernetes.apply.server_side_apply import Applier, foretold, missing_namespaces
from ...kubernetes.client.api import KubernetesApi
from ...kubernetes.client.resources import ObjectRef
from ...kubernetes.objects import documents
from ...kubernetes.objects.manifests import Manifest, resolve
from ...kubernetes.wait.readiness import PREDICATES, Predicate, has_condition, only
from ...kubernetes.wait.wait import until_gone, until_ready
from ...workflows import cluster_access
from ...workflows.cluster_options import KUBERNETES_ACCESS, KUBERNETES_ACCESS_RULES


def run(options: dict[str, Any], check: bool, progress: Progress) -> Result:
    """Apply or remove the manifests; see plugins/modules/k8s_apply.py for options and result."""
    absent = options["state"] == "absent"
    found = documents.load(options.get("manifests") or [], options.get("src") or [])
    if not found and not (absent and options.get("apply_set")):
        raise InvalidOption("manifests", [], "at least one manifest, here or in src")
    if options["prune"] and not options.get("apply_set"):
        raise InvalidOption("prune", True, "true together with apply_set, whose former members are to go")
    deadline = Deadline(options["timeout"])
    with cluster_access.cluster_access(options, deadline) as access:
        if access.api is None and not check and not absent:
            access.required()
        task = _Task(access.api, options, check, deadline, progress)
        manifests = resolve(found, access.api, options.get("namespace"), absent=absent)
        _check_kinds(options.get("wait_for") or [], manifests)
        if absent:
            outcomes, warnings = task.removed(manifests), []
        else:
            if options["create_namespace"]:
                manifests = [*_namespaces(access.api, manifests), *manifests]
            outcomes = task.applied(manifests)
            warnings = [] if access.api else [f"{access.why}: the plan is made from the manifests alone"]
        result = result_of(outcomes, warnings)
        result.http_requests = access.requests
        return result


def secrets(options: dict[str, Any]) -> set[str]:
    """What must be hidden of the options: the values of Secrets among the manifests, a kubeconfig's credentials."""
    given = documents.secrets(options.get("manifests") or [], options.get("src") or [])
    return given | cluster_access.secrets(options)


def _namespaces(api: KubernetesApi | None, manifests: Sequence[Manifest]) -> list[Manifest]:
    """Manifests of the namespaces that are needed; one that is there already is left as it is."""
    wanted = [
        documents.Document(
            "create_namespace", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}, create_only=True
        )
        for name in missing_namespaces(manifests)
    ]
    return resolve(wanted, api, None)


@dataclass(frozen=True)
class _Task:
    """One task's work on one cluster; api is None where that does not exist yet."""

    api: KubernetesApi | None
    options: dict[str, Any]
    check: bool
    deadline: Deadline
    progress: Progress

    def applied(self, manifests: list[Manifest]) -> list[Outcome]:
        """Bring the objects to what their manifests say, remove what the set no longer has, wait where asked."""
        forced = _forced(self.options.get("force_conflicts_for") or [], manifests)
        group = self._group()
        if group is not None:
            manifests = [group.member(manifest) for manifest in manifests]
        if self.api is None:
            parent = [group.parent_manifest(manifest.ref for manifest in manifests)] if group else []
            return [foretold(manifest) for manifest in [*parent, *manifests]]
        applier = Applier(self.api, self.options["field_manager"], self.options["force_conflicts"], forced)
        if group is not None:
            outcomes = self._applied_as_set(self.api, applier, group, manifests)
        else:
            outcomes = applier.plan(manifests, self._lives(applier, manifests), check=self.check)
            if not self.check:
                outcomes = applier.act(manifests, outcomes, self.deadline, self.progress)
        if self.options["wait"] and not self.check:
            mine = {manifest.ref for manifest in manifests if not manifest.create_only}
            outcomes = self._ready(self.api, outcomes, mine)
        return outcomes

    def removed(self, manifests: Sequence[Manifest]) -> list[Outcome]:
        """Delete the manifests' objects, all members of the set, and its parent last."""
        refs = [manifest.ref for manifest in manifests]
        if self.api is None:
            return [Outcome(ref, "absent", None, None) for ref in refs]
        members, last = {}, []
        group = self._group()
        if group is not None:
            parent = self.api.get(group.parent)
            group.check(parent)
            members = group.members(self.api, parent, manifests)
            last = [removal(group.parent, parent)] if parent else []
        outcomes = plan_removal(self.api, [ref for ref in refs if ref not in members])
        outcomes += [removal(ref, obj) for ref, obj in members.items()]
        if not self.check:
            self._remove(self.api, outcomes)
            self._remove(self.api, last)
        return [*outcomes, *last]

    def _group(self) -> ApplySet | None:
        named = self.options.get("apply_set")
        namespace = self.options.get("namespace") or (self.api.default_namespace if self.api else "default")
        return ApplySet.named(named, namespace) if named else None

    def _applied_as_set(
        self, api: KubernetesApi, applier: Applier, group: ApplySet, manifests: list[Manifest]
    ) -> list[Outcome]:
        """As without a set; its parent tells of every kind and namespace before anything is there, so that a run
        that is cut off leaves nothing behind that the next one would not find."""
        parent = api.get(group.parent)
        group.check(parent)
        members = group.members(api, parent, manifests)
        refs, wanted = [manifest.ref for manifest in manifests], {identity(manifest.ref) for manifest in manifests}
        stale = [removal(ref, obj) for ref, obj in members.items() if identity(ref) not in wanted]
        if not self.options["prune"]:
            stale = []
        exact = group.parent_manifest(refs, None if self.options["prune"] else parent)
        first = group.parent_manifest(refs, parent) if stale and not self.check else exact
        spaces = [manifest for manifest in manifests if manifest.ref.kind.kind == "Namespace"]
        others = [manifest for manifest in manifests if manifest.ref.kind.kind != "Namespace"]
        ordered = [*spaces, first, *others]
        lives = self._lives(applier, ordered, {**members, group.parent: parent})
        group.check_members(ordered, lives)
        planned = applier.plan(ordered, lives, check=self.check)
        if self.check:
            return [*planned, *stale]
        outcomes: list[Outcome] = []
        for part in (spaces, [first], others):
            due = planned[len(outcomes) : len(outcomes) + len(part)]
            outcomes += applier.act(part, due, self.deadline, self.progress)
        self._remove(api, stale)
        if exact != first:
            before = outcomes[len(spaces)]
            [after] = applier.act(
                [exact], applier.plan([exact], [before.after], check=False), self.deadline, self.progress
            )
            outcomes[len(spaces)] = before.seen_as(after.after or {}) if before.changed else after
        return [*outcomes, *stale]

    def _lives(
        self,
        applier: Applier,
        manifests: Sequence[Manifest],
        known: Mapping[ObjectRef, dict[str, Any]] | None = None,
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

    def _ready(self, api: KubernetesApi, outcomes: list[Outcome], mine: set[ObjectRef]) -> list[Outcome]:
        seen = {outcome.ref: outcome.after for outcome in outcomes if outcome.after is not None and outcome.ref in mine}
        before = {outcome.ref: outcome.before for outcome in outcomes}
        try:
            ready = until_ready(api, seen, self.deadline, self.progress, _predicate(self.options), before)
        except LlmopsError as error:
            error.fields["applied"] = [str(outcome.ref) for outcome in outcomes if outcome.changed]
            raise
        return [outcome.seen_as(ready[outcome.ref]) if outcome.ref in ready else outcome for outcome in outcomes]

    def _remove(self, api: KubernetesApi, outcomes: Sequence[Outcome]) -> None:
        remove(api, outcomes, self.deadline, self.progress, self.options["propagation"].capitalize())


def _forced(named: Iterable[str], manifests: Sequence[Manifest]) -> frozenset[ObjectRef]:
    """The objects that ``Kind/name`` or ``Kind/namespace/name`` name; InvalidOption for one that is none of ours."""
    forced = set()
    for name in named:
        found = [
            manifest.ref
            for manifest in manifests
            if name in (f"{manifest.ref.kind.kind}/{manifest.ref.name}", str(manifest.ref).replace(" ", "/"))
        ]
        if not found:
            raise InvalidOption(
                "force_conflicts_for", name, "Kind/name or Kind/namespace/name of a manifest given here"
            )
        forced.update(found)
    return frozenset(forced)


def _check_kinds(wait_for: Iterable[str], manifests: Sequence[Manifest]) -> None:
    """A kind that nobody knows is a misspelt one, and would be waited for by nobody."""
    known = {kind for _group, kind in PREDICATES} | {manifest.ref.kind.kind for manifest in manifests}
    for kind in wait_for:
        if kind not in known:
            raise InvalidOption("wait_for", kind, f"kinds that can be waited for: {', '.join(sorted(known))}")


def _predicate(options: dict[str, Any]) -> Predicate:
    """When an object counts as ready."""
    wanted = options.get("wait_condition")
    if wanted:
        return has_condition(wanted["type"], wanted["status"], wanted.get("reason"))
    return only(options.get("wait_for"))


SPEC = ModuleSpec(
    run=run,
    argument_spec={
        **KUBERNETES_ACCESS,
        "manifests": {"type": "list", "elements": "raw"},
        "src": {"type": "list", "elements": "path"},
        "namespace": {"type": "str"},
        "create_namespace": {"type": "bool", "default": False},
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "propagation": {"type": "str", "choices": ["foreground", "background", "orphan"], "default": "foreground"},
        "apply_set": {"type": "str"},
        "prune": {"type": "bool", "default": False},
        "field_manager": {"type": "str", "default": "llmops.gke"},
        "force_conflicts": {"type": "bool", "default": False},
        "force_conflicts_for": {"type": "list", "elements": "str"},
        "wait": {"type": "bool", "default": False},
        "wait_for": {"type": "list", "elements": "str"},
        "wait_condition": {
            "type": "dict",
            "options": {
                "type": {"type": "str", "required": True},
                "status": {"type": "str", "choices": ["True", "False", "Unknown"], "default": "True"},
                "reason": {"type": "str"},
            },
        },
        "timeout": {"type": "int", "default": 1800},
    },
    rules={
        **KUBERNETES_ACCESS_RULES,
        "mutually_exclusive": [*KUBERNETES_ACCESS_RULES["mutually_exclusive"], ("wait_for", "wait_condition")],
        "required_one_of": [*KUBERNETES_ACCESS_RULES["required_one_of"], ("manifests", "src", "apply_set")],
    },
    secrets=secrets,
)
