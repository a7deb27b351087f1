# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The HTTP side of the API server: paths, who may do what, and how answers are written."""
