# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules of role vllm, and that those of the engine that is asked for hold and no other's."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.workflows.preflight.deployment import read_deployment
from ansible_collections.llmops.gke.plugins.module_utils.workflows.preflight.rules.table import check_rules
from tests.unit.preflight_plans import deployment_plan

ROLES = ("llmops", "model_server", "tgi_mistral", "vllm")
SERVED = {"replicas": {"least": 1, "most": 1}, "shards": 1}
SIGNALS = {"waiting_requests": "vllm:num_requests_waiting", "kv_cache_usage": "vllm:kv_cache_usage_perc"}


def texts(engine: str = "vllm", **changes: Any) -> list[str]:
    plan = deployment_plan(model=SERVED, roles=ROLES, options={"llmops_engine": engine, **changes})
    shards = changes.get("vllm_tensor_parallel_size", 1)
    plan["plans"]["vllm"] = {"engine": "vllm", "shards": shards, "signals": SIGNALS, "user": changes.pop("user", 2000)}
    plan["variables"]["vllm"] = {"shards": "vllm_tensor_parallel_size"}
    return [finding.text for finding in check_rules(read_deployment(plan), [])]


BREAKS: list[tuple[dict[str, Any], str]] = [
    ({"vllm_port": 0}, "vllm_port: 0 is not accepted; it takes 1 or more"),
    ({"vllm_max_model_len": -1}, "vllm_max_model_len: -1 is not accepted"),
    ({"vllm_gpu_memory_utilization": 0}, "vllm_gpu_memory_utilization: 0 is not accepted; it takes more than 0"),
    ({"vllm_gpu_memory_utilization": 1.01}, "vllm_gpu_memory_utilization: 1.01 is not accepted"),
    ({"vllm_extra_args": ["--max-num-seqs 64"]}, "vllm_extra_args: "),
    ({"vllm_extra_args": ["serve"]}, "vllm_extra_args: "),
    ({"vllm_command": []}, "vllm_command: [] is not accepted"),
    ({"vllm_image": ""}, "vllm_image: "),
    (
        {"vllm_tensor_parallel_size": 2},
        "vllm_tensor_parallel_size: 2 is not accepted; it takes the value of llmops_gpus",
    ),
    ({"model_server_data_volume": "host_path"}, 'model_server_data_volume: "host_path" is not accepted'),
    ({"model_server_hpa_signals": [{"signal": "running_requests", "target": 1}]}, "model_server_hpa_signals: "),
]


@pytest.mark.parametrize(("changes", "said"), BREAKS, ids=str)
def test_what_breaks_a_rule_is_named(changes, said):
    (text,) = texts(**changes)
    assert text.startswith(said)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"llmops_served_name": "mistral"},
        {"vllm_gpu_memory_utilization": 1},
        {"model_server_hpa_signals": [{"signal": "kv_cache_usage", "target": 80}]},
        {"tgi_mistral_num_shard": 0},
        {"model_server_data_volume": "host_path", "user": 0},
        {"model_server_data_volume": "host_path", "model_server_restricted": False},
    ],
    ids=str,
)
def test_what_holds(changes):
    assert texts(**changes) == []


def test_another_engine_s_rules_are_its_own():
    assert texts("tgi", vllm_port=0) == []
