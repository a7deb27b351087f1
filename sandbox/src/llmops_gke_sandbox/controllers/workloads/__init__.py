# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pods for Deployments, ReplicaSets, StatefulSets, DaemonSets and Jobs."""
