# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Monitoring components that are enabled when a cluster is created, and left alone afterwards. Pure."""

from __future__ import annotations

from typing import Any

from .fields.cluster.telemetry import FIELDS
from .fields.field import dig

COMPONENTS = next(field for field in FIELDS if field.path == "monitoringConfig.componentConfig.enableComponents")
"""The row of all that are monitored."""


def with_initial_components(options: dict[str, Any], current: dict[str, Any] | None) -> dict[str, Any]:
    """The options of a cluster with ``initial_monitoring_components`` among those that are monitored.

    Of a cluster that is to be created all of them. Of the ``current`` one those that it has, and those that it has of
    ``keep_monitoring_components``: they are neither enabled nor, where the list is to be exact, disabled.
    """
    initial = options.get("initial_monitoring_components") or []
    kept = {*initial, *(options.get("keep_monitoring_components") or [])}
    monitoring = options.get("monitoring_config") or {}
    components = monitoring.get("component_config") or {}
    named = components.get("enable_components")
    if current is not None:
        have = dig(current, COMPONENTS.path) or []
        initial = [] if named is None else [component for component in sorted(kept) if component in have]
    if not initial:
        return options
    wanted = {**components, "enable_components": sorted({*(named or []), *initial})}
    return {**options, "monitoring_config": {**monitoring, "component_config": wanted}}
