# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What becomes of objects when they are written, scaled, evicted and deleted."""
