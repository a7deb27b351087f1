# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""k8s_logs' engine: what containers have written."""

from __future__ import annotations

from typing import Any

from ...core.deadline import Deadline
from ...core.errors import HttpError, InvalidOption, LlmopsError
from ...core.result import Progress, Result
from ...core.runner import ModuleSpec
from ...kubernetes.client.api import POD, KubernetesApi
from ...kubernetes.client.parallel import all_of
from ...kubernetes.client.resources import ObjectRef
from ...workflows import cluster_access
from ...workflows.cluster_access import secrets
from ...workflows.cluster_options import KUBERNETES_ACCESS, KUBERNETES_ACCESS_RULES


def run(options: dict[str, Any], _check: bool, _progress: Progress) -> Result:
    """Read logs; see plugins/modules/k8s_logs.py for options and result. An absent cluster has none."""
    with cluster_access.cluster_access(options, Deadline(options["timeout"])) as access:
        logs = _logs(access.api, options) if access.api else []
        return Result(values={"logs": logs, "exists": access.api is not None}, http_requests=access.requests)


def _logs(api: KubernetesApi, options: dict[str, Any]) -> list[dict[str, Any]]:
    pods, name = _pods(api, options), options.get("container")
    there = [(pod, container) for pod in pods for container in _containers(pod)]
    wanted = [(pod, container) for pod, container in there if name in (None, container)]
    if there and not wanted:
        accepted = f"the name of a container of these pods: {', '.join(sorted({each for _pod, each in there}))}"
        raise InvalidOption("container", name, accepted)
    return all_of(lambda item: _log(api, *item, options), wanted)


def _pods(api: KubernetesApi, options: dict[str, Any]) -> list[dict[str, Any]]:
    namespace = options.get("namespace") or api.default_namespace
    if options.get("name"):
        pod = api.get(ObjectRef(POD, namespace, options["name"]))
        return [pod] if pod else []
    return api.list(POD, namespace, label_selector=",".join(options["label_selectors"]))


def _containers(pod: dict[str, Any]) -> list[str]:
    spec = pod["spec"]
    return [each["name"] for each in [*(spec.get("initContainers") or []), *spec["containers"]]]


def _log(api: KubernetesApi, pod: dict[str, Any], container: str, options: dict[str, Any]) -> dict[str, Any]:
    """One container's log; where it has none (it has not run, its node does not answer), why."""
    metadata = pod["metadata"]
    entry = {
        "namespace": metadata["namespace"],
        "pod": metadata["name"],
        "container": container,
        "lines": [],
        "why": "",
    }
    try:
        entry["lines"] = api.read_log(
            metadata["namespace"],
            metadata["name"],
            container,
            lines=options["tail"],
            previous=options["previous"],
            since=options.get("since_seconds"),
        )
    except LlmopsError as error:
        if not isinstance(error, HttpError) or error.status not in (400, 404, 500):
            raise
        entry["why"] = error.server_message or error.message
    return entry


SPEC = ModuleSpec(
    run=run,
    argument_spec={
        **KUBERNETES_ACCESS,
        "name": {"type": "str"},
        "label_selectors": {"type": "list", "elements": "str"},
        "namespace": {"type": "str"},
        "container": {"type": "str"},
        "previous": {"type": "bool", "default": False},
        "tail": {"type": "int", "default": 100},
        "since_seconds": {"type": "int"},
        "timeout": {"type": "int", "default": 120},
    },
    rules={
        **KUBERNETES_ACCESS_RULES,
        "mutually_exclusive": [*KUBERNETES_ACCESS_RULES["mutually_exclusive"], ("name", "label_selectors")],
        "required_one_of": [*KUBERNETES_ACCESS_RULES["required_one_of"], ("name", "label_selectors")],
    },
    secrets=secrets,
)
