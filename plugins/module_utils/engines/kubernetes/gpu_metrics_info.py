# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine of gpu_metrics_info: asks every exporter by way of the API server, until all figures are there."""

from __future__ import annotations

from typing import Any

from ...core.deadline import Deadline, backoff
from ...core.errors import LlmopsError
from ...core.result import Progress, Result
from ...core.runner import ModuleSpec
from ...kubernetes.client.api import KubernetesApi
from ...kubernetes.client.parallel import side_by_side
from ...kubernetes.client.resources import NODE
from ...workflows import cluster_access
from ...workflows.cluster_access import secrets
from ...workflows.cluster_options import KUBERNETES_ACCESS, KUBERNETES_ACCESS_RULES
from ...workflows.gpu_metrics import diagnosis
from ...workflows.gpu_metrics.diagnosis import Exporter
from ...workflows.gpu_metrics.exporters import exporter_pods, read_exporter


class SeriesMissing(LlmopsError):
    """The figures of a GPU are not there; the message has the cause."""

    kind = "series_missing"


def run(options: dict[str, Any], check: bool, progress: Progress) -> Result:
    """Read the GPUs' figures. options: those of gpu_metrics_info. Raises SeriesMissing at the end of ``timeout`` (s).

    In check mode nothing is waited for: what is not there is told as a warning.
    """
    deadline, wanted = Deadline(options["timeout"]), options["series"]
    with cluster_access.cluster_access(options, deadline) as access:
        if access.api is None and check:
            return Result(values={"gpus": []}, warnings=[access.why], http_requests=access.requests)
        api = access.required()
        pauses, told = backoff(first=0.5), ""
        with deadline.polling() as pause:
            while True:
                # Nodes first: an exporter that came after a node was read is no reason to complain.
                nodes = diagnosis.gpu_nodes(api.list(NODE))
                exporters = _exporters(api)
                why = "; ".join(diagnosis.causes(nodes, exporters, wanted))
                if not why or check:
                    break
                seconds = next(pauses)
                if seconds >= deadline.remaining():
                    raise SeriesMissing(
                        f"the GPUs' metrics are not there after {options['timeout']} s: {why}", causes=why
                    )
                if why != told:
                    progress(why)
                    told = why
                pause(seconds, "the GPUs' metrics", why)
        return Result(
            values={"gpus": diagnosis.figures(exporters, wanted)},
            warnings=[why] if why else [],
            http_requests=access.requests,
        )


def _exporters(api: KubernetesApi) -> list[Exporter]:
    """Every exporter of the cluster, whoever runs it, with what it says now."""
    return side_by_side(lambda pod: read_exporter(api, pod), exporter_pods(api))


ARGUMENT_SPEC: dict[str, Any] = {
    **KUBERNETES_ACCESS,
    "series": {
        "type": "list",
        "elements": "str",
        "default": ["DCGM_FI_DEV_GPU_UTIL", "DCGM_FI_DEV_FB_USED", "DCGM_FI_DEV_POWER_USAGE"],
    },
    "timeout": {"type": "int", "default": 300},
}

SPEC = ModuleSpec(run=run, argument_spec=ARGUMENT_SPEC, rules=KUBERNETES_ACCESS_RULES, secrets=secrets)
