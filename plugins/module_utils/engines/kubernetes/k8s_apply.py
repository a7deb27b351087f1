# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""k8s_apply's engine: manifests in, objects in the cluster (or out of it) as they say."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from ...core.deadline import Deadline
from ...core.errors import InvalidOption
from ...core.reconcile import add_next
from ...core.result import Progress, Result
from ...core.runner import ModuleSpec
from ...kubernetes.apply import secret_keys
from ...kubernetes.apply.apply_set import ApplySet
from ...kubernetes.apply.apply_task import FIELD_MANAGER, ApplySettings, ApplyTask
from ...kubernetes.apply.outcomes import result_of
from ...kubernetes.client.api import KubernetesApi
from ...kubernetes.objects import documents
from ...kubernetes.objects.manifests import Manifest, resolve
from ...kubernetes.wait.readiness import PREDICATES, has_condition, only
from ...kubernetes.wait.states import Predicate
from ...serving import registry
from ...workflows import cluster_access, service_account_roles
from ...workflows.cluster_access import ClusterAccess
from ...workflows.cluster_options import KUBERNETES_ACCESS, KUBERNETES_ACCESS_RULES
from ...workflows.service_account_roles import Grant


def run(options: dict[str, Any], check: bool, progress: Progress) -> Result:
    """Apply or remove the manifests; see plugins/modules/k8s_apply.py for options and result."""
    absent = options["state"] == "absent"
    found = documents.load(options.get("manifests") or [], options.get("src") or [])
    if not found and not (absent and options.get("apply_set")):
        raise InvalidOption("manifests", [], "at least one manifest, here or in src")
    if options["prune"] and not options.get("apply_set"):
        raise InvalidOption("prune", True, "true together with apply_set, whose former members are to go")
    grants = [] if absent else _grants(options)
    deadline = Deadline(options["timeout"])
    with cluster_access.cluster_access(options, deadline) as access:
        if access.api is None and not check and not absent:
            access.required()
        manifests = resolve(found, access.api, options.get("namespace"), absent=absent)
        _check_kinds(options.get("wait_for") or [], manifests)
        task = ApplyTask(access.api, _settings(options, access.api), check, deadline, progress)

        def act() -> Result:
            return _removed(task, manifests) if absent else _applied(task, manifests, access, check)

        result = service_account_roles.give(access, options, grants, deadline, progress, check=check)
        add_next(result, act, check=check)
        result.http_requests = access.requests
        return result


def _removed(task: ApplyTask, manifests: Sequence[Manifest]) -> Result:
    return result_of(task.remove(manifests))


def _applied(task: ApplyTask, manifests: Sequence[Manifest], access: ClusterAccess, check: bool) -> Result:
    outcomes = task.apply(manifests)
    warnings = [] if access.api else [f"{access.why}: the plan is made from the manifests alone"]
    lose = "would lose" if check else "lost"
    warnings += [f"{ref} {lose} {', '.join(keys)}" for ref, keys in secret_keys.lost_in(outcomes).items()]
    return result_of(outcomes, warnings)


def _grants(options: dict[str, Any]) -> Sequence[Grant]:
    """The roles for service accounts, before any request."""
    given = options.get("service_account_roles") or []
    for row in given:
        if not row["namespace"] and not options.get("namespace"):
            raise InvalidOption("service_account_roles.namespace", None, "a namespace, here or in namespace")
    found = [Grant(row["namespace"] or options["namespace"], row["name"], row["role"], row["bucket"]) for row in given]
    return service_account_roles.checked(options.get("project"), found)


def secrets(options: dict[str, Any]) -> set[str]:
    """What must be hidden of the options: the values of Secrets among the manifests, a kubeconfig's credentials."""
    given = documents.secrets(options.get("manifests") or [], options.get("src") or [])
    return given | cluster_access.secrets(options)


def _settings(options: dict[str, Any], api: KubernetesApi | None) -> ApplySettings:
    named = options.get("apply_set")
    namespace = options.get("namespace") or (api.default_namespace if api else "default")
    return ApplySettings(
        field_manager=options["field_manager"],
        force_conflicts=options["force_conflicts"],
        create_namespace=options["create_namespace"],
        apply_set=ApplySet.named(named, namespace) if named else None,
        prune=options["prune"],
        propagation=options["propagation"].capitalize(),
        ready=_predicate(options) if options["wait"] else None,
        keep_secret_keys=options["keep_secret_keys"],
        crash_reasons=registry.CrashReasonsOf(options["engine"]) if options.get("engine") else (),
    )


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
    told=frozenset({"plan"}),
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
        "keep_secret_keys": {"type": "dict", "default": {}, "no_log": False},
        "service_account_roles": {
            "type": "list",
            "elements": "dict",
            "default": [],
            "options": {
                "name": {"type": "str", "required": True},
                "namespace": {"type": "str"},
                "role": {"type": "str", "required": True},
                "bucket": {"type": "str"},
            },
        },
        "field_manager": {"type": "str", "default": FIELD_MANAGER},
        "force_conflicts": {"type": "bool", "default": False},
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
        "engine": {"type": "str", "choices": list(registry.ENGINES)},
        "timeout": {"type": "int", "default": 1800},
    },
    rules={
        **KUBERNETES_ACCESS_RULES,
        "mutually_exclusive": [*KUBERNETES_ACCESS_RULES["mutually_exclusive"], ("wait_for", "wait_condition")],
        "required_one_of": [*KUBERNETES_ACCESS_RULES["required_one_of"], ("manifests", "src", "apply_set")],
    },
    secrets=secrets,
)
