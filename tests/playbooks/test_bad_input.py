# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What cannot work is refused by deploy.yml before anything is created, in a line that names the option."""

from __future__ import annotations

import json
import re

import pytest

CASES = {
    "a project's name instead of its id": ({"llmops_project": "My Project"}, "llmops_project", "project's id"),
    "a region for a zone": ({"llmops_zones": ["us-central1"]}, "llmops_zones", "such as [us-central1-a]"),
    "a zone of another region": ({"llmops_zones": ["europe-west4-a"]}, "llmops_zones", "zones of us-central1"),
    "the tutorial's workload pool": (
        {"gke_cluster_workload_pool": "sandbox-projectsvc.id.goog"},
        "workload_pool",
        "sandbox-project.svc.id.goog",
    ),
    "two local SSDs on a g2-standard-12": ({"gpu_nodepool_local_ssd_count": 2}, "local_ssd_count", "1"),
    "minimum over maximum": ({"gpu_nodepool_min_node_count": 3}, "gpu_nodepool_min_node_count", "at most"),
    "an autoscaler over the GPUs": (
        {"model_server_hpa_enabled": True, "model_server_hpa_max_replicas": 10},
        "model_server_hpa_max_replicas",
        "2 at most",
    ),
    "no token for a gated model": ({"llmops_hf_token": ""}, "token", "HF_TOKEN"),
    "a token that the Hub does not know": ({"llmops_hf_token": "nonsense"}, "token", "401"),
    "a typo in the thresholds": ({"verify_thresholds": {"ttft": 1}}, "verify_thresholds", "ttft_seconds"),
    "a model that is not there": ({"llmops_model": "mistralai/nope"}, "model", "mistralai/nope"),
    "requests too long": ({"llmops_engine": "vllm", "vllm_max_model_len": 32769}, "vllm_max_model_len", "32768"),
    "a request too long, for weights on a disk": (
        {
            "llmops_engine": "vllm",
            "vllm_max_model_len": 400,
            "llmops_weights": "disk",
            "llmops_weights_disk_image": "weights",
            "llmops_weights_disk_path": "/",
        },
        "verify_parameters.max_tokens",
        "vllm_max_model_len",
    ),
    "a driver that is not there": ({"gpu_nodepool_gpu_driver_version": "NEWEST"}, "gpu_driver_version", "LATEST"),
}

# Wrong values that a run tells together, and what it says of each.
TOGETHER = {
    "numbers, names and texts": (
        {
            "llmops_spot": True,
            "gpu_nodepool_on_demand_fallback": True,
            "gpu_nodepool_on_demand_name": "mistral-gpu-pool",
            "gpu_nodepool_timeout": -1,
            "llmops_replicas": -1,
            "model_server_hpa_enabled": True,
            "model_server_hpa_signals": [{"signal": "waiting_requests", "target": 0}],
            "model_server_hpa_behavior": {"scaleDown": {"stabilizationWindowSeconds": 7200}},
            "llmops_hpa_name": "My HPA",
            "model_server_hpa_prometheus_labels": {"cluster": 'x"} or vector(1)'},
            "model_server_hpa_adapter_image": "",
            "llmops_gpu_metrics": "daemonset",
            "dcgm_exporter_counters": ["DCGM_FI_DEV_GPU_UTIL"],
            "dcgm_exporter_interval": "soon",
            "dcgm_exporter_namespace": "Gpu Metrics",
            "verify_load_clients": 0,
            "llmops_prices": {"nvidia-l4": -1},
        },
        (
            'gpu_nodepool_on_demand_name: "mistral-gpu-pool" is not accepted',
            "gpu_nodepool_timeout: -1 is not accepted; it takes 1 or more",
            "llmops_replicas: -1 is not accepted; it takes 0 or more",
            "is not accepted; it takes at least one signal, each once, with a target of 1 or more",
            "it takes stabilizationWindowSeconds of 0 to 3600",
            'llmops_hpa_name: "My HPA" is not accepted',
            "model_server_hpa_prometheus_labels: ",
            'model_server_hpa_adapter_image: "" is not accepted; it takes an image',
            "it takes a list of [field of DCGM, type, help], with every field that is needed: DCGM_FI_DEV_FB_USED, ",
            'dcgm_exporter_interval: "soon" is not accepted; it takes a duration such as 15s',
            'dcgm_exporter_namespace: "Gpu Metrics" is not accepted',
            "verify_load_clients: 0 is not accepted",
            "prices.nvidia-l4: -1 is not accepted",
        ),
    ),
    "texts for lists, and names that are none": (
        {
            "gpu_nodepool_locations": "us-central1-a",
            "model_server_hpa_enabled": True,
            "model_server_hpa_signals": ["waiting_requests"],
            "model_server_hpa_behavior": {"scaleup": {}, "scaleDown": {"policies": [{"type": "Pods", "value": 0}]}},
            "dcgm_exporter_components": ["SYSTEM_COMPONENTS"],
            "llmops_hf_token": "",
        },
        (
            'gpu_nodepool_locations: "us-central1-a" is not accepted; it takes a list of different zones',
            "Elements value for option 'model_server_hpa_signals' is of type str",
            "missing required arguments: periodSeconds found in model_server_hpa_behavior -> scaleDown -> policies",
            "model_server_hpa_behavior.scaleup. Supported parameters include: scaleDown, scaleUp",
            "dcgm_exporter_components: ",
            "HF_TOKEN",
        ),
    ),
}


