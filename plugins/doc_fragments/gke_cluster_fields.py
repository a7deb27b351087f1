# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of a cluster's fields, written in the field table."""

from __future__ import annotations

import json
from typing import ClassVar

from ..module_utils.gke.fields.cluster.table import CLUSTER_FIELDS, GROUPS
from ..module_utils.gke.fields.documentation import documented, exactly


class ModuleDocFragment:
    """See plugins/module_utils/gke/fields/argument_spec.py for the argument spec that is made from the same table."""

    DOCUMENTATION: ClassVar[str] = json.dumps(
        {"options": {**documented(CLUSTER_FIELDS, GROUPS), "exactly": exactly(CLUSTER_FIELDS)}}
    )
