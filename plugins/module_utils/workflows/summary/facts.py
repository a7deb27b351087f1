# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a summary is made of: what the tasks of one host read and registered, and its variables as plain data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ...core.harmless import one_line
from .command import Command

DEPLOY, VERIFY, BENCHMARK, STATUS, TEARDOWN = "deploy", "verify", "benchmark", "status", "teardown"
PLAYBOOKS = (DEPLOY, VERIFY, BENCHMARK, STATUS, TEARDOWN)

MADE = (
    "gke_cluster_result",
    "gpu_nodepool_result",
    "dcgm_exporter_result",
    "model_server_adapter_result",
    "model_server_result",
    "lb_labels_result",
    "gke_cluster_kubeconfig_result",
)
"""Registered by the tasks that create, change and remove, in their order."""

READ = ("preflight_planned", "preflight_checked", "verify_result", "dcgm_exporter_measured", "benchmark_run",
        "benchmark_results", "status_cluster", "status_in_cluster", "teardown_clusters")  # fmt: skip
"""Registered by tasks that only read."""

RESULTS = (*MADE, *READ)

_WHOLE = {"gke_cluster_result", "gpu_nodepool_result", "model_server_result", "lb_labels_result"}
"""Registered by every deployment that no tags take parts of."""

_ERROR = 1200
"""Characters of an error in a summary."""

NAMING = ("llmops_project", "llmops_location", "llmops_cluster", "llmops_namespace", "llmops_name")
"""What tells a deployment from all others."""

_SHARED = (
    *NAMING,
    *("llmops_model", "llmops_engine", "llmops_sandbox", "llmops_sandbox_run", "llmops_prices"),
    "gke_cluster_kubeconfig",
)
_POOLS = ("gke_cluster_pool_name", "gpu_nodepool_name", "gpu_nodepool_on_demand_name")
_SERVED = (
    *("llmops_accelerator_type", "llmops_gpus_per_replica", "llmops_replicas"),
    *("llmops_service_name", "llmops_service_port", "llmops_sandbox_kubeconfig", "__verify_exposure"),
)
_REMOVED = ("teardown_workloads", "teardown_keeps_cluster", "teardown_pools_in_use")
VARIABLES: Mapping[str, Sequence[str]] = {
    DEPLOY: (*_SHARED, *_SERVED, *_POOLS),
    VERIFY: (*_SHARED, *_SERVED),
    BENCHMARK: (
        *_SHARED,
        *("benchmark_prompt_tokens", "benchmark_output_tokens", "benchmark_load_type"),
        *("benchmark_result_path", "benchmark_report_path"),
    ),
    STATUS: (
        *_SHARED,
        *_POOLS,
        *("llmops_secret_name", "llmops_service_name", "status_objects", "status_events", "status_differences"),
    ),
    TEARDOWN: (*_SHARED, *_POOLS, *_REMOVED, "llmops_weights", "llmops_weights_bucket"),
}
"""By the playbook: what its summary tells."""

SECRETS = ("llmops_api_key", "llmops_hf_token")
"""Of these is only told whether they are set."""

UNTOLD = "its task's error is above"
"""Of a host that left the play, and whose tasks registered no failure."""


