# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every played model server has in common: the GPU's speed and memory, the batch, the tokens, the answer."""
