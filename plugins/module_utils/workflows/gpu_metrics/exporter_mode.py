# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who runs the exporter: GKE, a DaemonSet of ours, or nobody; one that is not wanted goes before another comes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ...core.deadline import Deadline, backoff
from ...core.errors import LlmopsError
from ...core.option_names import option
from ...core.reconcile import add_next
from ...core.result import Progress, Result
from ...gke.client import Place
from ...gke.cluster import ClusterReader, ClusterTarget
from ...gke.fields.argument_spec import spec_of
from ...gke.fields.cluster.table import CLUSTER_FIELDS
from ...gke.fields.field import dig
from ...gke.session import Session
from ...gke.target import converge
from ...kubernetes.apply.apply_set import PART_OF, ApplySet
from ...kubernetes.apply.apply_task import ApplySettings, ApplyTask
from ...kubernetes.apply.outcomes import result_of
from ...kubernetes.client.api import KubernetesApi
from ...kubernetes.client.resources import DAEMON_SET
from ...kubernetes.objects.manifests import Manifest
from ..cluster_access import ClusterAccess
from .exporters import exporter_daemon_sets, is_of_gke

COMPONENT = "DCGM"
"""The component of GKE's monitoring that is its exporter."""

COMPONENTS = next(
    field for field in CLUSTER_FIELDS if field.path == "monitoringConfig.componentConfig.enableComponents"
)


class AnotherExporter(LlmopsError):
    """Somebody else's exporter reads the GPUs already."""

    kind = "another_exporter"


class _Monitoring(ClusterTarget):
    """The monitoring of a cluster: where nothing differs, what GKE is doing to the cluster is not waited for."""

    def _waited_for(self, current: dict[str, Any] | None) -> dict[str, Any] | None:
        if current is not None and current.get("status") == "RECONCILING" and not self._updates(current):
            return current
        return super()._waited_for(current)


@dataclass(frozen=True)
class ExporterMode:
    """The exporter of one cluster. options: those of gpu_metrics_exporter."""

    access: ClusterAccess
    options: dict[str, Any]
    check: bool
    deadline: Deadline
    progress: Progress

    @property
    def apply_set(self) -> ApplySet:
        """The set that our exporter's objects are."""
        return ApplySet.named(self.options["apply_set"], self.options["namespace"])

    @property
    def collected(self) -> list[str]:
        """The components that GKE's monitoring collects now."""
        return dig(self.access.cluster or {}, COMPONENTS.path) or []

    def absent(self) -> Result:
        """Remove our exporter, and leave GKE's as it is."""
        return result_of(self._task().remove([]))

    def nobody(self) -> Result:
        """Remove our exporter, then let GKE end its own."""
        result = result_of(self._task().remove([]))
        add_next(result, self._withdraw, check=self.check)
        return result

    def managed(self) -> Result:
        """Remove our exporter, then let GKE run its own. Raises AnotherExporter."""
        if self.access.api is None:
            return result_of([])
        if COMPONENT not in self.collected:
            self._refuse_others(exporter_daemon_sets(self.access.api), "GKE's own exporter")
        result = result_of(self._task().remove([]))
        monitoring = {
            "component_config": {"enable_components": self.options["components"]},
            "managed_prometheus_config": {"enabled": True},
        }
        add_next(result, lambda: self._converged(monitoring, ()), check=self.check)
        return result

    def daemon_set(self, manifests: Sequence[Manifest]) -> Result:
        """Let GKE end its own exporter, wait until it runs nowhere, then apply ours. Raises AnotherExporter."""
        if self.access.api is None:
            return result_of(self._task().apply(manifests))
        live = self.apply_set.read(self.access.api, manifests)
        runs = any(ref.kind == DAEMON_SET for ref in live.members)
        if not runs:
            self._refuse_others(exporter_daemon_sets(self.access.api), "another one")
        result = self._withdraw()
        if not self.check and (result.changed or not runs):
            self._wait_until_gke_runs_none(self.access.api)
        add_next(result, lambda: result_of(self._task().apply(manifests, live)), check=self.check)
        return result

    def _task(self) -> ApplyTask:
        settings = ApplySettings(create_namespace=True, apply_set=self.apply_set, prune=True)
        return ApplyTask(self.access.api, settings, self.check, self.deadline, self.progress)

    def _withdraw(self) -> Result:
        """Let GKE no longer run its own exporter."""
        if COMPONENT not in self.collected:
            return Result()
        left = sorted(set(self.collected) - {COMPONENT})
        return self._converged({"component_config": {"enable_components": left}}, (COMPONENTS.option,))

    def _converged(self, monitoring: dict[str, Any], exactly: Sequence[str]) -> Result:
        """Bring the cluster's monitoring to this."""
        gke, name = self.access.gke, self.options["cluster"]
        if gke is None:
            raise LlmopsError("GKE's own exporter is managed only on a cluster that is named by project and location")
        options = {
            **dict.fromkeys(spec_of(CLUSTER_FIELDS)),
            "name": name,
            "state": "present",
            "node_pools": None,
            "monitoring_config": monitoring,
            "exactly": exactly,
        }
        place = Place(self.options["project"], self.options["location"], name)
        session = Session(gke, self.check, self.progress)
        target = _Monitoring(options, session, ClusterReader(gke, place, self.access.cluster))
        result, cluster = converge(target)
        result.values["components"] = sorted(dig(cluster or {}, COMPONENTS.path) or [])
        result.before = {target.resource: result.before} if result.changed else {}
        result.after = {target.resource: result.after} if result.changed else {}
        return result

    def _refuse_others(self, found: list[dict[str, Any]], ours: str) -> None:
        ours_by_label = self.apply_set.id
        others = [
            f"DaemonSet {one['metadata']['namespace']}/{one['metadata']['name']}"
            for one in found
            if not is_of_gke(one) and (one["metadata"].get("labels") or {}).get(PART_OF) != ours_by_label
        ]
        if others:
            raise AnotherExporter(
                f"{' and '.join(others)} already exports the figures of the GPUs of "
                f"{self.options.get('cluster') or 'the cluster'}; with {ours} each would be there twice. Keep it with "
                f"{option('mode')} none, or remove it",
                objects=others,
            )

    def _wait_until_gke_runs_none(self, api: KubernetesApi) -> None:
        pauses = backoff()
        doing = "wait until GKE's own exporter runs nowhere"
        with self.deadline.polling() as pause:
            while running := [
                f"DaemonSet {one['metadata']['namespace']}/{one['metadata']['name']}"
                for one in exporter_daemon_sets(api)
                if is_of_gke(one) and (one.get("status") or {}).get("currentNumberScheduled")
            ]:
                self.progress(f"{doing}: {' and '.join(running)}")
                pause(next(pauses), doing, " and ".join(running))
