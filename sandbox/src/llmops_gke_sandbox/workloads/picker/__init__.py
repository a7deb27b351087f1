# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""llm-d's endpoint picker: which pod of an InferencePool takes a request."""
