# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A simulated Google Kubernetes Engine on loopback, for trying and testing the llmops.gke collection."""

__version__ = "0.1.0"
