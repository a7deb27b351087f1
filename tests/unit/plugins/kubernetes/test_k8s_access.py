# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From options to an API: by the cluster's name, by kubeconfig; and the clusters that are not there."""

from __future__ import annotations

import base64
import json
import os
import stat
import sys

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.core.deadline import Deadline
from ansible_collections.llmops.gke.plugins.module_utils.core.errors import InvalidOption
from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.client.plugin_login import CredentialsMissing
from ansible_collections.llmops.gke.plugins.module_utils.workflows.cluster_access import ClusterAbsent, cluster_access
from ansible_collections.llmops.gke.plugins.modules.k8s_apply import SPEC as APPLY
from ansible_collections.llmops.gke.plugins.modules.k8s_info import SPEC as INFO
from ansible_collections.llmops.gke.plugins.modules.k8s_label import SPEC as LABEL
from tests.unit import certificates
from tests.unit.fake_http import FakeServer, Reply, google_error
from tests.unit.plugins.kubernetes.k8s_support import kubeconfig, options, run

CLUSTER_PATH = "/v1/projects/demo-project/locations/us-central1/clusters/mistral"
AUTHORITY = base64.b64encode(b"-----BEGIN CERTIFICATE-----").decode()
RUNNING = {
    "name": "mistral",
    "status": "RUNNING",
    "endpoint": "127.0.0.1:9",
    "masterAuth": {"clusterCaCertificate": AUTHORITY},
}
CONFIG = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}}
MONITORING = {"apiVersion": "monitoring.googleapis.com/v1", "kind": "PodMonitoring", "metadata": {"name": "p"}}


def by_name(url: str, **given):
    place = {"project": "demo-project", "location": "us-central1", "cluster": "mistral", "access_token": "google-token"}
    return {**place, "container_api_endpoint": url, **given}


def test_a_cluster_by_name_is_asked_of_gke_and_trusted_by_its_own_authority():
    with FakeServer({("GET", CLUSTER_PATH): RUNNING}) as gke:
        with cluster_access(options(INFO, "", kind="Pod", **by_name(gke.url)), Deadline(5)) as access:
            http = access.required().http
            assert http.base_url == "https://127.0.0.1:9"
            assert http.authorize(False) == {"Authorization": "Bearer google-token"}
            with open(http.verify, "rb") as stream:
                assert stream.read() == b"-----BEGIN CERTIFICATE-----"
            assert access.requests == 1
        assert not os.path.exists(http.verify)


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (
            google_error(404, "NOT_FOUND", "Not found."),
            "cluster mistral in us-central1 of project demo-project does not exist",
        ),
        ({"name": "mistral", "status": "PROVISIONING"}, "is PROVISIONING and cannot be spoken to"),
    ],
)
def test_a_cluster_that_is_not_there_is_an_error_to_apply_but_not_to_plan(answer, why):
    with FakeServer({("GET", CLUSTER_PATH): answer}) as gke:
        place = by_name(gke.url)
        with pytest.raises(ClusterAbsent) as error:
            run(APPLY, "", **place, manifests=[CONFIG])
        assert why in error.value.message
        planned = run(APPLY, "", check=True, **place, manifests=[CONFIG, MONITORING])
        assert planned["totals"] == {"created": 2}
        assert why in planned["warnings"][0]
        with pytest.raises(ClusterAbsent):
            run(LABEL, "", **place, kind="Service", name="s", labels={"a": "1"})
        labelled = run(LABEL, "", check=True, **place, kind="Service", name="s", labels={"a": "1"})
        assert labelled["totals"] == {"updated": 1}
        selected = run(LABEL, "", check=True, **place, kind="Service", label_selector="a=b", labels={"a": "1"})
        assert (selected["changed"], selected["objects"]) == (False, [])
        whole = {"apply_set": "configmaps/set", "prune": True, "create_namespace": True, "namespace": "llm"}
        planned = run(APPLY, "", check=True, **place, manifests=[CONFIG, MONITORING], **whole)
        assert [entry["name"] for entry in planned["objects"]] == ["llm", "set", "c", "p"]
        assert planned["totals"] == {"created": 4}
        gone = run(APPLY, "", **place, apply_set="configmaps/set", state="absent")
        assert (gone["changed"], gone["objects"]) == (False, [])
        info = run(INFO, "", **place, kind="Service")
        assert (info["exists"], info["resources"]) == (False, [])
        assert run(APPLY, "", **place, manifests=[CONFIG], state="absent")["totals"] == {"absent": 1}


@pytest.mark.parametrize(("option", "value"), [("project", "Not_A_Project"), ("location", "central")])
def test_a_place_of_a_wrong_form_is_refused_before_anything_is_asked(option, value):
    with FakeServer({}) as gke:
        with pytest.raises(InvalidOption, match=f"^{option}: "):
            run(INFO, "", **by_name(gke.url, **{option: value}), kind="Pod")
        assert gke.requests == []


