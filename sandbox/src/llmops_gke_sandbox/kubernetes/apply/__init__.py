# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a write changes an object, and who owns which of its fields."""
