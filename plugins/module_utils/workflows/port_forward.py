# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""For engines that speak to a server by its URL: to reach one in a cluster that has no address outside of it."""

from __future__ import annotations

from typing import Any

from ..core.deadline import Deadline
from ..core.errors import InvalidOption, LlmopsError
from ..core.result import Progress, Result, Run

PORT_FORWARD: dict[str, dict[str, Any]] = {
    "port_forward": {
        "type": "dict",
        "mutually_exclusive": [("service", "pod")],
        "required_one_of": [("service", "pod")],
        "options": {
            "namespace": {"type": "str"},
            "service": {"type": "str"},
            "pod": {"type": "str"},
            "port": {"type": "int", "required": True},
        },
    },
}
"""Argument spec; documented in doc_fragments/port_forward.py."""


def through_port_forward(run: Run) -> Run:
    """The engine ``run``, whose ``url`` is made by the option ``port_forward`` where that is given.

    In check mode a pod, or cluster, that is not there yet is reported as ``reachable: false``.
    """

    def forwarded(options: dict[str, Any], check: bool, progress: Progress) -> Result:
        return (
            _forwarded(run, options, check, progress) if options.get("port_forward") else run(options, check, progress)
        )

    return forwarded


def secrets(options: dict[str, Any]) -> set[str]:
    """The strings inside the access options that must be hidden beyond those marked ``no_log``."""
    if not options.get("kubeconfig"):
        return set()
    from . import cluster_access

    return cluster_access.secrets(options)


def _forwarded(run: Run, options: dict[str, Any], check: bool, progress: Progress) -> Result:
    # Imported here, because most uses have an address and should not pay for a cluster's client.
    from . import cluster_access

    wanted = options["port_forward"]
    if not (options.get("cluster") or options.get("kubeconfig")):
        raise InvalidOption("port_forward", wanted, "cluster or kubeconfig beside it")
    with cluster_access.cluster_access(options, Deadline(options["timeout"])) as access:
        result = forwarded(access, wanted, run, options, check, progress)
        result.http_requests += access.requests
        return result


def forwarded(
    access: Any, wanted: dict[str, Any], run: Run, options: dict[str, Any], check: bool, progress: Progress
) -> Result:
    """What the engine ``run`` finds by way of a cluster that is open already (a ClusterAccess).

    wanted: the option ``port_forward``. The requests to the cluster are not counted in the result.
    """
    from ..gke.client import ClusterAbsent
    from ..kubernetes.client.port_forward import PortForward, PortForwardFailed, target

    try:
        pod, port = target(access.required(), wanted)
    except (PortForwardFailed, ClusterAbsent) as error:
        if not check:
            raise
        return Result(values={"reachable": False, "unreachable_reason": error.message})
    with PortForward(access.required(), pod, port) as forward:
        try:
            return run({**options, "url": forward.url}, check, progress)
        except LlmopsError as error:
            if forward.problem:
                raise PortForwardFailed(forward.problem, object=str(pod)) from error
            raise
