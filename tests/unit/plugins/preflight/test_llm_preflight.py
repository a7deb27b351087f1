# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine of llm_preflight: everything in one failure, whatever it comes from."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.llmops.gke.plugins.module_utils.core.errors import InvalidOption
from ansible_collections.llmops.gke.plugins.module_utils.core.option_names import OptionNames
from ansible_collections.llmops.gke.plugins.module_utils.core.result import Result, silent
from ansible_collections.llmops.gke.plugins.module_utils.engines.serving.llm_preflight import (
    ARGUMENT_SPEC,
    PlanRefused,
    run,
)
from ansible_collections.llmops.gke.plugins.module_utils.workflows.preflight.checks import CHECKS
from tests.unit.fake_http import FakeServer, Reply, google_error
from tests.unit.preflight_plans import LOCATION, PROJECT, deployment_plan

HUB = "/api/models/mistralai/Mistral-7B-Instruct-v0.1"
CONFIG = "/mistralai/Mistral-7B-Instruct-v0.1/resolve/main/config.json"
TOKENIZER = "/mistralai/Mistral-7B-Instruct-v0.1/resolve/main/tokenizer.json"
POOL = {
    "name": "gpu",
    "locations": ["us-central1-a"],
    "initial_node_count": 1,
    "config": {
        "machine_type": "g2-standard-12",
        "accelerators": [{"accelerator_type": "nvidia-l4", "accelerator_count": 1}],
    },
}
SERVED = {"replicas": {"least": 1, "most": 1}, "shards": 1, "quantize": "", "context": 4096}
ALL = [*CHECKS, "price", "model", "targets", "exposure", "rollout"]


def options(plan: dict[str, Any], url: str = "http://127.0.0.1:9", **given: Any) -> dict[str, Any]:
    services = ("container", "compute", "resource_manager", "service_usage", "iam", "cloud_quotas", "gke_recommender")
    ends = {f"{name}_api_endpoint": url for name in services}
    asked = {"plan": plan, "access_token": "t", "endpoint": url, "timeout": 5, **ends, **given}
    validated = ArgumentSpecValidator(ARGUMENT_SPEC).validate(asked)
    assert not validated.error_messages, validated.error_messages
    return validated.validated_parameters


def refused(plan: dict[str, Any], url: str = "http://127.0.0.1:9", **given: Any) -> PlanRefused:
    with pytest.raises(PlanRefused) as raised:
        run(options(plan, url, **given), False, silent)
    return raised.value


def passed(plan: dict[str, Any], url: str = "http://127.0.0.1:9", **given: Any) -> Result:
    return run(options(plan, url, **given), False, silent)


def hub(parameters: int = 7_241_732_096, **config: Any) -> dict[Any, Any]:
    """A Hub that has the model, with Mistral 7B's shape."""
    shape = {
        "num_hidden_layers": 32,
        "num_attention_heads": 32,
        "num_key_value_heads": 8,
        "hidden_size": 4096,
        "head_dim": 128,
        "vocab_size": 32000,
        "max_position_embeddings": 32768,
        **config,
    }
    about = {"gated": False, "sha": "abc", "siblings": [{"rfilename": "a"}]}
    about["safetensors"] = {"total": parameters, "parameters": {"BF16": parameters}}
    return {
        ("GET", HUB): about,
        ("HEAD", CONFIG): Reply(200, {}),
        ("GET", CONFIG): shape,
        ("HEAD", TOKENIZER): Reply(404, {}),
        ("GET", TOKENIZER): Reply(404, {}),
    }


def test_without_checks_only_the_rules_are_asked():
    result = passed(deployment_plan(), skip=ALL)
    assert (result.values["findings"], result.values["price"], result.values["model"]) == ([], None, {})
    assert (result.values["checked"], result.notes, result.http_requests) == (["variables"], [], 0)


def test_findings_of_rules_and_misspelt_variables_come_with_their_variables_and_are_not_to_be_skipped():
    wrong = {"unknown": [{"name": "llmops_nmae", "nearest": "llmops_name"}]}
    error = refused(deployment_plan(options={"llmops_project": "", "llmops_name": "X"}, **wrong), skip=ALL)
    assert error.message.splitlines() == [
        "variables: llmops_nmae is not a variable of this collection; did you mean llmops_name?",
        'llmops_project: "" is not accepted; it takes the project\'s id, 6 to 30 lower-case letters, digits and '
        "hyphens; "
        "set it in your inventory",
        'llmops_name: "X" is not accepted; it takes a name of 1 to 63 lower-case letters, digits and hyphens',
    ]
    assert error.fields["findings"] == [
        {"check": "variables", "variable": "llmops_nmae"},
        {"check": "rules", "variable": "llmops_project"},
        {"check": "rules", "variable": "llmops_name"},
    ]


