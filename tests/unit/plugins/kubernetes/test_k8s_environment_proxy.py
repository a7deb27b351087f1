# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Proxies of the environment, on the way to an API server."""

from __future__ import annotations

from ansible_collections.llmops.gke.plugins.modules.k8s_info import SPEC as INFO
from tests.unit.fake_http import FakeServer, Reply
from tests.unit.plugins.kubernetes.k8s_support import kubeconfig, run


def test_the_environment_s_proxy_is_used_but_not_for_this_machine(monkeypatch):
    with FakeServer([Reply(200, {"items": []})]) as proxy, FakeServer([Reply(200, {"items": []})]) as server:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.setenv("http_proxy", proxy.url)
        monkeypatch.setenv("LLMOPS_PLAIN_HTTP", "true")
        run(INFO, "", kubeconfig=kubeconfig("http://kubernetes.invalid"), kind="Pod")
        assert proxy.calls() == ["GET http://kubernetes.invalid/api/v1/pods?limit=500"]
        run(INFO, "", kubeconfig=kubeconfig(server.url), kind="Pod")
        assert server.calls() == ["GET /api/v1/pods?limit=500"]
