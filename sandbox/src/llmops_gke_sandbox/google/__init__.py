# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Google's part: tokens, the GKE API, what is read of Compute, Service Usage and the Resource Manager."""
