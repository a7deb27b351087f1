# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person can do where GKE does not change a field in place."""

from __future__ import annotations

from ...core.option_names import option
from .field import Immutable

ANOTHER_CLUSTER = Immutable("create a cluster of another name with it and move over, or delete this one first")
ANOTHER_POOL = Immutable(
    f"have the node pool replaced ({option('recreate')}: true), or create one of another name with it, let the "
    "workload move there, then remove this one (state=absent)"
)
