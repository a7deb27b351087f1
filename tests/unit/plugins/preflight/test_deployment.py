# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A deployment's plan as preflight reads it: what it tells of the model, and what is no plan."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.core.errors import InvalidOption
from ansible_collections.llmops.gke.plugins.module_utils.workflows.preflight.deployment import (
    BucketPlan,
    Deployment,
    read_deployment,
    read_deployments,
)

ONE = {"least": 1, "most": 2}


def plan(**changed: Any) -> dict[str, Any]:
    return {"host": "one", "roles": ["llmops", "verify"], "options": {}, "plans": {}, "variables": {}, **changed}


def of(plans: dict[str, Any], variables: dict[str, Any] | None = None, **options: Any) -> Deployment:
    return read_deployment(plan(plans=plans, options=options, variables=variables or {}))


def test_the_model_is_what_its_role_and_that_of_its_engine_plan():
    roles = {
        "model_server": {"replicas": ONE, "user": 0},
        "tgi_mistral": {"engine": "tgi", "shards": 4},
        "vllm": {"engine": "vllm", "shards": 2, "context": 4096},
        "gpu_nodepool": {"node_pools": []},
    }
    variables = {role: {"shards": f"{role}_shards"} for role in roles}
    variables["model_server"] = {"replicas.most": "most", "shards": "any_shards"}
    here = of(roles, variables, llmops_engine="vllm")
    assert here.model == {"replicas": ONE, "user": 0, "engine": "vllm", "shards": 2, "context": 4096}
    assert [here.model_names.of(path) for path in ("shards", "replicas.most")] == ["vllm_shards", "most"]
    assert of({**roles, "model_server": {}}, llmops_engine="vllm").model == {}
    assert of({"model_server": {"replicas": ONE}, "cluster": {}}).model == {"replicas": ONE}


@pytest.mark.parametrize(
    ("context", "tokens"), [(4096, 4096), ("4096", 4096), (None, 0), ("", 0), (0, 0), ("auto", 0), ("-1", 0)]
)
def test_the_context_is_a_number_of_tokens_or_not_said(context, tokens):
    assert of({"server": {"replicas": ONE, "context": context}}).context == tokens


def test_what_is_set_beside_the_role_s_own_is_read_as_far_as_it_can_be():
    here = of({"server": {"replicas": ONE, "environment": {"A": 1}, "arguments": ["--seed", 7]}})
    assert (here.environment, here.arguments) == ({"A": 1}, ["--seed", "7"])
    for odd in ("A=1", None):
        here = of({"server": {"replicas": ONE, "environment": odd, "arguments": odd}})
        assert (here.environment, here.arguments) == ({}, [])
    assert of({"server": {"replicas": ONE, "arguments": ("-q",)}}).arguments == ["-q"]


@pytest.mark.parametrize(("weights", "asks"), [("hub", True), (None, True), ("", True), ("bucket", False)])
def test_the_hub_is_asked_where_no_other_place_has_the_weights(weights, asks):
    assert of({}, llmops_weights=weights).asks_hub is asks


@pytest.mark.parametrize(
    ("planned", "bucket", "uri"),
    [
        ({"name": "b", "path": "m/7b", "iam": True}, BucketPlan("b", "m/7b", True), "gs://b/m/7b"),
        ({"name": "b", "path": "", "iam": None}, BucketPlan("b", "", False), "gs://b"),
        ({"name": "", "path": "", "iam": True}, None, None),
        (None, None, None),
    ],
)
def test_the_bucket_with_the_weights(planned, bucket, uri):
    found = of({"server": {"replicas": ONE, "bucket": planned}}).bucket
    assert (found, found and found.uri) == (bucket, uri)


