# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""k8s_apply's engine: manifests in, objects in the cluster (or out of it) as they say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ansible_collections.llmops.gke.plugins.module_utils import kubernetes_access
from ansible_collections.llmops.gke.plugins.module_utils.deadline import Deadline
from ansible_collections.llmops.gke.plugins.module_utils.errors import InvalidOption, LlmopsError
from ansible_collections.llmops.gke.plugins.module_utils.kubernetes import documents
from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.api import KubernetesApi
from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.apply import Applier, foretold, missing_namespaces
from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.deletion import plan_removal, remove
from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.manifests import Manifest, resolve
from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.outcomes import Outcome, result_of
from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.waiting import until_ready
from ansible_collections.llmops.gke.plugins.module_utils.result import Progress, Result


def run(options: dict[str, Any], check: bool, progress: Progress) -> Result:
    """Apply or remove the manifests; see plugins/modules/k8s_apply.py for options and result."""
    found = documents.load(options.get("manifests") or [], options.get("src") or [])
    if not found:
        raise InvalidOption("manifests", [], "at least one manifest, here or in src")
    deadline = Deadline(options["timeout"])
    with kubernetes_access.cluster_access(options, deadline) as access:
        if access.api is None and not check and options["state"] == "present":
            access.required()
        warnings = []
        if access.api is None and options["state"] == "present":
            warnings.append(f"{access.why}: the plan is made from the manifests alone")
        absent = options["state"] == "absent"
        manifests = resolve(found, access.api, options.get("namespace"), absent=absent)
        if absent:
            outcomes = _removed(access.api, manifests, check, deadline, progress)
        else:
            if options["create_namespace"]:
                manifests = [*_namespaces(access.api, manifests), *manifests]
            outcomes = _applied(access.api, manifests, options, check, deadline, progress)
        result = result_of(outcomes, warnings)
        result.http_requests = access.requests
        return result


def secrets(options: dict[str, Any]) -> set[str]:
    """What must be hidden of the options: the values of Secrets among the manifests, a kubeconfig's credentials."""
    given = documents.secrets(options.get("manifests") or [], options.get("src") or [])
    return given | kubernetes_access.secrets(options)


def _namespaces(api: KubernetesApi | None, manifests: Sequence[Manifest]) -> list[Manifest]:
    """Manifests of the namespaces that are needed; one that is there already is left as it is."""
    wanted = [
        documents.Document(
            "create_namespace", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}, create_only=True
        )
        for name in missing_namespaces(manifests)
    ]
    return resolve(wanted, api, None)


def _applied(
    api: KubernetesApi | None,
    manifests: Sequence[Manifest],
    options: dict[str, Any],
    check: bool,
    deadline: Deadline,
    progress: Progress,
) -> list[Outcome]:
    if api is None:
        return [foretold(manifest) for manifest in manifests]
    applier = Applier(api, options["field_manager"], options["force_conflicts"])
    outcomes = applier.plan(manifests, applier.read(manifests), check=check)
    if check:
        return outcomes
    outcomes = applier.act(manifests, outcomes, deadline, progress)
    if options["wait"]:
        seen = {outcome.ref: outcome.after for outcome in outcomes if outcome.after is not None}
        try:
            ready = until_ready(api, seen, deadline, progress)
        except LlmopsError as error:
            error.fields["applied"] = [str(outcome.ref) for outcome in outcomes if outcome.changed]
            raise
        outcomes = [outcome.seen_as(ready[outcome.ref]) for outcome in outcomes]
    return outcomes


def _removed(
    api: KubernetesApi | None, manifests: Sequence[Manifest], check: bool, deadline: Deadline, progress: Progress
) -> list[Outcome]:
    refs = [manifest.ref for manifest in manifests]
    if api is None:
        return [Outcome(ref, "absent", None, None) for ref in refs]
    outcomes = plan_removal(api, refs)
    if not check:
        remove(api, outcomes, deadline, progress)
    return outcomes
