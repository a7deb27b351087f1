# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cloud's part inside a cluster: nodes, what runs on them, the network, Managed Prometheus.

Agents speak to the API server by list, watch and writes alone, so that any API server can stand there.
"""
