# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prometheus, its adapters, and Google's metrics adapter."""
