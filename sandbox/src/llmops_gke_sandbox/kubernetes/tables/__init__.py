# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Objects as tables for people: what ``kubectl get`` prints."""
