# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""k8s_info's engine: objects by kind, name and selectors."""

from __future__ import annotations

from typing import Any

from ansible_collections.llmops.gke.plugins.module_utils import kubernetes_access
from ansible_collections.llmops.gke.plugins.module_utils.deadline import Deadline
from ansible_collections.llmops.gke.plugins.module_utils.kubernetes import masking
from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.api import KubernetesApi
from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.manifests import known_kind
from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.parallel import all_of
from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.resources import Kind, ObjectRef
from ansible_collections.llmops.gke.plugins.module_utils.result import Progress, Result


def run(options: dict[str, Any], _check: bool, _progress: Progress) -> Result:
    """Read objects; see plugins/modules/k8s_info.py for options and result. An absent cluster has none."""
    with kubernetes_access.cluster_access(options, Deadline(options["timeout"])) as access:
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
