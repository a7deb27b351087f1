# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""k8s_info's engine: objects by kind, name and selectors."""

from __future__ import annotations

from typing import Any

from ...core.deadline import Deadline
from ...core.result import Progress, Result
from ...core.runner import ModuleSpec
from ...kubernetes.client.api import KubernetesApi
from ...kubernetes.client.parallel import all_of
from ...kubernetes.client.resources import Kind, ObjectRef
from ...kubernetes.objects import masking
from ...kubernetes.objects.manifests import known_kind
from ...workflows import cluster_access
from ...workflows.cluster_access import secrets
from ...workflows.cluster_options import KUBERNETES_ACCESS, KUBERNETES_ACCESS_RULES


def run(options: dict[str, Any], _check: bool, _progress: Progress) -> Result:
    """Read objects; see plugins/modules/k8s_info.py for options and result. An absent cluster has none."""
    with cluster_access.cluster_access(options, Deadline(options["timeout"])) as access:
        found = _read(access.api, options) if access.api else []
        return Result(
            values={"resources": [masking.shown(obj) for obj in found], "exists": access.api is not None},
            http_requests=access.requests,
        )


def _read(api: KubernetesApi, options: dict[str, Any]) -> list[dict[str, Any]]:
    """The objects of all kinds that are asked for, in their order; the kinds are read side by side."""
    asked = options.get("kinds") or [{"api_version": options["api_version"], "kind": options["kind"]}]
    kinds = [
        known_kind(each["api_version"], each["kind"], api, f"kinds[{index}]" if options.get("kinds") else "kind")
        for index, each in enumerate(asked)
    ]
    return [obj for objects in all_of(lambda kind: _read_kind(api, kind, options), kinds) for obj in objects]


def _read_kind(api: KubernetesApi, kind: Kind, options: dict[str, Any]) -> list[dict[str, Any]]:
    if options.get("name"):
        namespace = (options.get("namespace") or api.default_namespace) if kind.namespaced else None
        obj = api.get(ObjectRef(kind, namespace, options["name"]))
        return [obj] if obj else []
    return api.list(
        kind,
        options.get("namespace"),
        label_selector=",".join(options.get("label_selectors") or []),
        field_selector=",".join(options.get("field_selectors") or []),
    )


SPEC = ModuleSpec(
    run=run,
    argument_spec={
        **KUBERNETES_ACCESS,
        "api_version": {"type": "str", "default": "v1"},
        "kind": {"type": "str"},
        "kinds": {
            "type": "list",
            "elements": "dict",
            "options": {"api_version": {"type": "str", "default": "v1"}, "kind": {"type": "str", "required": True}},
        },
        "name": {"type": "str"},
        "namespace": {"type": "str"},
        "label_selectors": {"type": "list", "elements": "str"},
        "field_selectors": {"type": "list", "elements": "str"},
        "timeout": {"type": "int", "default": 120},
    },
    rules={
        **KUBERNETES_ACCESS_RULES,
        "mutually_exclusive": [*KUBERNETES_ACCESS_RULES["mutually_exclusive"], ("kind", "kinds")],
        "required_one_of": [*KUBERNETES_ACCESS_RULES["required_one_of"], ("kind", "kinds")],
    },
    secrets=secrets,
)
