# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Kubernetes API server that somebody else runs, with the sandbox as the cloud around it."""
