# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The adapter that serves the custom metrics API to autoscalers: a cluster has one, for all of its deployments.

The API is one APIService, whichever adapter it names. Ours is applied as a set, so that one that takes another's place,
or is no longer wanted, goes whole. One that somebody else installed is used as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..core.deadline import Deadline
from ..core.errors import InvalidOption, LlmopsError
from ..core.reconcile import add_next
from ..core.result import Progress, Result
from ..kubernetes.apply.apply_set import ApplySet, LiveSet
from ..kubernetes.apply.apply_task import ApplySettings, ApplyTask
from ..kubernetes.apply.outcomes import result_of
from ..kubernetes.client.api import KubernetesApi
from ..kubernetes.client.resources import API_SERVICE, HPA, ObjectRef
from ..kubernetes.objects.manifests import Manifest
from ..kubernetes.wait.readiness import only
from .cluster_access import ClusterAccess
from .service_account_roles import Grant, give

CUSTOM_METRICS = ObjectRef(API_SERVICE, None, "v1beta1.custom.metrics.k8s.io")
METRICS_READER = "roles/monitoring.viewer"
"""The role by which Google's adapter reads Cloud Monitoring."""

_MANAGED_BY, _US = "app.kubernetes.io/managed-by", "llmops.gke"
_FROM_ADAPTERS = frozenset({"Pods", "Object", "External"})
"""Types of an autoscaler's metrics that only an adapter serves."""


class AnotherAdapter(LlmopsError):
    """Other autoscalers of the cluster need the adapter that is there, and two cannot serve one API."""

    kind = "another_adapter"


@dataclass(frozen=True)
class MetricsAdapter:
    """The adapter of one cluster. options: those of custom_metrics_adapter."""

    access: ClusterAccess
    options: dict[str, Any]
    check: bool
    deadline: Deadline
    progress: Progress

    def install(self, manifests: Sequence[Manifest]) -> Result:
        """Have this adapter serve the API, unless somebody else's does. Raises AnotherAdapter, InvalidOption.

        The result's values: ``served_by``, and ``users``, the other autoscalers that keep another adapter in place.
        """
        wanted = next((manifest.body for manifest in manifests if manifest.ref == CUSTOM_METRICS), None)
        if wanted is None:
            raise InvalidOption("manifests", [str(each.ref) for each in manifests], f"one of {CUSTOM_METRICS}, too")
        manifests = [_marked(manifest) if manifest.ref == CUSTOM_METRICS else manifest for manifest in manifests]
        api, live = self.access.api, LiveSet()
        if api is not None:
            live = self._set.read(api, manifests)
            serving = live.members.get(CUSTOM_METRICS) or api.get(CUSTOM_METRICS)
            if serving is not None and not _is_ours(serving):
                return self._result([], served_by=_served_by(serving))
            if serving is not None and _served_by(serving) != _served_by(wanted):
                self._refuse_to_replace(api, serving, wanted)
        result = self._result([], served_by=_served_by(wanted))
        result.add(self._let_read(self._accounts(manifests)))
        add_next(result, lambda: result_of(self._task.apply(manifests, live if api else None)), check=self.check)
        return result

    def remove(self) -> Result:
        """Remove our adapter where no autoscaler but the task's own needs it; those that do are the value ``users``."""
        api = self.access.api
        if api is None:
            return self._result([])
        live = self._set.read(api)
        if live.parent is None:
            return self._result([])
        _own, users = self._autoscalers(api)
        if users:
            return self._result(users, served_by=_served_by(live.members.get(CUSTOM_METRICS) or {}))
        result = self._result([])
        add_next(result, lambda: result_of(self._task.remove([], live)), check=self.check)
        return result

    @property
    def _set(self) -> ApplySet:
        return ApplySet.named(self.options["apply_set"], self.options["namespace"])

    @property
    def _task(self) -> ApplyTask:
        settings = ApplySettings(
            create_namespace=True,
            apply_set=self._set,
            prune=True,
            ready=only(None) if self.options["wait"] else None,
        )
        return ApplyTask(self.access.api, settings, self.check, self.deadline, self.progress)

    @staticmethod
    def _result(users: list[str], *, served_by: str | None = None) -> Result:
        return Result(values={"served_by": served_by, "users": users, "objects": [], "totals": {}})

    def _accounts(self, manifests: Sequence[Manifest]) -> list[ObjectRef]:
        """The service accounts that have to read Cloud Monitoring."""
        if self.options["adapter"] != "stackdriver" or not self.options["iam"]:
            return []
        return [manifest.ref for manifest in manifests if manifest.ref.kind.kind == "ServiceAccount"]

    def _let_read(self, accounts: Sequence[ObjectRef]) -> Result:
        """Let the service accounts read Cloud Monitoring."""
        grants = [Grant(str(account.namespace), account.name, METRICS_READER) for account in accounts]
        return give(self.access, self.options, grants, self.deadline, self.progress, check=self.check)

    def _autoscalers(self, api: KubernetesApi) -> tuple[bool, list[str]]:
        """Whether the task's own autoscaler is there, and NAMESPACE/NAME of all others that need an adapter."""
        found = {f"{one['metadata']['namespace']}/{one['metadata']['name']}": one for one in api.list(HPA)}
        own = found.pop(self.options.get("autoscaler") or "", None)
        return own is not None, sorted(name for name, one in found.items() if _needs_adapter(one))

    def _refuse_to_replace(self, api: KubernetesApi, serving: dict[str, Any], wanted: dict[str, Any]) -> None:
        """Raise AnotherAdapter where the adapter that is there serves others than the task's own autoscaler."""
        own, users = self._autoscalers(api)
        if own and not users:
            return
        named = ", ".join(f"HorizontalPodAutoscaler {name}" for name in users)
        raise AnotherAdapter(
            f"{self.options.get('cluster') or 'the cluster'} has its custom metrics from {_served_by(serving)}"
            + (f", which {named} needs" if users else ", which was installed for another autoscaler")
            + f"; {_served_by(wanted)} cannot serve {CUSTOM_METRICS.name} beside it: use the same adapter for all "
            "autoscalers of a cluster, or remove that one first (adapter none)",
            serving=_served_by(serving),
            wanted=_served_by(wanted),
            users=users,
        )


def _marked(manifest: Manifest) -> Manifest:
    """The APIService's manifest with the label by which it is known as ours, as long as nobody takes that away."""
    metadata = manifest.body["metadata"]
    labels = {**(metadata.get("labels") or {}), _MANAGED_BY: _US}
    return replace(manifest, body={**manifest.body, "metadata": {**metadata, "labels": labels}})


def _is_ours(api_service: dict[str, Any]) -> bool:
    return (api_service["metadata"].get("labels") or {}).get(_MANAGED_BY) == _US


def _served_by(api_service: dict[str, Any]) -> str | None:
    """NAMESPACE/NAME of the Service behind an APIService."""
    service = (api_service.get("spec") or {}).get("service") or {}
    return f"Service {service.get('namespace')}/{service['name']}" if "name" in service else None


def _needs_adapter(autoscaler: dict[str, Any]) -> bool:
    return any(metric.get("type") in _FROM_ADAPTERS for metric in autoscaler["spec"].get("metrics") or [])
