# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules of the cluster's own pool and the GPU node pools."""

from __future__ import annotations

import re

from ....core.rules import Rule, least
from .evaluation import Values

_POOL_NAME = re.compile(r"[a-z]([-a-z0-9]{0,38}[a-z0-9])?")


def _fewest_and_most(pool: str) -> Rule:
    fewest, most = f"{pool}_min_node_count", f"{pool}_max_node_count"
    return Rule(
        fewest,
        (fewest, most),
        lambda values: values[fewest] <= values[most],
        lambda values: f"at most {most} ({values[most]})",
    )


def _is_new_name(values: Values) -> bool:
    name = values["gpu_nodepool_on_demand_name"]
    others = [values["gpu_nodepool_name"], values["gke_cluster_pool_name"]]
    return _POOL_NAME.fullmatch(str(name)) is not None and name not in others


RULES = (
    Rule(
        "gpu_nodepool_on_demand_name",
        ("gpu_nodepool_on_demand_name", "gpu_nodepool_on_demand_fallback", "gpu_nodepool_name"),
        lambda values: not values["gpu_nodepool_on_demand_fallback"] or _is_new_name(values),
        "1 to 40 lower-case letters, digits and hyphens, first a letter, and no other pool's name",
        optional=("gke_cluster_pool_name",),
    ),
    _fewest_and_most("gpu_nodepool"),
    _fewest_and_most("gke_cluster_pool"),
    Rule(
        "gpu_nodepool_locations_in_order",
        ("gpu_nodepool_locations_in_order", "gpu_nodepool_on_demand_fallback"),
        lambda values: not (values["gpu_nodepool_locations_in_order"] and values["gpu_nodepool_on_demand_fallback"]),
        "false with gpu_nodepool_on_demand_fallback, whose pools are created without nodes: the autoscaler finds the "
        "zone that has stock by gpu_nodepool_fields: {autoscaling: {location_policy: ANY}}",
    ),
    Rule(
        "gpu_nodepool_on_demand_fallback",
        ("gpu_nodepool_on_demand_fallback", "llmops_spot", "gpu_nodepool_autoscaling_enabled"),
        lambda values: (
            not values["gpu_nodepool_on_demand_fallback"]
            or (values["llmops_spot"] and values["gpu_nodepool_autoscaling_enabled"])
        ),
        "true only with llmops_spot and gpu_nodepool_autoscaling_enabled: it is the autoscaler that takes on-demand "
        "machines where no Spot machine can be had",
    ),
    least("gpu_nodepool_min_node_count", 0),
    least("gpu_nodepool_timeout", 1),
    least("gke_cluster_timeout", 1),
)