@dataclass(frozen=True)
class HostFacts:
    """One host of a playbook. check: nothing was written. failed: it left the play before its end. variables: as
    VARIABLES names them, None where they cannot be resolved, and for SECRETS whether they are set. results: as RESULTS
    names them, where a task registered one. removed: cluster and node pools that a teardown removed, or would remove,
    at the turn of whichever host. now: the time, by which the age of an event is told. told_before: a host of the same
    cluster is told of before this one. done_before: resources that count among what was done for a host before it.
    command: how this run was started."""

    host: str
    playbook: str
    check: bool
    failed: bool
    variables: Mapping[str, Any]
    results: Mapping[str, Mapping[str, Any]]
    removed: Set[str] = frozenset()
    now: datetime | None = None
    told_before: bool = False
    done_before: Set[str] = frozenset()
    command: Command = Command()

    def text(self, name: str) -> str:
        """A variable as text, empty where there is none."""
        value = self.variables.get(name)
        return "" if value is None else str(value)

    def result(self, name: str) -> Mapping[str, Any]:
        """What a task registered, empty where none did."""
        return self.results.get(name) or {}

    @property
    def made(self) -> list[Mapping[str, Any]]:
        """What came of the tasks that create, change and remove."""
        names = reversed(MADE) if self.playbook == TEARDOWN else MADE
        return [self.results[name] for name in names if name in self.results]

    @property
    def whole(self) -> bool:
        """Whether a deployment compared all that it consists of: tags may leave parts out."""
        return self.results.keys() >= _WHOLE

    @property
    def only_checked(self) -> bool:
        """Whether tags leave nothing of a deployment but its preflight."""
        preflight = self.playbook == DEPLOY and "preflight_checked" in self.results
        return preflight and not self.made and "verify_result" not in self.results

    @property
    def error(self) -> str:
        """The first line of what a task failed with, and how many findings follow it; empty where none did."""
        if not self.failed:
            return ""
        failed = [result for result in self.results.values() if result.get("failed")]
        last = failed[-1] if failed else {}
        line = one_line((str(last.get("msg") or "").splitlines() or [""])[0], _ERROR)
        further = len((last.get("error") or {}).get("findings") or ()) - 1
        more = f" (and {further} more, above)" if line and further > 0 else ""
        return f"{line}{more}" or UNTOLD

    @property
    def cluster(self) -> Mapping[str, Any] | None:
        """The cluster as it was read last, None where there is none or nobody looked."""
        for name, one in (("status_cluster", "clusters"), ("teardown_clusters", "clusters")):
            found = self.result(name).get(one)
            if found:
                return dict(found[0])
        made = self.result("gke_cluster_result")
        return made.get("cluster") or (made.get("error") or {}).get("cluster") or None

    @property
    def node_pools(self) -> list[Mapping[str, Any]]:
        """The node pools that were read, each as it was read last."""
        # Where status compared, the pools of that result are those of the inventory.
        made = self.result("gpu_nodepool_result") if self.playbook != STATUS else {}
        pools = [
            *((self.cluster or {}).get("nodePools") or []),
            *(made.get("node_pools") or (made.get("error") or {}).get("node_pools") or []),
        ]
        known: dict[str, Mapping[str, Any]] = {}
        for pool in pools:
            # What a failure tells of a pool is not all that was read before.
            known[str(pool.get("name"))] = {**known.get(str(pool.get("name")), {}), **pool}
        return list(known.values())

    @property
    def cluster_goes(self) -> bool:
        """Whether the run removed its cluster, or would."""
        return f"cluster {self.place[2]}" in self.removed

    @property
    def going(self) -> list[str]:
        """The names of the node pools that the run removed, or would, by themselves or with their cluster."""
        names = [str(pool.get("name")) for pool in self.node_pools]
        return [name for name in names if self.cluster_goes or f"node pool {name}" in self.removed]

    @property
    def staying(self) -> list[Mapping[str, Any]]:
        """The node pools that are left, or would be, after the run."""
        return [pool for pool in self.node_pools if str(pool.get("name")) not in self.going]

    def own(self, pools: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
        """Those pools that the host's inventory has, the cluster's own one included; all, where it tells no names."""
        names = {self.text(name) for name in _POOLS} - {""}
        return [pool for pool in pools if not names or str(pool.get("name")) in names]

    @property
    def asleep(self) -> bool:
        """Whether a deployment found its model without replicas."""
        return bool((self.result("verify_result").get("start") or {}).get("asleep"))

    @property
    def place(self) -> tuple[str, str, str]:
        """Project, location and name of its cluster."""
        return self.text("llmops_project"), self.text("llmops_location"), self.text("llmops_cluster")