def test_a_kubeconfig_file_with_a_chosen_context(tmp_path):
    with FakeServer([Reply(200, {"items": []})]) as server:
        content = kubeconfig(server.url)
        content["contexts"].append({"name": "other", "context": {"cluster": "c", "user": "v", "namespace": "o"}})
        content["users"].append({"name": "v", "user": {"token": "other-token"}})
        path = tmp_path / "config"
        path.write_text(json.dumps(content), encoding="utf-8")
        run(INFO, "", kubeconfig=str(path), context="other", kind="Pod", namespace="o")
        assert server.headers[0]["authorization"] == "Bearer other-token"


def test_a_client_certificate_is_held_in_files_that_others_cannot_read_and_that_go():
    certificate, key = (base64.b64encode(text).decode() for text in certificates.pair())
    content = kubeconfig("https://127.0.0.1:9", **{"client-certificate-data": certificate, "client-key-data": key})
    content["clusters"][0]["cluster"]["certificate-authority-data"] = AUTHORITY
    with cluster_access(options(INFO, "", kind="Pod", kubeconfig=content), Deadline(5)) as access:
        http = access.required().http
        paths = [*http.certificate, http.verify]
        for path in paths:
            assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
        assert http.authorize is None
    assert not any(os.path.exists(path) for path in paths)
    assert "client-key-data" in content["users"][0]["user"], "the task's own options stay as they are"


def exec_user(script: str) -> dict:
    return {
        "exec": {
            "apiVersion": "client.authentication.k8s.io/v1beta1",
            "command": sys.executable,
            "args": ["-c", script],
        }
    }


def test_an_exec_plugin_is_run_and_run_again_when_its_token_is_refused():
    script = (
        "import json, time; print(json.dumps({'apiVersion': 'client.authentication.k8s.io/v1beta1',"
        " 'kind': 'ExecCredential', 'status': {'token': 'exec-' + str(time.time_ns())}}))"
    )
    with FakeServer([Reply(401, {"kind": "Status", "message": "Unauthorized"}), Reply(200, {"items": []})]) as server:
        run(INFO, "", kubeconfig=kubeconfig(server.url, **{"as": "mary"}, **exec_user(script)), kind="Pod")
        tokens = [headers["authorization"] for headers in server.headers]
        assert [headers["impersonate-user"] for headers in server.headers] == ["mary", "mary"]
    assert all(token.startswith("Bearer exec-") for token in tokens)
    assert tokens[0] != tokens[1]


def test_a_token_s_file_may_end_in_a_newline_and_is_read_anew_once_it_is_refused(tmp_path):
    path = tmp_path / "token"
    path.write_text("one\n", encoding="utf-8")

    def refuse(_request):
        path.write_text("two\n", encoding="utf-8")
        return Reply(401, {"kind": "Status", "message": "Unauthorized"}) if len(server.requests) == 1 else {"items": []}

    with FakeServer(refuse) as server:
        run(INFO, "", kubeconfig=kubeconfig(server.url, tokenFile=str(path)), kind="Pod")
        assert [headers["authorization"] for headers in server.headers] == ["Bearer one", "Bearer two"]


def test_an_exec_plugin_is_not_run_for_a_user_who_cannot_act_so(tmp_path):
    user = exec_user(f"open({str(tmp_path / 'ran')!r}, 'w')")
    with pytest.raises(InvalidOption, match="user u has as-uid, as-groups or as-user-extra, and no as"):
        run(INFO, "", kubeconfig=kubeconfig("http://127.0.0.1:9", **{"as-groups": ["one"]}, **user), kind="Pod")
    assert not (tmp_path / "ran").exists()


def test_an_exec_plugin_that_fails_is_named():
    with pytest.raises(CredentialsMissing, match="gave no credentials; run it by hand"):
        run(INFO, "", kubeconfig=kubeconfig("http://127.0.0.1:9", **exec_user("raise SystemExit(1)")), kind="Pod")


def test_an_exec_plugin_that_does_not_answer_is_waited_for_until_the_deadline():
    content = kubeconfig("http://127.0.0.1:9", **exec_user("import time; time.sleep(5)"))
    with pytest.raises(CredentialsMissing, match="exec plugin: no answer in 0 s"):
        run(INFO, "", kubeconfig=content, kind="Pod", timeout=0)


def test_a_token_s_file_that_is_gone_when_it_is_read_anew_is_named(tmp_path):
    path = tmp_path / "token"
    path.write_text("one", encoding="utf-8")

    def refuse(_request):
        path.unlink()
        return Reply(401, {"kind": "Status", "message": "Unauthorized"})

    with FakeServer(refuse) as server, pytest.raises(InvalidOption, match="No such file"):
        run(INFO, "", kubeconfig=kubeconfig(server.url, tokenFile=str(path)), kind="Pod")


def without(path: str) -> dict:
    content = kubeconfig("http://127.0.0.1:9")
    del content[path]
    return content


