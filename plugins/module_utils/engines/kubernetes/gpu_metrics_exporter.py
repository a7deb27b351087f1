# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine of gpu_metrics_exporter: one exporter for the GPUs of a cluster, run by GKE or by a DaemonSet, or none."""

from __future__ import annotations

from typing import Any

from ...core.deadline import Deadline
from ...core.errors import InvalidOption
from ...core.result import Progress, Result
from ...core.runner import ModuleSpec
from ...kubernetes.objects import documents
from ...kubernetes.objects.manifests import resolve
from ...workflows import cluster_access
from ...workflows.cluster_options import KUBERNETES_ACCESS, KUBERNETES_ACCESS_RULES
from ...workflows.gpu_metrics.exporter_mode import COMPONENT, COMPONENTS, ExporterMode


def run(options: dict[str, Any], check: bool, progress: Progress) -> Result:
    """Have the exporter run as the mode says; see plugins/modules/gpu_metrics_exporter.py for options and result.

    Raises InvalidOption before any request, ClusterAbsent, AnotherExporter before any that writes.
    """
    found = documents.load(options.get("manifests") or [], [])
    absent, mode = options["state"] == "absent", options["mode"]
    _check(options, absent or mode != "daemonset" or bool(found))
    deadline = Deadline(options["timeout"])
    with cluster_access.cluster_access(options, deadline) as access:
        if access.api is None and not check and not absent and mode != "none":
            access.required()
        exporter = ExporterMode(access, options, check, deadline, progress)
        if absent:
            result = exporter.absent()
        elif mode == "managed":
            result = exporter.managed()
        elif mode == "daemonset":
            result = exporter.daemon_set(resolve(found, access.api, options["namespace"]))
        else:
            result = exporter.nobody()
        result.values.setdefault("components", sorted(exporter.collected))
        if access.api is None:
            result.warnings.append(access.why)
        result.http_requests = access.requests
        return result


def secrets(options: dict[str, Any]) -> set[str]:
    """What must be hidden of the options: the values of Secrets among the manifests, a kubeconfig's credentials."""
    return documents.secrets(options.get("manifests") or [], []) | cluster_access.secrets(options)


def _check(options: dict[str, Any], complete: bool) -> None:
    if not complete:
        raise InvalidOption("manifests", [], "the exporter's manifests, with mode daemonset")
    if options["mode"] != "managed" or options["state"] == "absent":
        return
    if COMPONENT not in options["components"]:
        raise InvalidOption(
            "components",
            options["components"],
            f"a list with {COMPONENT} in it where mode is managed, because that is GKE's exporter",
        )
    if not options.get("cluster"):
        raise InvalidOption("mode", "managed", "daemonset or none, where the cluster is given by a kubeconfig")


_COMPONENTS: dict[str, Any] = {"type": "list", "elements": "str", "choices": list(COMPONENTS.choices)}

SPEC = ModuleSpec(
    run=run,
    told=frozenset({"plan", "operations"}),
    argument_spec={
        **KUBERNETES_ACCESS,
        "mode": {"type": "str", "choices": ["managed", "daemonset", "none"], "default": "managed"},
        "components": {**_COMPONENTS, "default": ["SYSTEM_COMPONENTS", COMPONENT]},
        "manifests": {"type": "list", "elements": "raw"},
        "namespace": {"type": "str", "default": "gpu-metrics"},
        "apply_set": {"type": "str", "default": "configmaps/gpu-metrics-exporter"},
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "timeout": {"type": "int", "default": 2700},
    },
    rules=KUBERNETES_ACCESS_RULES,
    secrets=secrets,
)
