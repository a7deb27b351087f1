# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reaching a pod's port through the API server, over real TLS and websockets."""

from __future__ import annotations

import pytest
import requests

from ansible_collections.llmops.gke.plugins.module_utils.core.errors import LlmopsError
from ansible_collections.llmops.gke.plugins.module_utils.core.result import Result
from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.client.port_forward import PortForwardFailed
from ansible_collections.llmops.gke.plugins.module_utils.workflows.port_forward import through_port_forward

SERVICE = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "metrics"},
    "spec": {"selector": {"app": "model"}, "ports": [{"port": 80, "targetPort": 9400}]},
}
EXPORTER = {"image": "nvcr.io/nvidia/k8s/dcgm-exporter:3.3.6-3.4.2-ubuntu22.04", "ports": [{"containerPort": 9400}]}


def asked(options, _check, _progress):
    """An engine that asks its url twice over one connection and once over another."""
    with requests.Session() as session:
        session.trust_env = False
        try:
            answers = [session.get(f"{options['url']}/metrics", timeout=10) for _turn in range(2)]
        except requests.RequestException as error:
            raise LlmopsError("no answer") from error
    answers.append(requests.get(f"{options['url']}/metrics", timeout=10, proxies={"http": ""}))
    return Result(values={"statuses": [answer.status_code for answer in answers]})


def forwarded(cluster, check=False, **target):
    options = {"kubeconfig": cluster.kubeconfig, "timeout": 20, "url": None, "port_forward": target}
    return through_port_forward(asked)(options, check, lambda _line: None).values


@pytest.fixture
def exporter(cluster, deployment):
    cluster.apply(SERVICE, deployment(**EXPORTER, env=[], resources={}), wait=True)
    return cluster


def test_a_service_and_a_pod_are_reached_by_their_ports(exporter):
    assert forwarded(exporter, service="metrics", port=80) == {"statuses": [200, 200, 200]}
    [pod] = exporter.info("Pod", namespace="default")
    assert forwarded(exporter, pod=pod["metadata"]["name"], port=9400) == {"statuses": [200, 200, 200]}


def test_what_cannot_be_reached_is_named_and_in_check_mode_only_told(cluster):
    with pytest.raises(PortForwardFailed, match="Service default/metrics: it does not exist"):
        forwarded(cluster, service="metrics", port=80)
    assert not forwarded(cluster, check=True, service="metrics", port=80)["reachable"]
    with pytest.raises(PortForwardFailed, match='80 of Pod default/gone: pods "gone" not found$'):
        forwarded(cluster, pod="gone", port=80)
    cluster.apply(SERVICE)
    with pytest.raises(PortForwardFailed, match="no pod behind it is ready"):
        forwarded(cluster, service="metrics", port=80)
    with pytest.raises(PortForwardFailed, match="it has no port 81, but 80"):
        forwarded(cluster, service="metrics", port=81)


def test_without_the_option_the_url_is_left_alone():
    seen = through_port_forward(lambda options, _check, _progress: Result(values=options))({"url": "u"}, False, print)
    assert seen.values == {"url": "u"}


def test_nothing_is_forwarded_with_the_rights_of_a_user_who_acts_as_another(cluster):
    kubeconfig = cluster.kubeconfig
    kubeconfig["users"][0]["user"]["as"] = "somebody"
    target = {"pod": "model", "port": 9400}
    options = {"kubeconfig": kubeconfig, "timeout": 20, "url": None, "port_forward": target}
    with pytest.raises(PortForwardFailed, match="to port 9400 of Pod default/model: not as another user"):
        through_port_forward(asked)(options, False, lambda _line: None)
