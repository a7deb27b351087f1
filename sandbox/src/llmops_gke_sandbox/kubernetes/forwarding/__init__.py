# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Port forwarding: connections to a pod's ports, carried in the frames of one connection to the API server."""
