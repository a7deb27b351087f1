# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fields of a cluster: logs, metrics and costs. Monitoring is replaced whole, so all of it is sent."""

from __future__ import annotations

from ..field import Field, Verb, keep

MONITORING = Verb("monitoringConfig", "update.desiredMonitoringConfig", base=keep)

GROUPS = {
    "loggingConfig": "Logs that the cluster sends to Cloud Logging.",
    "loggingConfig.componentConfig": "Components whose logs are collected.",
    "monitoringConfig": "Metrics that the cluster sends to Cloud Monitoring.",
    "monitoringConfig.componentConfig": "Components whose metrics are collected.",
    "monitoringConfig.managedPrometheusConfig": "Google Cloud Managed Service for Prometheus.",
    "monitoringConfig.managedPrometheusConfig.autoMonitoringConfig": "Automatic monitoring of well-known workloads.",
    "monitoringConfig.advancedDatapathObservabilityConfig": "Metrics of GKE Dataplane V2.",
    "costManagementConfig": "Cost allocation by namespace and label.",
}

FIELDS: tuple[Field, ...] = (
    Field(
        "loggingConfig.componentConfig.enableComponents",
        "set",
        "Components whose logs are collected. Components that are not listed are turned off.",
        choices=(
            "SYSTEM_COMPONENTS",
            "WORKLOADS",
            "APISERVER",
            "SCHEDULER",
            "CONTROLLER_MANAGER",
            "KCP_CONNECTION",
            "KCP_SSHD",
            "KCP_HPA",
        ),
        change=Verb("loggingConfig", "update.desiredLoggingConfig"),
    ),
    Field(
        "monitoringConfig.componentConfig.enableComponents",
        "set",
        "Components whose metrics are collected. Components that are not listed are left as they are unless "
        "O(exactly) lists this option.",
        choices=(
            "SYSTEM_COMPONENTS",
            "APISERVER",
            "SCHEDULER",
            "CONTROLLER_MANAGER",
            "STORAGE",
            "HPA",
            "POD",
            "DAEMONSET",
            "DEPLOYMENT",
            "STATEFULSET",
            "CADVISOR",
            "KUBELET",
            "DCGM",
            "JOBSET",
        ),
        change=MONITORING,
        partial=True,
    ),
    Field(
        "monitoringConfig.managedPrometheusConfig.enabled",
        "bool",
        "Enable managed collection of Prometheus metrics.",
        change=MONITORING,
    ),
    Field(
        "monitoringConfig.managedPrometheusConfig.autoMonitoringConfig.scope",
        "str",
        "Workloads to monitor automatically - all that GKE knows, or none.",
        choices=("ALL", "NONE"),
        change=MONITORING,
    ),
    Field(
        "monitoringConfig.advancedDatapathObservabilityConfig.enableMetrics",
        "bool",
        "Collect the metrics of GKE Dataplane V2.",
        change=MONITORING,
    ),
    Field(
        "costManagementConfig.enabled",
        "bool",
        "Break down the cluster's costs by namespace and label in Cloud Billing.",
        change=Verb("costManagementConfig", "update.desiredCostManagementConfig"),
    ),
)
