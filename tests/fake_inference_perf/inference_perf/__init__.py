# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stands in for inference-perf, which needs Python 3.12 and 800 MB: same way in, same files out, a few requests."""
