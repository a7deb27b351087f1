# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What GKE itself brings to a cluster, by its settings: the DCGM exporter, the driver of
Cloud Storage FUSE, the kinds of the Gateway API."""

from __future__ import annotations

import logging
import re

from llmops_gke_sandbox.agents.kubelet.volumes import GCS_FUSE
from llmops_gke_sandbox.faults import Faults
from llmops_gke_sandbox.google.container.service import Parts
from llmops_gke_sandbox.google.container.state import Cluster
from llmops_gke_sandbox.kubernetes.schema.published import published

_LOG = logging.getLogger(__name__)
_LOOK_EVERY_SECONDS = 10
NAMESPACE = "gke-managed-system"
_NAME = "dcgm-exporter"
_ACCELERATOR_LABEL = "cloud.google.com/gke-accelerator"


class Managed:
    """Brings what runs in every cluster to what its settings say."""

    def __init__(self, parts: Parts, faults: Faults) -> None:
        self._parts, self._faults = parts, faults

    async def run(self) -> None:
        """Go on until cancelled."""
        while True:
            await self._parts.clock.sleep(_LOOK_EVERY_SECONDS)
            for cluster in self._parts.store.all():
                where = {"project": self._parts.project, "location": cluster.location, "cluster": cluster.name}
                if cluster.backend is None or self._faults.take("addons_late", **where) is not None:
                    continue
                cluster.backend.set_csi_drivers(frozenset([GCS_FUSE] if _has_gcs_fuse(cluster) else []))
                try:
                    await cluster.backend.set_managed(NAMESPACE, exporter(), wanted=_is_monitored(cluster))
                    # Switched off, what is defined stays.
                    if _has_gateways(cluster):
                        await cluster.backend.define(published("gateway"))
                        if _has_pools(cluster):
                            await cluster.backend.define(published("inference"))
                except Exception:
                    _LOG.exception("what GKE manages in cluster %s is not as it should be", cluster.name)


def _is_monitored(cluster: Cluster) -> bool:
    components = cluster.body.get("monitoringConfig", {}).get("componentConfig", {}).get("enableComponents", [])
    return "DCGM" in components


def _has_gcs_fuse(cluster: Cluster) -> bool:
    return bool(cluster.body.get("addonsConfig", {}).get("gcsFuseCsiDriverConfig", {}).get("enabled"))


def _has_gateways(cluster: Cluster) -> bool:
    channel = cluster.body.get("networkConfig", {}).get("gatewayApiConfig", {}).get("channel")
    return channel == "CHANNEL_STANDARD"


def _has_pools(cluster: Cluster) -> bool:
    """Whether its release brings InferencePools: from 1.34.0-gke.1626000 on."""
    numbers = re.findall(r"\d+", cluster.body.get("currentMasterVersion", ""))
    return [int(one) for one in numbers] >= [1, 34, 0, 1626000]


def exporter() -> dict:
    """Return the DaemonSet of GKE's own exporter."""
    labels = {"app.kubernetes.io/name": "gke-managed-dcgm-exporter"}
    expression = {"key": _ACCELERATOR_LABEL, "operator": "Exists"}
    terms = {"nodeSelectorTerms": [{"matchExpressions": [expression]}]}
    container = {
        "name": _NAME,
        "image": "gke.gcr.io/gke-dcgm-exporter:4.4.1-4.6.0-gke.17",
        "env": [{"name": "DCGM_EXPORTER_KUBERNETES", "value": "true"}],
        "ports": [{"name": "metrics", "containerPort": 9400}],
        "livenessProbe": {"httpGet": {"path": "/health", "port": 9400}, "periodSeconds": 20},
        "readinessProbe": {"httpGet": {"path": "/health", "port": 9400}, "periodSeconds": 5},
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {"name": _NAME, "namespace": NAMESPACE, "labels": labels},
        "spec": {
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {
                    "affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": terms}},
                    "tolerations": [{"operator": "Exists"}],
                    "containers": [container],
                },
            },
        },
    }
