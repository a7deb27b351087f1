# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""k8s_apply: a Secret's values go to the API server and nowhere else."""

from __future__ import annotations

import copy

from ansible_collections.llmops.gke.plugins.modules.k8s_apply import SPEC
from tests.unit.fake_http import FakeServer
from tests.unit.plugins.kubernetes.k8s_support import CONFIG, live, run

SECRET = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "mistral-demo"}, "stringData": {"TOKEN": "hf_new"}}
SECRET_PATH = "/api/v1/namespaces/golden/secrets/mistral-demo"


def test_a_secret_s_values_are_nowhere_but_on_the_wire():
    before = live(
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": "mistral-demo"},
            "data": {"TOKEN": "aGZfb2xk", "K": "eA=="},
        },
        "llmops.gke",
        {"f:data": {"f:TOKEN": {}, "f:K": {}}},
    )
    after = {**copy.deepcopy(before), "data": {"TOKEN": "aGZfbmV3", "K": "eA=="}}
    manifest = {**SECRET, "stringData": {"TOKEN": "hf_new", "K": "x"}}
    with FakeServer({("GET", SECRET_PATH): before, ("PATCH", SECRET_PATH): after}) as server:
        result = run(SPEC, server.url, manifests=[manifest])
        assert server.requests[1].body["data"] == {"TOKEN": "aGZfbmV3", "K": "eA=="}
        assert "stringData" not in server.requests[1].body
    text = str(result)
    for value in ("hf_old", "hf_new", "aGZfb2xk", "aGZfbmV3"):
        assert value not in text
    name = "Secret golden/mistral-demo"
    assert result["diff"]["before"][name]["data"] == {"TOKEN": "******** (before)", "K": "********"}
    assert result["diff"]["after"][name]["data"] == {"TOKEN": "******** (after)", "K": "********"}
    assert result["plan"][0]["changes"] == [
        {"field": "data.TOKEN", "before": "******** (before)", "after": "******** (after)"}
    ]
    assert result["objects"][0]["object"]["data"] == {"TOKEN": "********", "K": "********"}


def test_secrets_are_named_to_the_carrier_in_every_form():
    text = "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\ndata: {A: c2VjcmV0LWE=}\n"
    listed = {"apiVersion": "v1", "kind": "List", "items": [{**SECRET, "stringData": {"B": "secret-b\n", "N": 1}}]}
    found = SPEC.secrets(
        {"manifests": [text, listed, CONFIG], "kubeconfig": {"users": [{"user": {"token": "kube-tok"}}]}}
    )
    assert found == {"c2VjcmV0LWE=", "secret-a", "secret-b\n", "secret-b", "c2VjcmV0LWIK", "kube-tok"}
    broken = "apiVersion: v1\nkind: Secret\nstringData: {A: [secret-c"
    assert SPEC.secrets({"manifests": [broken]}) == {broken}
