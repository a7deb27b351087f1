# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of a cluster's fields, written in the field table."""

from __future__ import annotations

import json
from typing import ClassVar

from ansible_collections.llmops.gke.plugins.module_utils.gke.cluster_fields import CLUSTER_FIELDS, GROUPS
from ansible_collections.llmops.gke.plugins.module_utils.gke.field_docs import documented, exactly


class ModuleDocFragment:
    """See plugins/module_utils/gke_options.py for the argument spec that is made from the same table."""

    DOCUMENTATION: ClassVar[str] = json.dumps(
        {"options": {**documented(CLUSTER_FIELDS, GROUPS), "exactly": exactly(CLUSTER_FIELDS)}}
    )
