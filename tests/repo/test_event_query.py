# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every module is counted by Automation Platform, or is known to touch nothing that could be counted."""

from __future__ import annotations

import yaml
from working_copy import ROOT

NOTHING_TO_COUNT = {
    # What they read or write belongs to something that other modules count, or is no resource of its own.
    "deployment_plan", "deployment_summary", "gcp_iam_member", "gcp_quota_info", "gcp_zone_info",
    "gke_inference_quickstart_info", "gke_kubeconfig", "gke_operation_info", "gpu_metrics_info",
    "hf_model_info", "inference_perf_info", "k8s_info", "k8s_logs", "llm_generate", "llm_latency", "llm_preflight",
    "llm_report", "llm_scaling", "llm_start_info", "llm_verify", "sandbox", "tgi_generate",
}  # fmt: skip


def test_every_module_has_a_query_or_nothing_to_count():
    modules = {path.stem for path in (ROOT / "plugins" / "modules").glob("*.py")}
    queries = yaml.safe_load((ROOT / "extensions" / "audit" / "event_query.yml").read_text())
    counted = {name.removeprefix("llmops.gke.") for name in queries}
    assert counted & NOTHING_TO_COUNT == set()
    assert counted | NOTHING_TO_COUNT == modules