@pytest.mark.parametrize(
    ("content", "wrong"),
    [
        ("/nowhere/config", "No such file"),
        ("", "No such file"),
        ({}, "current-context"),
        (without("current-context"), "current-context"),
        (without("contexts"), "contexts"),
        (without("clusters"), "clusters"),
        ({**kubeconfig("x"), "users": "u"}, "users are no list"),
        ({**kubeconfig("x"), "current-context": "gone"}, "context gone"),
        (kubeconfig("x", **{"client-key-data": "%"}), "client-key-data of u is not base64"),
        ({**kubeconfig("x"), "clusters": [{"name": "c", "cluster": {}}]}, "names a server"),
        (kubeconfig("somewhere:6443"), "begins with https://"),
        (["a list"], "dictionary"),
    ],
)
def test_a_malformed_kubeconfig_is_refused_with_what_is_wrong(content, wrong):
    with pytest.raises(InvalidOption) as error:
        run(INFO, "", kubeconfig=content, kind="Pod")
    assert error.value.message.startswith("kubeconfig: ")
    assert wrong in error.value.message
    assert "kube-token" not in error.value.message
    assert "\n" not in error.value.message


def test_a_kubeconfig_that_is_no_yaml_is_refused_without_its_text(tmp_path):
    path = tmp_path / "config"
    path.write_text("users:\n- token: [s3cr3t-token\n", encoding="utf-8")
    with pytest.raises(InvalidOption, match="not YAML from line") as error:
        run(INFO, "", kubeconfig=str(path), kind="Pod")
    assert "s3cr3t" not in error.value.message


@pytest.mark.parametrize(
    "url", ["socks5://me:s3cr3t@proxy:1080", "me:s3cr3t@proxy:3128", "http://me:s3cr3t@proxy:x", "http://me:s3cr3t@", 7]
)
def test_a_proxy_that_cannot_be_used_is_refused_without_its_password(url):
    content = kubeconfig("https://127.0.0.1:9")
    content["clusters"][0]["cluster"]["proxy-url"] = url
    with pytest.raises(InvalidOption, match="proxy-url is http://HOST:PORT") as error:
        run(INFO, "", kubeconfig=content, kind="Pod")
    assert "s3cr3t" not in error.value.message
    assert ("socks5" in error.value.message) == str(url).startswith("socks5")


def test_a_proxy_s_password_is_hidden_as_a_token_is():
    content = kubeconfig("https://127.0.0.1:9")
    content["clusters"][0]["cluster"]["proxy-url"] = "http://me:s3cr%2Ft@proxy:3128"
    assert INFO.secrets({"kubeconfig": content}) == {"kube-token", "s3cr%2Ft", "s3cr/t"}


ENDPOINTS = {
    "dnsEndpointConfig": {"endpoint": "gke-abc.us-central1.gke.goog", "allowExternalTraffic": True},
    "ipEndpointsConfig": {"privateEndpoint": "10.0.0.2"},
}


@pytest.mark.parametrize(
    ("asked", "enabled", "server", "own_authority"),
    [
        (None, True, "127.0.0.1:9", True),
        ("private", True, "10.0.0.2", True),
        ("dns", True, "gke-abc.us-central1.gke.goog", False),
        (None, False, "gke-abc.us-central1.gke.goog", False),
    ],
)
def test_the_endpoint_that_is_asked_for_is_spoken_to_and_trusted_by_its_kind(asked, enabled, server, own_authority):
    addresses = {**ENDPOINTS["ipEndpointsConfig"], "enabled": enabled}
    cluster = {
        **RUNNING,
        "name": "mistral",
        "controlPlaneEndpointsConfig": {**ENDPOINTS, "ipEndpointsConfig": addresses},
    }
    with FakeServer({("GET", CLUSTER_PATH): cluster}) as gke:
        given = options(INFO, "", kind="Pod", **by_name(gke.url, **({"cluster_endpoint": asked} if asked else {})))
        with cluster_access(given, Deadline(5)) as access:
            http = access.required().http
            assert http.base_url == f"https://{server}"
            assert (http.verify is not True) == own_authority


def test_in_a_pod_the_service_account_is_used_and_its_token_read_anew(tmp_path, monkeypatch):
    from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.client import in_cluster

    for name, text in {"token": "one\n", "namespace": "mine", "ca.crt": "-----BEGIN CERTIFICATE-----"}.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.setattr(in_cluster, "ACCOUNT", str(tmp_path))
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "fd00::1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "443")
    with cluster_access(options(INFO, "", kind="Pod", kubeconfig="in-cluster"), Deadline(5)) as access:
        api = access.required()
        assert (api.http.base_url, api.default_namespace) == ("https://[fd00::1]:443", "mine")
        assert api.http.verify == str(tmp_path / "ca.crt")
        assert api.http.authorize(False) == {"Authorization": "Bearer one"}
        (tmp_path / "token").write_text("two", encoding="utf-8")
        assert api.http.authorize(False) == {"Authorization": "Bearer two"}


def test_in_cluster_is_refused_outside_of_a_pod(monkeypatch):
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    with pytest.raises(InvalidOption, match="only in a pod"):
        run(INFO, "", kubeconfig="in-cluster", kind="Pod")