@pytest.fixture(scope="module")
def refused(sandbox, tmp_path_factory):
    """One run of many hosts, each with wrong values, on a cluster of its own: the lines that each is refused with."""
    wrong = {case: variables for case, (variables, *_rest) in (CASES | TOGETHER).items()}
    # Together they are more than the quota has.
    own = {f"h{n}": {"llmops_cluster": f"c{n}", "preflight_skip": ["quota"]} for n in range(len(wrong))}
    hosts = {host: own[host] | variables for host, variables in zip(own, wrong.values(), strict=True)}
    inventory = tmp_path_factory.mktemp("wrong") / "hosts.json"
    inventory.write_text(json.dumps({"all": {"hosts": hosts}}))
    sandbox.forget_requests()
    inventories = ("-i", "inventories/sandbox", "-i", str(inventory), "--limit", ",".join(hosts))
    run = sandbox.play("deploy.yml", *inventories, ANSIBLE_CALLBACK_RESULT_FORMAT="json")
    assert run.code != 0, run.output
    parts = re.split(r"^fatal: \[(h\d+)\]: FAILED! => ", run.output, flags=re.MULTILINE)[1:]
    found = {host: json.JSONDecoder().raw_decode(rest)[0] for host, rest in zip(parts[::2], parts[1::2], strict=True)}
    assert found.keys() == hosts.keys(), run.output
    assert sandbox.writes() == []
    return {case: found[host]["msg"].splitlines() for case, host in zip(wrong, hosts, strict=True)}


@pytest.mark.parametrize("case", CASES)
def test_bad_input_is_refused_by_name_and_nothing_is_created(refused, case):
    _variables, option, accepted = CASES[case]
    assert any(option in line and accepted in line for line in refused[case]), refused[case]


@pytest.mark.parametrize("case", TOGETHER)
def test_wrong_values_are_told_together_each_once(refused, case):
    told = " ".join(refused[case])
    parts = TOGETHER[case][1]
    assert {part: told.count(part) for part in parts} == dict.fromkeys(parts, 1), told


def test_tags_that_leave_the_checks_out_do_not_leave_the_words_out(sandbox):
    sandbox.forget_requests()
    wrong = {"llmops_replicas": "many", "gpu_nodepool_timeout": "long"}
    run = sandbox.play("deploy.yml", "--tags", "gke_cluster", variables=wrong)
    assert run.code != 0
    failure, _summary, told = run.output.rpartition("fatal: ")[2].partition("TASK [Summary]")
    for option in wrong:
        assert failure.count(f"{option}: ") == 2, run.output  # In msg, and among the findings.
    assert "FAILED: llmops_replicas: " in told and "(and 1 more, above)" in " ".join(told.split())
    assert sandbox.writes() == []


@pytest.mark.parametrize("role", ["gpu_nodepool", "dcgm_exporter", "tgi_mistral", "lb_labels", "verify"])
def test_a_role_without_its_cluster_says_that_this_is_missing(sandbox, role):
    run = sandbox.play("deploy.yml", "--tags", role)
    assert run.code != 0
    # The summary says the first of them again.
    told = " ".join(run.output.rpartition("fatal: ")[2].partition("TASK [Summary]")[0].split())
    assert re.search("mistral-cluster-gke .* does not exist|Not found: .*/mistral-cluster-gke", told), run.output


def test_the_example_inventory_says_what_is_missing(sandbox):
    sandbox.forget_requests()
    run = sandbox.play("deploy.yml", "--inventory", "inventories/example")
    assert run.code != 0
    for option in ("llmops_project", "llmops_zones"):
        assert f"{option}: " in run.output, run.output
    assert sandbox.writes() == []


def test_teardown_outside_the_sandbox_wants_to_be_told_by_name(sandbox):
    run = sandbox.play("teardown.yml", "--inventory", "inventories/example")
    assert run.code != 0
    assert "-e llmops_confirm_teardown=mistral-cluster-gke" in " ".join(run.output.split())
