# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which nodes a new node pool's pods can go to; tests/contract/gke/test_nodes_ready.py shows what comes of it."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.workflows.node_pools.nodes import takes_pods

READY = {"type": "Ready", "status": "True"}


def node(*conditions: dict[str, Any], meta: dict[str, Any] | None = None, **spec: Any) -> dict[str, Any]:
    return {"metadata": {"name": "n", **(meta or {})}, "spec": spec, "status": {"conditions": list(conditions)}}


@pytest.mark.parametrize(
    ("found", "takes"),
    [
        (node({"type": "DiskPressure", "status": "False"}, READY), True),
        (node(), False),
        (node({"type": "Ready", "status": "Unknown"}), False),
        (node({"type": "MemoryPressure", "status": "True"}), False),
        (node(READY, unschedulable=True), False),
        (node(READY, meta={"deletionTimestamp": "2026-01-01T00:00:00Z"}), False),
        ({"metadata": {"name": "n"}}, False),
        ({"metadata": {"name": "n"}, "status": {"conditions": [READY]}}, True),
    ],
)
def test_a_node_takes_pods_when_it_is_ready_and_stays(found: dict[str, Any], takes: bool):
    assert takes_pods(found) is takes
