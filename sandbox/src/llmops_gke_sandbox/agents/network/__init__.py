# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where addresses of pods, Services and load balancers lead."""
