# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""inference_perf_info's engine: the log of a Job in, figures out, or the reasons why there are none."""

from __future__ import annotations

from typing import Any

from ...core.deadline import Deadline
from ...core.errors import LlmopsError
from ...core.result import Progress, Result
from ...core.runner import ModuleSpec
from ...kubernetes.client.api import POD, KubernetesApi
from ...kubernetes.client.resources import SERVICE, ObjectRef
from ...kubernetes.diagnosis.pod_startup import pod_start, read_node, selected_pods, selector_of
from ...serving.inference_perf.calibration import compare
from ...serving.inference_perf.log import ResultsMissing, read_reports
from ...serving.inference_perf.stages import find_knee, for_report, stage_figures
from ...serving.inference_perf.validity import (
    Finding,
    Limits,
    Spread,
    calibration_findings,
    read_limits,
    refused,
    stage_findings,
)
from ...workflows import cluster_access
from ...workflows.cluster_access import secrets
from ...workflows.cluster_options import KUBERNETES_ACCESS, KUBERNETES_ACCESS_RULES
from ...workflows.gke_nodes import gpus_in, machine_of

TOOL = "inference-perf"
_LINES = 20_000
"""More than a run ever tells."""
_JOB_LABEL = "batch.kubernetes.io/job-name"


class NotTrustworthy(LlmopsError):
    """The run measured something, but not the server; the figures are withheld."""

    kind = "not_trustworthy"


def run(options: dict[str, Any], _check: bool, _progress: Progress) -> Result:
    """Read and judge; see plugins/modules/inference_perf_info.py for options and result."""
    limits = read_limits(options["limits"])
    with cluster_access.cluster_access(options, Deadline(options["timeout"])) as access:
        api = access.required()
        lines = _log(api, options["namespace"], options["job"])
        results = judged(lines, options, limits)
        pods = _pods(api, options["namespace"], options["service"]) if options["service"] else []
        values = {"results": results, "load": for_report(results, TOOL), "pods": pods}
        return Result(values=values, http_requests=access.requests)


def judged(lines: list[str], options: dict[str, Any], limits: Limits) -> dict[str, Any]:
    """The results in the lines of a log; raises ResultsMissing without any, NotTrustworthy with every reason at once.

    ``{stages, knee, calibration}``; see stages.stage_figures, stages.find_knee and calibration.compare.
    """
    reports = read_reports(lines)
    if reports.refusal:
        raise _withheld([refused(reports.refusal)])
    stages = [stage_figures(report) for report in reports.load[options["warmup_stages"] :]]
    if not stages:
        raise ResultsMissing(
            f"the run had {len(reports.load)} stages and warmup_stages is {options['warmup_stages']}: none is left"
        )
    calibration = compare(reports)
    varied = options["output_distribution"] or {}
    findings = calibration_findings(calibration, limits) + stage_findings(
        stages,
        limits,
        output_tokens=options["output_tokens"],
        max_in_flight=options["max_in_flight"],
        spread=Spread(varied.get("std_dev") or 0.0, varied.get("min"), varied.get("max")),
    )
    if findings:
        raise _withheld(findings)
    return {"stages": stages, "knee": find_knee(stages), "calibration": calibration}


def _withheld(findings: list[Finding]) -> NotTrustworthy:
    return NotTrustworthy(
        "the figures are withheld: " + " | ".join(finding.message for finding in findings),
        findings=[finding.to_dict() for finding in findings],
    )


def _pods(api: KubernetesApi, namespace: str, service: str) -> list[dict[str, Any]]:
    """What stands behind the Service, each pod with its machine."""
    pods = selected_pods(api, namespace, selector_of(api.get(ObjectRef(SERVICE, namespace, service))))
    starts = [start for pod in pods if (start := pod_start(pod))]
    machines = {node: machine_of(read_node(api, node)) for node in {start.node for start in starts}}
    return [{"pod": start.name, "gpus": gpus_in(start.limits), **machines[start.node]} for start in starts]


def _log(api: KubernetesApi, namespace: str, job: str) -> list[str]:
    """The lines of the Job's newest pod."""
    pods = api.list(POD, namespace, label_selector=f"{_JOB_LABEL}={job}")
    if not pods:
        raise ResultsMissing(f"Job {namespace}/{job} has no pod; run it first (playbooks/benchmark.yml)")
    newest = max(pods, key=lambda pod: pod["metadata"].get("creationTimestamp") or "")
    container = newest["spec"]["containers"][0]["name"]
    return api.logs(namespace, newest["metadata"]["name"], container, lines=_LINES)


SPEC = ModuleSpec(
    run=run,
    argument_spec={
        **KUBERNETES_ACCESS,
        "namespace": {"type": "str", "default": "default"},
        "job": {"type": "str", "default": "inference-perf"},
        "service": {"type": "str"},
        "warmup_stages": {"type": "int", "default": 0},
        "output_tokens": {"type": "float", "no_log": False},
        "output_distribution": {
            "type": "dict",
            "options": {
                "std_dev": {"type": "float", "default": 0},
                "min": {"type": "float"},
                "max": {"type": "float"},
            },
        },
        "max_in_flight": {"type": "int"},
        "limits": {"type": "dict", "default": {}},
        "timeout": {"type": "int", "default": 120},
    },
    rules=KUBERNETES_ACCESS_RULES,
    secrets=secrets,
)
