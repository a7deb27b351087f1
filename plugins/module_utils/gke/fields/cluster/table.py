# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fields of a cluster (GKE v1, schemas Cluster and ClusterUpdate), in the order in which they are changed.

Maintenance comes first, because an exclusion also applies to the changes that follow; access to the control plane
comes last, so that no endpoint is closed while there is more to do.
"""

from __future__ import annotations

from ..field import Field
from . import access, addons, maintenance, network, provisioning, security, telemetry

_TABLES = (
    maintenance,
    network,
    addons,
    security,
    telemetry,
    provisioning,
    access,
)

CLUSTER_FIELDS: tuple[Field, ...] = tuple(field for table in _TABLES for field in table.FIELDS)

GROUPS: dict[str, str] = {path: about for table in _TABLES for path, about in table.GROUPS.items()}
"""The description of each option that holds others, by its path."""
