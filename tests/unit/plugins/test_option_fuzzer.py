# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Any arguments, to every module: what is wrong with them is said in the collection's words, and before any request."""

from __future__ import annotations

import importlib
import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from ansible_collections.llmops.gke.plugins.module_utils.core.errors import InvalidOption
from ansible_collections.llmops.gke.plugins.module_utils.core.runner import ModuleSpec, completed, run_engine
from tests.unit.fake_http import FakeServer, Reply, google_error
from tests.unit.option_strategies import arguments
from tests.unit.plugins.kubernetes.k8s_support import kubeconfig
from tests.unit.preflight_plans import deployment_plan

WITHOUT_ENGINE = {"deployment_plan", "deployment_summary", "sandbox"}
"""Read what the play has, and ask no service."""
MODULES = sorted(
    {path.stem for path in (Path(__file__).parents[3] / "plugins" / "modules").glob("*.py")} - WITHOUT_ENGINE
)
EXAMPLES = 60
FIXED = settings(
    max_examples=EXAMPLES,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate, Phase.shrink],
    suppress_health_check=list(HealthCheck),
)
"""The same cases at each run."""

TAINT = {"key": "k", "value": "v", "effect": "NO_SCHEDULE"}
PLACE = {"project": "my-project", "location": "us-central1"}
MANIFEST = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": {"a": "b"}}
BASE: dict[str, dict[str, Any]] = {
    "custom_metrics_adapter": {"adapter": "stackdriver", "manifests": [MANIFEST]},
    "gcp_iam_member": {"project": "my-project", "role": "roles/viewer", "member": "user:a@b.c"},
    "gcp_quota_info": PLACE,
    "gcp_zone_info": {"project": "my-project", "machine_type": "g2-standard-8"},
    "gke_cluster": {
        **PLACE,
        "name": "c1",
        "node_pools": [{"name": "p", "config": {"machine_type": "g2-standard-8", "labels": {"a": "b"}}}],
        "addons_config": {"gcs_fuse_csi_driver_config": {"enabled": True}},
    },
    "gke_cluster_info": PLACE,
    "gke_kubeconfig": {**PLACE, "name": "c1"},
    "gke_node_pool": {
        **PLACE,
        "cluster": "c1",
        "name": "p",
        "config": {
            "machine_type": "g2-standard-8",
            "labels": {"a": "b"},
            "taints": [TAINT],
        },
        "autoscaling": {"enabled": True, "min_node_count": 0, "max_node_count": 3},
    },
    "gke_node_pools": {
        **PLACE,
        "cluster": "c1",
        "node_pools": [{"name": "p", "config": {"machine_type": "g2-standard-8", "taints": [TAINT]}}],
    },
    "gke_operation_info": PLACE,
    "hf_model_info": {"model": "mistralai/Mistral-7B-Instruct-v0.1", "accelerator_type": "nvidia-l4"},
    "k8s_apply": {"manifests": [MANIFEST]},
    "k8s_info": {"kind": "Pod", "name": "p"},
    "k8s_label": {"kind": "Service", "name": "s", "labels": {"a": "b"}},
    "k8s_logs": {"name": "p"},
    "llm_generate": {"prompt": "hi", "expect": {"status": 200}},
    "llm_latency": {"prompt": "hi", "service": "s", "thresholds": {"ttft_seconds": 1}},
    "llm_preflight": {"plan": deployment_plan()},
    "llm_report": {"title": "T"},
    "llm_scaling": {"autoscaler": "h"},
    "llm_start_info": {"service": "s"},
    "llm_verify": {"service": "s", "prompt": "hi", "thresholds": {"ttft_seconds": 1}, "report": {"path": "r.html"}},
    "tgi_generate": {"inputs": "hi", "parameters": {"max_new_tokens": 5}},
}
"""Arguments that a module takes, on top of where its services are."""

BY_WHAT_IS_THERE = ("because the cluster is to be created",)
"""Refusals that depend on what is there, so that it has to be read first; of a kind, only the cluster knows."""
DISCOVERY = re.compile(r"GET /(?:api|apis/[^/]+)/[^/]+")
ran: Counter[str] = Counter()


def refuse(request: Any) -> Reply:
    """Nothing is there, and nothing may be made."""
    if request.method in ("GET", "HEAD"):
        return google_error(404, "NOT_FOUND", "nothing is here")
    return google_error(403, "PERMISSION_DENIED", "nothing may be made")


@pytest.fixture(scope="module")
def server():
    with FakeServer(refuse) as made:
        yield made


@pytest.fixture(autouse=True)
def nowhere_else(monkeypatch, tmp_path):
    """No credentials, proxies or addresses of this machine."""
    for name in ("GCP_PROJECT", "GCE_PROJECT", "GOOGLE_CLOUD_PROJECT", "HF_TOKEN", "HF_ENDPOINT", "LLM_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "none.json"))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)


def addressed(spec: ModuleSpec, url: str) -> dict[str, Any]:
    """Where the module's services are: all at one server on this machine."""
    options = spec.argument_spec
    addresses = {name: url for name in options if name.endswith("_api_endpoint") or name in ("url", "endpoint")}
    forwarded = {"url", "port_forward"} <= options.keys()
    others = {"kubeconfig": None if forwarded else kubeconfig(url), "access_token": "ya29.t", "timeout": 2}
    # It would be asked for at Google's own address.
    others["impersonate_service_account"] = ""
    return {**addresses, **{name: value for name, value in others.items() if name in options and value is not None}}


@pytest.mark.parametrize("name", MODULES)
def test_no_arguments_end_in_an_exception(name, server):
    spec = importlib.import_module(f"ansible_collections.llmops.gke.plugins.modules.{name}").SPEC
    where = addressed(spec, server.url)
    fixed = frozenset(where) - {"kubeconfig", "access_token"}
    base = {**where, **BASE.get(name, {})}

    @FIXED
    @given(arguments(spec.argument_spec, base, fixed), st.booleans())
    def play(given, check):
        ran[name] += 1
        server.requests.clear()
        try:
            taken = completed(spec, json.loads(json.dumps(given)))
        except InvalidOption:
            return
        validated = ArgumentSpecValidator(dict(spec.argument_spec), **spec.rules).validate(taken)
        if validated.error_messages:
            return
        outcome = run_engine(spec, validated.validated_parameters, check, lambda _line: None)
        if outcome.get("error", {}).get("kind") == "invalid_option":
            asked = [call for call in server.calls() if not DISCOVERY.fullmatch(call)]
            assert asked == [] or any(words in outcome["msg"] for words in BY_WHAT_IS_THERE), outcome["msg"]

    play()
    assert ran[name] >= EXAMPLES
