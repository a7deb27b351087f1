# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A kubeconfig's proxy-url and tls-server-name, over real TLS: who is spoken to, by which way, and who is trusted."""

from __future__ import annotations

import ssl

import pytest
import trustme

from ansible_collections.llmops.gke.plugins.module_utils.core.deadline import Deadline
from ansible_collections.llmops.gke.plugins.module_utils.core.errors import HttpError
from ansible_collections.llmops.gke.plugins.module_utils.core.result import Result
from ansible_collections.llmops.gke.plugins.module_utils.http.answers import TEXT
from ansible_collections.llmops.gke.plugins.module_utils.http.session import HttpSession
from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.client.port_forward import PortForwardFailed
from ansible_collections.llmops.gke.plugins.module_utils.workflows.port_forward import through_port_forward

from .connect_proxy import ConnectProxy

PRIVATE = "https://kubernetes.invalid:6443"
"""An API server that no name service knows; only the proxy leads there."""
CERTIFIED = "kubernetes.default.svc"
"""A name in the certificate of a sandbox cluster, whose others are those of this machine."""
LOGIN = "me:a/p+w?d~>"
IN_URL = "me:a%2Fp%2Bw%3Fd~%3E"


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    """Without proxies in it, unless a test puts one there."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    return monkeypatch


def reached(cluster, server=PRIVATE, **more):
    """The cluster's kubeconfig with another server and other fields of its cluster, written with hyphens."""
    config = cluster.kubeconfig
    config["clusters"][0]["cluster"] |= {"server": server, **{key.replace("_", "-"): more[key] for key in more}}
    return config


def with_login(url):
    return url.replace("://", f"://{IN_URL}@")


def asked_once(options, _check, _progress):
    """An engine that asks its url once."""
    http = HttpSession(options["url"], "the exporter", Deadline(10), connect_patience=0)
    return Result(values={"status": http.request("GET", "/metrics", doing="ask", repeatable=False, want=TEXT).status})


def forwarded(kubeconfig, **target):
    options = {"kubeconfig": kubeconfig, "timeout": 20, "url": None, "port_forward": target}
    return through_port_forward(asked_once)(options, False, lambda _line: None).values


SERVICE = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "model"},
    "spec": {"selector": {"app": "model"}, "ports": [{"port": 80, "targetPort": 9400}]},
}
EXPORTER = {"image": "nvcr.io/nvidia/k8s/dcgm-exporter:3.3.6-3.4.2-ubuntu22.04", "ports": [{"containerPort": 9400}]}


def test_a_private_cluster_is_applied_to_and_watched_by_its_proxy_alone(cluster, deployment, environment):
    environment.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    environment.setenv("NO_PROXY", "*")
    with ConnectProxy(cluster.server.endpoint, LOGIN) as proxy:
        config = reached(cluster, proxy_url=with_login(proxy.url), tls_server_name=CERTIFIED)
        done = cluster.apply(SERVICE, deployment(**EXPORTER, env=[], resources={}), wait=True, kubeconfig=config)
        assert done["totals"] == {"created": 2}
        assert forwarded(config, service="model", port=80) == {"status": 200}
        assert set(proxy.asked) == {"CONNECT kubernetes.invalid:6443"}


def test_a_proxy_comes_before_loopback_s_right_not_to_have_one(cluster):
    with ConnectProxy(cluster.server.endpoint) as proxy:
        here = f"https://{cluster.server.endpoint}"
        assert cluster.info("Namespace", name="default", kubeconfig=reached(cluster, here, proxy_url=proxy.url))
        assert proxy.asked == [f"CONNECT {cluster.server.endpoint}"]


def test_a_proxy_over_tls_is_trusted_by_the_system_s_authorities_not_the_cluster_s(cluster, environment, tmp_path):
    authority, tls = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(tls)
    with ConnectProxy(cluster.server.endpoint, tls=tls) as proxy:
        config = reached(cluster, proxy_url=proxy.url, tls_server_name=CERTIFIED)
        with pytest.raises(HttpError, match="CERTIFICATE_VERIFY_FAILED"):
            cluster.info("Namespace", name="default", kubeconfig=config)
        assert proxy.asked == []
        authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
        environment.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
        assert cluster.info("Namespace", name="default", kubeconfig=config)
        with pytest.raises(PortForwardFailed, match="not by a proxy that is spoken to over TLS .localhost"):
            forwarded(config, pod="any", port=80)


def test_a_proxy_that_refuses_is_not_asked_again_and_its_password_not_told(cluster):
    with ConnectProxy(cluster.server.endpoint, "me:another") as proxy:
        config = reached(cluster, proxy_url=with_login(proxy.url), tls_server_name=CERTIFIED)
        with pytest.raises(HttpError, match="407 Proxy Authentication Required") as error:
            cluster.info("Namespace", kubeconfig=config)
        assert len(proxy.asked) == 1
        assert "a/p+w" not in error.value.message
        assert IN_URL not in error.value.message


@pytest.mark.parametrize("by_proxy", [False, True])
def test_the_server_s_certificate_is_held_against_its_tls_name(cluster, environment, by_proxy):
    # A way to write this machine's address that is no address, and is in no certificate.
    here = f"https://127.1:{cluster.server.endpoint.rpartition(':')[2]}"
    with ConnectProxy(cluster.server.endpoint) as proxy:
        if by_proxy:
            environment.setenv("HTTPS_PROXY", proxy.url)
        for other in ({}, {"tls_server_name": "another.invalid"}):
            with pytest.raises(HttpError, match="gave no TLS connection"):
                cluster.info("Namespace", kubeconfig=reached(cluster, here, **other))
        config = reached(cluster, here, tls_server_name=CERTIFIED)
        assert cluster.info("Namespace", name="default", kubeconfig=config)
        assert bool(proxy.asked) == by_proxy
