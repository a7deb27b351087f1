# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows of a cluster: logs, metrics and costs. Monitoring is replaced whole, so all of it goes along."""

from __future__ import annotations

from ..field import Field, Verb, keep

MONITORING = Verb("monitoringConfig", "update.desiredMonitoringConfig", base=keep)

GROUPS = {
    "loggingConfig": "Cloud Logging.",
    "loggingConfig.componentConfig": "Which components log to it.",
    "monitoringConfig": "Cloud Monitoring.",
    "monitoringConfig.componentConfig": "Which components send metrics to it.",
    "monitoringConfig.managedPrometheusConfig": "Google Cloud Managed Service for Prometheus.",
    "monitoringConfig.managedPrometheusConfig.autoMonitoringConfig": "Workloads that it reads by itself.",
    "monitoringConfig.advancedDatapathObservabilityConfig": "Metrics of GKE Dataplane V2.",
    "costManagementConfig": "Costs by namespace and label, in Cloud Billing.",
}

FIELDS: tuple[Field, ...] = (
    Field(
        "loggingConfig.componentConfig.enableComponents",
        "set",
        "The components; others are turned off.",
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
        "Components that must be among those that do; others are left as they are (O(exactly)).",
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
    Field("monitoringConfig.managedPrometheusConfig.enabled", "bool", "Whether it is on.", change=MONITORING),
    Field(
        "monitoringConfig.managedPrometheusConfig.autoMonitoringConfig.scope",
        "str",
        "All of them or none.",
        choices=("ALL", "NONE"),
        change=MONITORING,
    ),
    Field(
        "monitoringConfig.advancedDatapathObservabilityConfig.enableMetrics",
        "bool",
        "Whether they are sent.",
        change=MONITORING,
    ),
    Field(
        "costManagementConfig.enabled",
        "bool",
        "Whether they are told.",
        change=Verb("costManagementConfig", "update.desiredCostManagementConfig"),
    ),
)