@pytest.mark.parametrize("skip", [ALL, []])
@pytest.mark.parametrize(
    ("variable", "pool", "served"),
    [
        ("gpu_nodepool_max_node_count", {"autoscaling": {"enabled": True, "max_node_count": "three"}}, {}),
        ("llmops_replicas", {}, {"replicas": {"least": "three", "most": "three"}}),
        ("tgi_mistral_num_shard", {}, {"shards": "three"}),
    ],
)
def test_a_value_of_the_wrong_type_is_told_once(variable, pool, served, skip):
    error = f"argument '{variable}' is of type str"
    plan = deployment_plan({**POOL, **pool}, model={**SERVED, **served}, errors=[error], refused=[variable])
    del plan["options"][variable]
    with FakeServer(lambda _request: Reply(404, {})) as server:
        told = refused(plan, server.url, skip=skip).message
    assert "three" not in told and told.splitlines()[0] == f"not accepted: {error}"
    assert len(told.splitlines()) == 1 or not skip


def test_zones_that_are_missing_are_told_once():
    none = {"llmops_zones": [], "gpu_nodepool_locations": [], "gke_cluster_locations": []}
    plan = deployment_plan({**POOL, "locations": []}, model=SERVED, options=none)
    with FakeServer(lambda _request: Reply(404, {})) as server:
        (line,) = refused(plan, server.url, skip=[name for name in ALL if name != "model"]).message.splitlines()
    assert line.startswith("llmops_zones: [] is not accepted")


def test_a_rule_alone_cannot_be_skipped():
    message = refused(deployment_plan(options={"llmops_name": "X"}), skip=[*ALL, "variables"]).message
    assert "turned off" not in message


def test_it_can_report_without_failing():
    result = passed(deployment_plan(options={"llmops_name": "X"}), skip=ALL, fail=False)
    (finding,) = result.values["findings"]
    assert (finding["check"], finding["severity"], finding["variable"]) == ("rules", "error", "llmops_name")
    assert result.values["msg"] == f"{finding['message']}; {finding['fix']}"


def test_other_hosts_are_looked_at_and_this_one_is_none_of_them():
    here, other = deployment_plan(model=SERVED), deployment_plan(model=SERVED, host="two")
    assert passed(here, plans=[here], skip=ALL).values["findings"] == []
    assert "hosts one and two would both have" in refused(here, plans=[here, other], skip=ALL).message


def test_google_is_not_asked_about_a_place_that_cannot_be():
    with FakeServer({}) as server:
        error = refused(deployment_plan(options={"llmops_location": "nowhere"}), server.url)
        assert server.calls() == []
    assert "llmops_location: " in error.message


def test_everything_comes_in_one_failure():
    """A rule, the project and the Hub, each with its own."""
    regions = f"/projects/{PROJECT}/regions/{LOCATION}"
    routes = {
        ("GET", regions): {"quotas": [{"metric": "NVIDIA_L4_GPUS", "limit": 0, "usage": 0}]},
        ("GET", f"/projects/{PROJECT}"): {},
        ("GET", f"/projects/{PROJECT}/aggregated/machineTypes"): {"items": {}},
        ("GET", f"/v1/projects/{PROJECT}/locations/-/clusters"): {},
        ("GET", HUB): Reply(404, {"error": "Repository not found"}),
    }
    skip = ["apis", "permissions", "zones", "shapes", "names", "networks", "versions", "price"]
    with FakeServer(routes) as server:
        plan = deployment_plan(POOL, model=SERVED, options={"llmops_name": "X"})
        error = refused(plan, server.url, skip=skip, token="hf_x")
    rule, quota, replicas, model, hint = error.message.splitlines()
    assert rule.startswith('llmops_name: "X" is not accepted')
    assert quota.startswith("quota: NVIDIA_L4_GPUS: the first nodes of gpu need 1, 0 of 0 are free")
    assert replicas.startswith("quota: 1 replica (llmops_replicas) need 1 nvidia-l4")
    assert model.startswith("model: mistralai/Mistral-7B-Instruct-v0.1: ") and model.endswith("check llmops_model")
    assert hint == "If a check is wrong about your project, skip: [quota, model] turns them off."
    assert error.told(OptionNames({"skip": "preflight_skip"})).endswith(
        ", preflight_skip: [quota, model] turns them off."
    )
    assert [finding["variable"] for finding in error.fields["findings"]] == [
        "llmops_name",
        "gpu_nodepool_initial_node_count",
        "llmops_replicas",
        "llmops_model",
    ]


def test_a_project_that_refuses_credentials_does_not_silence_the_hub():
    routes = {("GET", HUB): Reply(401, {"error": "Invalid token"})}
    with FakeServer(routes) as server:
        plan = deployment_plan(POOL, model=SERVED)
        error = refused(plan, server.url, token="hf_wrong", auth_kind="accesstoken", access_token=None)
    credentials, model, _hint = error.message.splitlines()
    assert credentials.startswith("llmops_google_auth.access_token: None is not accepted")
    assert "does not know the token (401)" in model and "give it as llmops_hf_token or HF_TOKEN" in model
    assert "hf_wrong" not in error.message


