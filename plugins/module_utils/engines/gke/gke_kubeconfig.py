# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine of gke_kubeconfig."""

from __future__ import annotations

from typing import Any

from ...core.deadline import Deadline
from ...core.errors import InvalidOption, LlmopsError
from ...core.reconcile import reconcile
from ...core.result import Progress, Result
from ...core.runner import ModuleSpec
from ...gke.client import GkeClient
from ...gke.kubeconfig.entry import entry_of
from ...gke.kubeconfig.file import KubeconfigFile, empty
from ...gke.kubeconfig.target import KubeconfigTarget
from ...gke.options import CONTROL_PLANE, LOCATION, STATE
from ...gke.validation import check_name
from ...google.names import check_location, check_project
from ...http.address import check_proxy


def run(options: dict[str, Any], check: bool, progress: Progress) -> Result:
    """Have a cluster's entry in a kubeconfig file, or in memory alone. options: those of gke_kubeconfig.

    Raises InvalidOption, HttpError, and LlmopsError where the cluster or its endpoint is absent; in check mode an
    absent cluster is a warning, because it may be created by then.
    """
    project = check_project(options["project"])
    location = check_location(options["location"])
    check_name("name", options["name"])
    check_proxy("cluster_proxy_url", options["cluster_proxy_url"])
    name = f"gke_{project}_{location}_{options['name']}"
    path = options["path"]
    if options["state"] == "absent":
        if not path:
            raise InvalidOption("path", path, "the file to remove the entry from, because state is absent")
        result, _content = reconcile(KubeconfigTarget(path, name, None), check=check, progress=progress)
        result.values["kubeconfig"] = None
        return result
    client = GkeClient(options, Deadline(options["timeout"]))
    try:
        cluster = client.cluster(project, location, options["name"])
    finally:
        client.http.close()
    if cluster is None:
        result = _absent(options["name"], location, project, check, bool(path))
    else:
        result = of_cluster(cluster, options, check, progress)
    result.http_requests = client.http.sent
    return result


def of_cluster(cluster: dict[str, Any], options: dict[str, Any], check: bool, progress: Progress) -> Result:
    """As run, for a cluster that has been read already."""
    name = f"gke_{options['project']}_{options['location']}_{options['name']}"
    proxy = check_proxy("cluster_proxy_url", options["cluster_proxy_url"])
    entry = entry_of(cluster, name, options["cluster_endpoint"], options["impersonate_service_account"], proxy)
    result = Result()
    if options["path"]:
        target = KubeconfigTarget(options["path"], name, entry, current=options["set_current_context"])
        result, _content = reconcile(target, check=check, progress=progress)
    result.values["kubeconfig"] = KubeconfigFile.having(empty(), entry)
    return result


def _absent(cluster: str, location: str, project: str, check: bool, would_write: bool) -> Result:
    words = f"cluster {cluster} does not exist in {location} of project {project}"
    if not check:
        raise LlmopsError(f"{words}; create it first (llmops.gke.gke_cluster)", resource=f"cluster {cluster}")
    return Result(changed=would_write, values={"kubeconfig": None}, warnings=[words])


ARGUMENT_SPEC: dict[str, Any] = {
    **LOCATION,
    "name": {"type": "str", "required": True},
    "path": {"type": "path"},
    **CONTROL_PLANE,
    "set_current_context": {"type": "bool", "default": True},
    "state": STATE,
    "timeout": {"type": "int", "default": 120},
}

SPEC = ModuleSpec(run=run, argument_spec=ARGUMENT_SPEC, told=frozenset({"plan", "operations"}))
