# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What became of one host, as data. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .changes import Changes, changes_of
from .costs.of_hosts import cost_of
from .facts import BENCHMARK, STATUS, TEARDOWN, HostFacts
from .removal import kept
from .serving import serving_of


def record_of(facts: HostFacts) -> dict[str, Any]:
    """JSON-ready; the module deployment_summary documents it."""
    changes = changes_of(facts) if facts.playbook not in (STATUS, BENCHMARK) else Changes()
    verified = facts.result("verify_result")
    record: dict[str, Any] = {
        "playbook": facts.playbook,
        "check": facts.check,
        "state": state_of(facts, changes),
        **{name: facts.text(f"llmops_{name}") for name in _NAMES},
        "address": address_of(facts),
        "exists": existing(facts),
        "changes": {**changes.to_dict(), "text": changes.sum(check=facts.check)},
        "cost": cost_of(facts),
        "latency": latency_of(facts),
        "verdict": ((verified.get("report") or {}).get("short") or {}).get("verdict"),
        "reason": (serving_of(facts).reason or None) if facts.playbook == STATUS else None,
        "error": facts.error or None,
    }
    if facts.playbook == TEARDOWN:
        record["kept"] = kept(facts)
    return record


_NAMES = ("project", "location", "cluster", "namespace", "name", "model", "engine")


def state_of(facts: HostFacts, changes: Changes) -> str:
    """In a word or two."""
    if facts.failed:
        return "failed"
    if facts.playbook == STATUS:
        if not facts.cluster:
            return "no cluster"
        return "drifted" if facts.variables.get("status_differences") else serving_of(facts).state or "as wanted"
    if facts.playbook == BENCHMARK:
        return "measured" if facts.result("benchmark_results").get("results") else "not measured"
    if facts.playbook == TEARDOWN:
        if not changes.actions and not facts.cluster_goes:
            return "kept" if facts.variables.get("teardown_keeps_cluster") else "was not there"
        return "to remove" if facts.check else "removed"
    verified = facts.result("verify_result")
    if (verified.get("start") or {}).get("asleep"):
        return "asleep"
    if "answer" in verified:
        return "serving"
    if facts.only_checked:
        return "checked"
    if facts.check:
        return "planned" if changes.actions else "as wanted"
    return "not verified"


def address_of(facts: HostFacts) -> str | None:
    """Where the model answers: its URL, or that of its Service inside the cluster. None where neither was seen."""
    url = facts.result("verify_result").get("url")
    if url:
        return str(url)
    own = facts.text("llmops_namespace"), facts.text("llmops_service_name")
    for thing in facts.variables.get("status_objects") or []:
        metadata, spec = thing.get("metadata") or {}, thing.get("spec") or {}
        named = (metadata.get("namespace"), metadata.get("name"))
        ingress = ((thing.get("status") or {}).get("loadBalancer") or {}).get("ingress") or []
        if thing.get("kind") == "Service" and ingress and named == own:
            port = (spec.get("ports") or [{}])[0].get("port")
            return f"http://{ingress[0].get('ip') or ingress[0].get('hostname')}:{port}"
    if "answer" in facts.result("verify_result") and own[1]:
        return f"http://{own[1]}.{own[0]}.svc:{facts.text('llmops_service_port')}"
    return None


def existing(facts: HostFacts) -> list[str]:
    """The cluster and its node pools, where they were read; after a removal, what is left of them."""
    if facts.cluster is None or (facts.check and "status" not in facts.cluster):
        return []
    if facts.cluster_goes and not facts.check:
        return []
    pools = facts.node_pools if facts.check else facts.staying
    return [f"cluster {facts.text('llmops_cluster')}", *(f"node pool {pool.get('name')}" for pool in pools)]


def latency_of(facts: HostFacts) -> dict[str, Any] | None:
    """Medians of the hot requests, in seconds."""
    hot: Mapping[str, Any] = (facts.result("verify_result").get("latency") or {}).get("hot") or {}
    if not hot:
        return None
    return {name: (hot.get(name) or {}).get("median") for name in ("ttft_seconds", "tpot_seconds", "e2e_seconds")}