def test_prices_that_are_none_do_not_silence_the_project():
    routes = {("GET", f"/v1/projects/{PROJECT}/locations/-/clusters"): google_error(403, "PERMISSION_DENIED", "no way")}
    skip = [name for name in ALL if name not in ("names", "price")]
    with FakeServer(routes) as server:
        error = refused(deployment_plan(POOL), server.url, skip=skip, prices={"nvidia-l4": "free"})
    price, clusters, _hint = error.message.splitlines()
    assert price.startswith("llmops_prices.nvidia-l4: 'free' is not accepted; it takes US dollars an hour")
    assert clusters.startswith("names: could not be checked: ") and "turn off names by name" in clusters


def test_what_the_hub_says_is_handed_on():
    skip = [name for name in ALL if name != "model"]
    with FakeServer(hub()) as server:
        result = passed(deployment_plan(POOL, model=SERVED), server.url, skip=skip)
    assert result.values["model"]["fit"]["fits"] is True
    assert result.values["model"]["parameters"] == 7_241_732_096
    assert result.http_requests > 0


def test_a_model_that_does_not_fit_names_what_can_be_changed():
    skip = [name for name in ALL if name != "model"]
    with FakeServer(hub(14_000_000_000)) as server:
        error = refused(deployment_plan(POOL, model=SERVED), server.url, skip=skip)
    assert "does not fit 1 x nvidia-l4" in error.message
    ways = "llmops_accelerator_type, tgi_mistral_num_shard, tgi_mistral_quantize, tgi_mistral_env.MAX_TOTAL_TOKENS"
    assert ways in error.message
    assert error.fields["findings"] == [{"check": "model", "variable": "llmops_accelerator_type"}]


def test_requests_that_are_too_long_for_the_model_are_told_beside_what_does_not_fit():
    planned = {**SERVED, "context": 140000, "environment": {"MAX_TOTAL_TOKENS": 140000}}
    skip = [name for name in ALL if name != "model"]
    with FakeServer(hub()) as server:
        result = passed(deployment_plan(POOL, model=planned), server.url, skip=skip, fail=False)
    fit, length = result.values["findings"]
    assert (fit["severity"], length["severity"]) == ("error", "warning")
    assert length["message"].startswith("tgi_mistral_env.MAX_TOTAL_TOKENS: 140000 tokens are more than the 32768 ")


@pytest.mark.parametrize(
    ("model", "fits"),
    [
        ({**SERVED, "quantize": "bitsandbytes-nf4"}, True),
        ({**SERVED, "context": 60000}, False),
    ],
)
def test_the_model_is_held_against_what_its_role_plans(model, fits):
    skip = [name for name in ALL if name != "model"]
    parameters = 14_000_000_000 if fits else 7_241_732_096
    with FakeServer(hub(parameters, max_position_embeddings=32768 if fits else 131072)) as server:
        result = passed(deployment_plan(POOL, model=model), server.url, skip=skip, fail=False)
    assert ([] if fits else ["model"]) == [one["check"] for one in result.values["findings"]]


def test_quantisation_that_is_not_needed_is_a_warning():
    skip = [name for name in ALL if name != "model"]
    with FakeServer(hub()) as server:
        result = passed(deployment_plan(POOL, model={**SERVED, "quantize": "eetq"}), server.url, skip=skip)
    (warning,) = result.warnings
    assert warning.startswith("model: QUANTIZE=eetq is not needed")


def test_the_hub_is_not_asked_without_a_model():
    with FakeServer({}) as server:
        assert passed(deployment_plan(), server.url, skip=[*CHECKS, "price"]).values["model"] == {}
        assert server.calls() == []


def test_the_price_is_a_note():
    machines = {
        "items": {
            "zones/us-central1-a": {"machineTypes": [{"name": "g2-standard-12", "guestCpus": 12, "memoryMb": 49152}]}
        }
    }
    routes = {("GET", f"/projects/{PROJECT}/aggregated/machineTypes"): machines}
    with FakeServer(routes) as server:
        result = passed(deployment_plan(POOL), server.url, skip=[*CHECKS, "model"], prices={"cluster": 0.5})
    (note,) = result.notes
    assert note.startswith("about 1.51 USD an hour (1105 a month) with the first nodes, 1.51 USD an hour (1105 a ")
    assert result.to_dict()["notes"] == [note]
    assert result.values["price"]["start"] == {"hour": 1.51, "month": 1105}


@pytest.mark.parametrize("shards", ["two", [1]])
def test_a_plan_that_cannot_be_evaluated_is_a_finding(shards):
    error = refused(deployment_plan(POOL, model={**SERVED, "shards": shards}), skip=[*CHECKS, "price"])
    assert "model: the plan cannot be evaluated (" in error.message


def test_a_plan_that_is_none_is_refused():
    with pytest.raises(InvalidOption, match="plan: .* it takes the plan that .*deployment_plan returns"):
        passed({"options": {}})
    with pytest.raises(InvalidOption, match=r"plans\[0\]: "):
        passed(deployment_plan(), plans=[{"host": "two"}])
