# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine of gke_cluster."""

from __future__ import annotations

from typing import Any

from ...core.reconcile import add_next
from ...core.result import Progress, Result, Step
from ...core.runner import ModuleSpec
from ...gke.cluster import without_secrets
from ...gke.kubeconfig.file import KubeconfigFile
from ...gke.kubeconfig.target import entry_in
from ...gke.options import CLUSTER, CONTROL_PLANE, DEFINITION, LOCATION, STATE, TIMEOUT
from ...gke.session import open_session
from ...gke.validation import check_cluster
from ...workflows import cluster_with_pools
from ...workflows.stockout_advice import advised
from . import gke_kubeconfig


def run(options: dict[str, Any], check: bool, progress: Progress) -> Result:
    """Bring a cluster and the node pools that are given to their desired state. options: those of gke_cluster.

    Raises InvalidOption before any request, ImmutableField before any that writes, OperationFailed, HttpError,
    DeadlineExceeded.
    """
    check_cluster(options)
    with open_session(options, check, progress) as session:
        result = cluster_with_pools.converge(options, session)
        if options["kubeconfig"] and options["state"] == "present":
            add_next(result, lambda: _kubeconfig(result.values["cluster"], options, check, progress), check=check)
    result.values["cluster"] = without_secrets(result.values["cluster"])
    result.http_requests = session.requests
    return result


def _kubeconfig(cluster: dict[str, Any], options: dict[str, Any], check: bool, progress: Progress) -> Result:
    """The cluster's entry in a kubeconfig file; of one that is only predicted, that it will be written."""
    file = options["kubeconfig"]
    name = entry_in(file["path"])
    if check and "endpoint" not in cluster:
        context = f"gke_{options['project']}_{options['location']}_{options['name']}"
        action = "update" if KubeconfigFile(file["path"]).has(context) else "create"
        return Result(changed=True, plan=[Step(action, name, f"write {file['path']}")])
    result = gke_kubeconfig.of_cluster(cluster, {**options, **file}, check, progress)
    shown = result.changed
    result.before, result.after = ({name: side} if shown and side else None for side in (result.before, result.after))
    result.values.clear()
    return result


ARGUMENT_SPEC: dict[str, Any] = {
    **LOCATION,
    "name": {"type": "str", "required": True},
    "state": STATE,
    "timeout": TIMEOUT,
    "kubeconfig": {
        "type": "dict",
        "options": {
            **{name: gke_kubeconfig.ARGUMENT_SPEC[name] for name in (*CONTROL_PLANE, "set_current_context")},
            "path": {"type": "path", "required": True},
        },
    },
    "deletion_protection": {"type": "bool", "default": False},
    "definition": DEFINITION,
    **CLUSTER,
}

SPEC = ModuleSpec(
    run=advised(run),
    argument_spec=ARGUMENT_SPEC,
    definition=frozenset(CLUSTER),
    told=frozenset({"plan", "operations"}),
)
