# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine of custom_metrics_adapter: the one adapter by which a cluster's autoscalers see custom metrics."""

from __future__ import annotations

import re
from typing import Any

from ...core.deadline import Deadline
from ...core.errors import InvalidOption
from ...core.result import Progress, Result
from ...core.runner import ModuleSpec
from ...kubernetes.objects import documents
from ...kubernetes.objects.manifests import resolve
from ...workflows import cluster_access
from ...workflows.cluster_options import KUBERNETES_ACCESS, KUBERNETES_ACCESS_RULES
from ...workflows.custom_metrics_adapter import MetricsAdapter

_URL = re.compile(r"https?://[^/@\s]+(/[^\s]*)?")
_CREDENTIALS = re.compile(r"//[^/]*@")


def run(options: dict[str, Any], check: bool, progress: Progress) -> Result:
    """Have the adapter serve, or remove it; see plugins/modules/custom_metrics_adapter.py for options and result.

    Raises InvalidOption before any request, ClusterAbsent, AnotherAdapter before any that writes.
    """
    found = documents.load(options.get("manifests") or [], [])
    wanted = options["adapter"] != "none"
    _check(options, wanted=wanted, complete=bool(found))
    deadline = Deadline(options["timeout"])
    with cluster_access.cluster_access(options, deadline) as access:
        if access.api is None and not check and wanted:
            access.required()
        adapter = MetricsAdapter(access, options, check, deadline, progress)
        result = adapter.install(resolve(found, access.api, options["namespace"])) if wanted else adapter.remove()
        if access.api is None:
            result.warnings.append(access.why)
        result.http_requests = access.requests
        return result


def secrets(options: dict[str, Any]) -> set[str]:
    """What must be hidden: the values of Secrets among the manifests, credentials of a kubeconfig and in the URL."""
    found = documents.secrets(options.get("manifests") or [], []) | cluster_access.secrets(options)
    inside = _CREDENTIALS.search(options.get("prometheus_url") or "")
    return found | ({inside[0].strip("/@")} if inside else set())


def _check(options: dict[str, Any], *, wanted: bool, complete: bool) -> None:
    if wanted and not complete:
        raise InvalidOption("manifests", [], "the manifests of the adapter")
    url = options.get("prometheus_url")
    if options["adapter"] == "prometheus" and not _URL.fullmatch(url or ""):
        raise InvalidOption(
            "prometheus_url",
            _CREDENTIALS.sub("//***@", url or ""),
            "with adapter prometheus the URL of a Prometheus, as the cluster reaches it, without credentials "
            "(http://frontend.NAMESPACE.svc:9090 for the frontend of managed Prometheus)",
        )
    own = options.get("autoscaler")
    if own and own.count("/") != 1:
        raise InvalidOption("autoscaler", own, "NAMESPACE/NAME of a HorizontalPodAutoscaler")


SPEC = ModuleSpec(
    run=run,
    told=frozenset({"plan"}),
    argument_spec={
        **KUBERNETES_ACCESS,
        "adapter": {"type": "str", "choices": ["stackdriver", "prometheus", "none"], "required": True},
        "manifests": {"type": "list", "elements": "raw"},
        "namespace": {"type": "str", "default": "custom-metrics"},
        "apply_set": {"type": "str", "default": "configmaps/llmops-metrics-adapter"},
        "autoscaler": {"type": "str"},
        "prometheus_url": {"type": "str"},
        "iam": {"type": "bool", "default": True},
        "wait": {"type": "bool", "default": True},
        "timeout": {"type": "int", "default": 1800},
    },
    rules=KUBERNETES_ACCESS_RULES,
    secrets=secrets,
)
