# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an API server warns of is a warning of the task, whichever module asked, and whatever became of the task."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.llmops.gke.plugins.module_utils.core import server_warnings
from ansible_collections.llmops.gke.plugins.module_utils.core.result import silent
from ansible_collections.llmops.gke.plugins.module_utils.core.runner import run_engine
from tests.unit.fake_http import FakeServer, Reply
from tests.unit.plugins.kubernetes.k8s_support import CONFIG, CONFIG_PATH, config, not_found, options

ROOT = Path(__file__).parents[4]
MODULES = yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text())["action_groups"]["k8s"]
OPTIONS: dict[str, dict[str, Any]] = {
    "custom_metrics_adapter": {"adapter": "none"},
    "gpu_metrics_exporter": {"state": "absent", "mode": "none"},
    "gpu_metrics_info": {},
    "inference_perf_info": {},
    "k8s_apply": {"manifests": [CONFIG]},
    "k8s_info": {"kind": "Pod"},
    "k8s_label": {"kind": "ConfigMap", "name": "counters", "labels": {"a": "b"}},
    "k8s_logs": {"name": "pod-1"},
    "llm_scaling": {"port_forward": {"service": "mistral", "port": 80}, "autoscaler": "hpa"},
    "llm_start_info": {"service": "mistral"},
    "llm_verify": {"service": "mistral", "prompt": "Hi"},
}
DEPRECATED = {"Warning": '299 - "v1 Things are deprecated"'}


def outcome(module: str, url: str, check: bool = False, **given: Any) -> dict[str, Any]:
    """What a task of the module tells Ansible."""
    spec = importlib.import_module(f"ansible_collections.llmops.gke.plugins.modules.{module}").SPEC
    return run_engine(spec, options(spec, url, **{**OPTIONS[module], **given}), check, silent)


@pytest.mark.parametrize("name", MODULES)
def test_every_module_of_kubernetes_tells_them(name):
    def answer(request: Any) -> Any:
        if request.path.partition("?")[0].rpartition("/")[2] in ("counters", "pod-1", "mistral", "inference-perf"):
            return Reply(404, not_found().body, DEPRECATED)
        return Reply(200, {"items": [], "metadata": {}}, DEPRECATED)

    with FakeServer(answer) as server:
        for check in (True, False):
            assert "v1 Things are deprecated" in outcome(name, server.url, check, timeout=1).get("warnings", [])


def test_each_is_told_once_beside_those_of_the_module_itself():
    warned = {"Warning": '299 - "v1beta1 X is deprecated", 299 - "would violate \\"restricted\\""'}
    second = CONFIG_PATH.replace("counters", "second")
    routes = {
        ("GET", CONFIG_PATH): not_found(),
        ("GET", second): not_found(),
        ("PATCH", CONFIG_PATH): Reply(201, config(a="1"), warned),
        ("PATCH", second): Reply(201, config(a="1"), warned),
    }
    manifests = [CONFIG, {**CONFIG, "metadata": {"name": "second"}}]
    with FakeServer(routes) as server:
        result = outcome("k8s_apply", server.url, manifests=manifests)
    assert result["warnings"] == ["v1beta1 X is deprecated", 'would violate "restricted"']


def test_a_task_that_fails_tells_them_too_and_hides_and_cuts_them_as_all_that_others_say():
    said = {"Warning": '299 - "kube-token is old\\\u001b[2J"'}
    refused = {"kind": "Status", "reason": "Invalid", "message": "data: too long", "code": 422}
    routes = {("GET", CONFIG_PATH): not_found(), ("PATCH", CONFIG_PATH): Reply(422, refused, DEPRECATED)}
    with FakeServer(routes) as server:
        result = outcome("k8s_apply", server.url)
    assert result["failed"]
    assert result["warnings"] == ["v1 Things are deprecated"]
    with FakeServer({("GET", CONFIG_PATH): Reply(200, config(a="1"), said)}) as server:
        (line,) = outcome("k8s_info", server.url, kind="ConfigMap", name="counters", namespace="golden")["warnings"]
    assert "kube-token" not in line and "\x1b" not in line


@pytest.mark.parametrize("header", ["", "299", '199 other "x"', "garbage", '299 - "'])
def test_what_is_no_warning_is_none(header):
    with FakeServer({("GET", CONFIG_PATH): Reply(200, config(a="1"), {"Warning": header})}) as server:
        assert "warnings" not in outcome("k8s_info", server.url, kind="ConfigMap", name="counters")


def test_outside_of_a_task_nothing_is_kept():
    server_warnings.hear('299 - "nobody listens"')
    with server_warnings.heard() as told:
        server_warnings.hear('299 - "one"')
        server_warnings.hear('299 - "one"')
    server_warnings.hear('299 - "after it"')
    assert list(told) == ["one"]
