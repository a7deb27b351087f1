# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is easily written by mistake: one line that names the option, and no request."""

from __future__ import annotations

import importlib
from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.llmops.gke.plugins.module_utils.core.errors import InvalidOption
from ansible_collections.llmops.gke.plugins.module_utils.core.runner import completed, run_engine
from tests.unit.core.test_carriers import run_module, without_the_unequal
from tests.unit.fake_http import FakeServer, Reply
from tests.unit.plugins.kubernetes.k8s_support import kubeconfig

PLACE = {"project": "my-project", "location": "us-central1", "access_token": "ya29.canary"}
CLUSTER = {**PLACE, "name": "c1"}
POOL = {**PLACE, "cluster": "c1", "name": "p"}
MODEL = {"model": "mistralai/Mistral-7B-Instruct-v0.1"}
CONFIG_MAP = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}}


def told(module: str, server: FakeServer, check: bool = False, **arguments: Any) -> str:
    """What a task of the module fails with, by the way that both carriers go."""
    spec = importlib.import_module(f"ansible_collections.llmops.gke.plugins.modules.{module}").SPEC
    places = {name: server.url for name in spec.argument_spec if name.endswith("_api_endpoint") or name == "endpoint"}
    access = {} if "cluster" in arguments else {"kubeconfig": kubeconfig(server.url)}
    has_access = {"kubeconfig", "cluster"} <= spec.argument_spec.keys() and "url" not in spec.argument_spec
    where = {**places, **(access if has_access else {})}
    try:
        given = completed(spec, {**where, **arguments})
    except InvalidOption as error:
        return error.message
    validated = ArgumentSpecValidator(dict(spec.argument_spec), **spec.rules).validate(given)
    if validated.error_messages:
        return "; ".join(validated.error_messages)
    outcome = run_engine(spec, validated.validated_parameters, check, lambda _line: None)
    return outcome["msg"] if outcome.get("failed") else ""


@pytest.mark.parametrize(
    ("module", "arguments", "begins"),
    [
        (
            "gke_cluster",
            {**CLUSTER, "addons_config": {"gcs_fuse_csi_driver_config": True}},
            "addons_config.gcs_fuse_csi_driver_config: True is not accepted; it takes a mapping with enabled",
        ),
        (
            "gke_cluster",
            {**CLUSTER, "definition": {"addons_config": {"gcs_fuse_csi_driver_config": 1}}},
            "addons_config.gcs_fuse_csi_driver_config: 1 is not accepted",
        ),
        (
            "gke_cluster",
            {**CLUSTER, "node_pools": 5},
            "node_pools: 5 is not accepted; it takes a list of mappings with",
        ),
        ("gke_cluster", {**CLUSTER, "node_pools": [7]}, "node_pools[0]: 7 is not accepted; it takes a mapping with"),
        (
            "gke_cluster",
            {**CLUSTER, "node_pools": [{"name": "p", "config": ["x"]}]},
            "node_pools[0].config: 'a list' is not accepted; it takes a mapping with",
        ),
        (
            "gke_cluster",
            {**CLUSTER, "node_pools": [{"name": "p", "config": {"machine_type": ""}}]},
            "node_pools[0].config.machine_type: '' is not accepted; it takes a machine type",
        ),
        ("gke_node_pool", {**POOL, "config": {"machine_type": " "}}, "config.machine_type: ' ' is not accepted"),
        (
            "gke_node_pool",
            {**POOL, "autoscaling": False},
            "autoscaling: False is not accepted; it takes a mapping with",
        ),
        ("gcp_zone_info", {"project": "my-project", "machine_type": ""}, "machine_type: '' is not accepted"),
        (
            "gcp_iam_member",
            {"project": "my-project", "role": "roles/viewer", "member": None},
            "one of the following is",
        ),
        ("k8s_info", {"kind": None}, "one of the following is required: kind, kinds"),
        ("k8s_info", {"kinds": [{"kind": None}]}, "missing required arguments: kind found in kinds"),
        ("k8s_info", {"kind": ""}, "kind: '' is not accepted; it takes a kind, such as Deployment"),
        ("k8s_info", {"kind": "Pod", "api_version": "v1/"}, "kind: 'v1/ Pod' is not accepted; it takes an api_version"),
        ("k8s_label", {"kind": None, "name": "s", "labels": {"a": "b"}}, "missing required arguments: kind"),
        ("k8s_apply", {"manifests": [{**CONFIG_MAP, "kind": None}]}, "manifests[0] kind: None is not accepted"),
        (
            "k8s_apply",
            {"manifests": [CONFIG_MAP], "kubeconfig": None, "cluster": None},
            "one of the following is required",
        ),
        (
            "k8s_logs",
            {"name": None, "label_selectors": None},
            "one of the following is required: name, label_selectors",
        ),
        ("hf_model_info", {**MODEL, "token": "hf_\u20ac"}, "token: '(hidden)' is not accepted; it takes one line"),
        ("hf_model_info", {**MODEL, "token": "hf_a\nb"}, "token: '(hidden)' is not accepted; it takes one line"),
        ("gke_cluster_info", {**PLACE, "access_token": "\u20ac"}, "access_token: '(hidden)' is not accepted"),
        (
            "llm_generate",
            {"url": "http://127.0.0.1:9", "prompt": "hi", "api_key": "你好"},
            "api_key: '(hidden)' is not",
        ),
        (
            "gke_cluster_info",
            {**PLACE, "container_api_endpoint": "gke.invalid"},
            "container_api_endpoint: 'gke.invalid' is",
        ),
        (
            "gke_cluster_info",
            {**PLACE, "auth_kind": "serviceaccount", "service_account_contents": "[1]"},
            "service_account_contents: '(hidden)' is",
        ),
        (
            "llm_preflight",
            {"plan": {"host": 1, "roles": [], "options": {}, "plans": {}, "variables": {}}},
            "plan.host: ",
        ),
        (
            "llm_preflight",
            {"plan": {"host": "a", "roles": ["llmops"], "options": {}, "plans": {}, "variables": {}}},
            "plan.roles: ['llmops'] is not accepted; it takes roles of llmops.gke that the play has",
        ),
    ],
)
@pytest.mark.parametrize("check", [False, True])
def test_a_slip_is_told_by_the_option_s_name_and_nothing_is_asked(module, arguments, begins, check):
    with FakeServer([]) as server:
        message = told(module, server, check, **arguments)
        assert message.startswith(begins), message
        assert "\n" not in message
        assert server.calls() == []


