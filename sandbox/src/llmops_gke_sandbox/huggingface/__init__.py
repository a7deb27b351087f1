# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Hugging Face Hub, as far as it says what a model is and who may have it."""
