# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""k8s_label's engine: labels and annotations on objects that are there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...core.deadline import Deadline
from ...core.errors import InvalidOption, LlmopsError
from ...core.option_names import option
from ...core.result import Progress, Result
from ...core.runner import ModuleSpec
from ...kubernetes.apply.outcomes import Outcome, result_of
from ...kubernetes.apply.server_side_apply import Applier, predicted
from ...kubernetes.client.api import KubernetesApi
from ...kubernetes.client.resources import Kind, ObjectRef
from ...kubernetes.objects import labels
from ...kubernetes.objects.manifests import Manifest, known_kind
from ...workflows import cluster_access
from ...workflows.cluster_access import secrets
from ...workflows.cluster_options import KUBERNETES_ACCESS, KUBERNETES_ACCESS_RULES


class ObjectAbsent(LlmopsError):
    """The object that was to be labelled does not exist."""

    kind = "object_absent"


def run(options: dict[str, Any], check: bool, progress: Progress) -> Result:
    """Set or remove labels and annotations; see plugins/modules/k8s_label.py for options and result."""
    absent = options["state"] == "absent"
    wanted = {field: options.get(field) or {} for field in ("labels", "annotations")}
    labels.check(wanted["labels"], wanted["annotations"], keys_only=absent)
    if not options.get("name") and not (options.get("label_selector") or "").strip():
        # An empty one matches everything, which nobody means who has left a variable empty.
        raise InvalidOption("label_selector", options.get("label_selector"), "a selector, where no name is given")
    deadline = Deadline(options["timeout"])
    with cluster_access.cluster_access(options, deadline) as access:
        api = access.api if check or absent else access.required()
        kind = known_kind(options["api_version"], options["kind"], api, "kind")
        lives = _targets(api, kind, options)
        if not lives and options.get("name") and not absent:
            outcomes, warnings = [_predicted(api, kind, wanted, options, check, access.why)], []
        else:
            outcomes, warnings = _labelled(api, kind, lives, wanted, options, check, deadline, progress)
        if access.why:
            warnings.append(access.why)
        elif not lives and not outcomes:
            warnings.append(
                f"no {kind.kind} was found by this {option('name' if options.get('name') else 'label_selector')}"
            )
        result = result_of(outcomes, warnings)
        result.http_requests = access.requests
        return result


def _targets(api: KubernetesApi | None, kind: Kind, options: dict[str, Any]) -> list[dict[str, Any]]:
    """The live object that is named, or all that the selector matches, of all namespaces where none is given."""
    if api is None:
        return []
    if not options.get("name"):
        return api.list(kind, options.get("namespace"), label_selector=options["label_selector"])
    live = api.get(_ref(api, kind, options))
    return [live] if live else []


def _ref(api: KubernetesApi | None, kind: Kind, options: dict[str, Any]) -> ObjectRef:
    namespace = options.get("namespace") or (api.default_namespace if api else "default")
    return ObjectRef(kind, namespace if kind.namespaced else None, options["name"])


def _predicted(
    api: KubernetesApi | None,
    kind: Kind,
    wanted: Mapping[str, Mapping[str, Any]],
    options: dict[str, Any],
    check: bool,
    why: str,
) -> Outcome:
    """In check mode an earlier task may be the one that would make the object; else it must be there."""
    ref = _ref(api, kind, options)
    if not check:
        raise ObjectAbsent(
            f"label {ref}: it does not exist; apply it first, or correct {option('name')} and {option('namespace')}"
        )
    metadata = {"name": ref.name, **({"namespace": ref.namespace} if ref.namespace else {})}
    metadata.update({field: dict(entries) for field, entries in wanted.items() if entries})
    body = {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": metadata}
    return predicted(Manifest(ref, body, why or "name"), action="updated")


def _labelled(
    api: KubernetesApi | None,
    kind: Kind,
    lives: list[dict[str, Any]],
    wanted: Mapping[str, Mapping[str, Any]],
    options: dict[str, Any],
    check: bool,
    deadline: Deadline,
    progress: Progress,
) -> tuple[list[Outcome], list[str]]:
    if api is None or not lives:
        return [], []
    manager, absent = options["field_manager"], options["state"] == "absent"
    manifests, warnings = [], []
    for live in lives:
        ref = ObjectRef(kind, live["metadata"].get("namespace"), live["metadata"]["name"])
        body, foreign = labels.desired(live, wanted, manager, absent=absent)
        manifests.append(Manifest(ref, body, "labels"))
        warnings += [f"{ref}: {key} belongs to another manager and stays" for key in foreign]
    applier = Applier(api, manager, options["force_conflicts"])
    planned = applier.plan(manifests, lives, check=check)
    return (planned if check else applier.act(manifests, planned, deadline, progress)), warnings


SPEC = ModuleSpec(
    run=run,
    told=frozenset({"plan"}),
    argument_spec={
        **KUBERNETES_ACCESS,
        "api_version": {"type": "str", "default": "v1"},
        "kind": {"type": "str", "required": True},
        "name": {"type": "str"},
        "label_selector": {"type": "str"},
        "namespace": {"type": "str"},
        "labels": {"type": "dict"},
        "annotations": {"type": "dict"},
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "field_manager": {"type": "str", "default": "llmops.gke-labels"},
        "force_conflicts": {"type": "bool", "default": False},
        "timeout": {"type": "int", "default": 120},
    },
    rules={
        **KUBERNETES_ACCESS_RULES,
        "mutually_exclusive": [*KUBERNETES_ACCESS_RULES["mutually_exclusive"], ("name", "label_selector")],
        "required_one_of": [
            *KUBERNETES_ACCESS_RULES["required_one_of"],
            ("name", "label_selector"),
            ("labels", "annotations"),
        ],
    },
    secrets=secrets,
)