@pytest.mark.parametrize("seconds", [0, -1, 7 * 24 * 3600 + 1, 10**9, 10**400])
@pytest.mark.parametrize(
    ("module", "arguments"),
    [
        ("gke_cluster", CLUSTER),
        ("k8s_info", {"kind": "Pod"}),
        ("hf_model_info", MODEL),
        ("llm_generate", {"url": "http://127.0.0.1:9", "prompt": "hi"}),
    ],
)
def test_a_timeout_that_no_task_can_have_is_refused(module, arguments, seconds):
    with FakeServer([]) as server:
        message = told(module, server, **arguments, timeout=seconds)
        assert message.startswith("timeout: ") and "seconds, from 1 to 604800 (a week)" in message
        assert server.calls() == []


def test_a_timeout_of_null_is_the_default():
    with FakeServer([Reply(200, {"clusters": []})]) as server:
        assert told("gke_cluster_info", server, **PLACE, timeout=None) == ""


@pytest.mark.parametrize("value", ["ya29.canary\n", "  ya29.canary", "ya29.canary\r\n"])
def test_a_token_that_was_read_with_its_line_break_is_sent_without_it(value):
    with FakeServer([Reply(200, {"clusters": []})]) as server:
        assert told("gke_cluster_info", server, **{**PLACE, "access_token": value}) == ""
        assert server.headers[0]["authorization"] == "Bearer ya29.canary"


def test_a_namespace_of_a_kubeconfig_that_is_no_text_is_refused_by_the_option():
    with FakeServer([]) as server:
        content = kubeconfig(server.url)
        content["contexts"][0]["context"]["namespace"] = [None]
        message = told("k8s_logs", server, name="p", kubeconfig=content)
        assert "namespace of context here is no text" in message
        assert server.requests == []


def test_a_token_of_a_kubeconfig_that_no_header_can_hold_is_refused_by_the_option():
    with FakeServer([]) as server:
        message = told("k8s_info", server, kind="Pod", kubeconfig=kubeconfig(server.url, token="k\u20ac"))
        assert message.startswith("kubeconfig: '(hidden)' is not accepted")
        assert server.calls() == []


def test_results_that_are_none_make_no_report(tmp_path):
    with FakeServer([]) as server:
        message = told("llm_report", server, path=str(tmp_path / "r.html"), gpus=[{"odd": 1}])
    assert message.startswith("make the report: what was given is not what llm_latency")
    assert list(tmp_path.iterdir()) == []


def test_both_carriers_tell_a_slip_alike(tmp_path):
    arguments = {**CLUSTER, "addons_config": {"gcs_fuse_csi_driver_config": True}}
    results = [run_module(tmp_path, arguments, in_process=here, module="gke_cluster") for here in (True, False)]
    for result, printed in results:
        assert result["failed"] is True
        assert result["msg"].startswith("addons_config.gcs_fuse_csi_driver_config: True is not accepted")
        assert result["error"]["kind"] == "invalid_option"
        assert "Traceback" not in printed
    first, second = (without_the_unequal(result) for result, _printed in results)
    assert first["error"] == second["error"]


@pytest.mark.parametrize("endless", [float("inf"), float("-inf"), "inf"])
def test_a_whole_number_without_an_end_is_refused(endless):
    with FakeServer([]) as server:
        message = told("llm_generate", server, url="http://127.0.0.1:9", prompt="hi", top_k=endless)
    assert message.startswith("top_k: ") and message.endswith("a whole number")