@pytest.mark.parametrize(
    ("weights", "image", "path"),
    [
        ("disk", "global/images/m", "projects/mine/global/images/m"),
        ("disk", "projects/yours/global/images/m", "projects/yours/global/images/m"),
        ("disk", None, ""),
        ("bucket", "global/images/m", ""),
    ],
)
def test_the_disk_image_with_the_weights_is_of_this_project_where_it_names_none(weights, image, path):
    options = {"llmops_project": "mine", "llmops_location": "here", "llmops_cluster": "c"}
    here = of({}, llmops_weights=weights, llmops_weights_disk_image=image, **options)
    assert (here.disk_image, here.place) == (path, ("mine", "here", "c"))


def test_a_pool_has_the_names_of_its_role_and_below_those_of_a_cluster():
    here = of(
        {"pool": {"node_pools": []}, "cluster": {"cluster": {"name": "c"}}, "bare": {}},
        {"pool": {"name": "pool_name"}, "cluster": {"node_pools.name": "own_pool_name", "name": "cluster_name"}},
    )
    names = [here.pool_names_of(role).of("name") for role in ("pool", "cluster", "bare")]
    assert names == ["pool_name", "own_pool_name", "name"]


def test_a_plan_is_read_whole():
    given = plan(secrets={"token": True}, errors=["wrong"], refused=["a", "a"], unknown=[{"name": "x"}])
    here = read_deployment(given)
    assert (here.host, here.roles) == ("one", ("llmops", "verify"))
    assert (here.secrets, here.errors, here.refused) == ({"token": True}, ("wrong",), {"a"})
    assert here.unknown == ({"name": "x"},)
    for absent in (plan(), plan(secrets=None, errors=None, refused=None, unknown=None)):
        here = read_deployment(absent)
        assert (here.secrets, here.errors, here.refused, here.unknown) == ({}, (), frozenset(), ())


ACCEPTED = "it takes the plan that the module llmops.gke.deployment_plan returns"


@pytest.mark.parametrize(
    ("part", "value"),
    [
        *(("host", value) for value in (None, 1)),
        *(("roles", value) for value in (None, "llmops", [1])),
        *(("options", value) for value in (None, [])),
        *(("plans", value) for value in (None, [], {"a": 1})),
        *(("variables", value) for value in (None, {"a": []})),
        ("secrets", ["a"]),
        *(("errors", value) for value in ("wrong", [1])),
        ("refused", {"a": 1}),
        *(("unknown", value) for value in ({}, "x", ["x"])),
    ],
)
def test_a_part_of_another_kind_is_refused_by_its_name(part, value):
    with pytest.raises(InvalidOption) as raised:
        read_deployment(plan(**{part: value}), "mine")
    assert raised.value.message == f"mine.{part}: '{type(value).__name__}' is not accepted; {ACCEPTED}"


def test_a_plan_that_lacks_parts_names_them():
    with pytest.raises(InvalidOption) as raised:
        read_deployment({"roles": [], "host": "one"})
    lacks = f"{ACCEPTED} (options, plans, variables is missing)"
    assert raised.value.message == f"plan: ['host', 'roles'] is not accepted; {lacks}"


def test_the_other_hosts_of_a_run_are_read_as_data_or_text_without_this_one():
    here, others = read_deployments(plan(), [plan(), plan(host="two"), json.dumps(plan(host="three"))])
    assert (here.host, [one.host for one in others]) == ("one", ["two", "three"])


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("{", f"plans[1]: 'str' is not accepted; {ACCEPTED}"),
        ("[]", f"plans[1]: 'str' is not accepted; {ACCEPTED}"),
        ([], f"plans[1]: 'list' is not accepted; {ACCEPTED}"),
        (plan(roles="x"), f"plans[1].roles: 'str' is not accepted; {ACCEPTED}"),
    ],
    ids=str,
)
def test_which_of_the_other_hosts_plans_is_none_is_told(given, message):
    with pytest.raises(InvalidOption) as raised:
        read_deployments(plan(), [plan(host="two"), given])
    assert raised.value.message == message


@pytest.mark.parametrize("roles", [[], ["llmops"]])
def test_a_play_without_a_role_that_does_anything_is_refused(roles):
    with pytest.raises(InvalidOption, match="plan.roles: .* it takes roles of llmops.gke that the play has"):
        read_deployments(plan(roles=roles), [])
