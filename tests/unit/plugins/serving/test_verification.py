# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When a deployed model is asked, where, and what is a failure then."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.core.option_names import OptionNames
from ansible_collections.llmops.gke.plugins.module_utils.workflows.verification import (
    AnotherModel,
    Found,
    NotServing,
    as_exposed,
    data_beside,
    forward_to,
    host_of,
    is_private,
    labels_of,
    needs_forward,
    port_of,
    require_model,
    scheme_of,
    url_of,
)


def service(*ingress: dict[str, str], port: int | None = None) -> dict[str, Any]:
    ports = [{"port": port}, {"port": 9}] if port else []
    return {"spec": {"ports": ports}, "status": {"loadBalancer": {"ingress": list(ingress)}}}


@pytest.mark.parametrize(
    ("found", "port", "url"),
    [
        pytest.param(None, 80, "", id="no Service"),
        pytest.param({"metadata": {}}, 80, "", id="neither spec nor status"),
        pytest.param({"status": {"loadBalancer": {}}}, 80, "", id="no address yet"),
        pytest.param(service({"ip": "192.0.2.1"}), 80, "http://192.0.2.1", id="no port"),
        pytest.param(service({"ip": "192.0.2.1"}, port=80), 80, "http://192.0.2.1", id="that of http"),
        pytest.param(service({"ip": "192.0.2.1"}, port=8080), 8080, "http://192.0.2.1:8080", id="another"),
        pytest.param(service({}, {"hostname": "lb.test"}, port=8080), 8080, "http://lb.test:8080", id="a name"),
        pytest.param(service({"ip": "192.0.2.1"}, {"ip": "192.0.2.2"}), 80, "http://192.0.2.1", id="the first of two"),
    ],
)
def test_a_service_is_reached_at_its_first_address_and_port(found, port, url):
    assert (port_of(found), url_of(found)) == (port, url)


def gateway(protocol: str, port: int, *addresses: str) -> dict[str, Any]:
    return {
        "spec": {"listeners": [{"protocol": protocol, "port": port}, {"protocol": "HTTP", "port": 9}]},
        "status": {"addresses": [{"type": "IPAddress", "value": address} for address in addresses]},
    }


@pytest.mark.parametrize(
    ("found", "url"),
    [
        pytest.param(gateway("HTTP", 8080), "", id="no address yet"),
        pytest.param({**gateway("HTTP", 80), "status": {}}, "", id="no status yet"),
        pytest.param(gateway("HTTP", 80, "192.0.2.1", "192.0.2.2"), "http://192.0.2.1", id="the first of two"),
        pytest.param(gateway("HTTP", 443, "192.0.2.1"), "http://192.0.2.1:443", id="the other one's port"),
        pytest.param(gateway("HTTPS", 443, "192.0.2.1"), "https://192.0.2.1", id="encrypted"),
        pytest.param(gateway("HTTPS", 8443, "192.0.2.1"), "https://192.0.2.1:8443", id="encrypted, another port"),
    ],
)
def test_a_gateway_is_reached_by_its_first_listener(found, url):
    assert url_of(found) == url
    assert scheme_of(found) == found["spec"]["listeners"][0]["protocol"].lower()


@pytest.mark.parametrize(
    ("url", "key", "needed"),
    [
        ("http://192.0.2.1", "sk", True),
        ("http://192.0.2.1", "", False),
        ("http://192.0.2.1", None, False),
        ("HTTP://192.0.2.1", "sk", True),
        ("https://192.0.2.1", "sk", False),
        ("HTTPS://192.0.2.1", "sk", False),
        ("http://127.0.0.2:8080", "sk", False),
        ("", "sk", True),
        ("", None, False),
    ],
)
def test_a_key_does_not_travel_in_the_clear(url, key, needed):
    assert needs_forward(url, key) is needed


@pytest.mark.parametrize(
    ("hostnames", "url"),
    [
        (["*.example.com", "llm.example.com"], "https://llm.example.com"),
        (["*.example.com"], "https://192.0.2.7"),
        (None, "https://192.0.2.7"),
    ],
)
def test_who_speaks_tls_is_asked_by_the_name_of_its_certificate(hostnames, url):
    route = {"spec": {"hostnames": hostnames}}
    assert url_of(gateway("HTTPS", 443, "192.0.2.7"), host_of(route)) == url
    assert url_of(gateway("HTTPS", 443), host_of(route)) == ""


@pytest.mark.parametrize(
    ("route", "host"),
    [
        (None, ""),
        ({"spec": {"hostnames": ["*.example.com"]}}, ""),
        ({"spec": {"hostnames": ["*.example.com", "llm.example.com", "b.example.com"]}}, "llm.example.com"),
    ],
)
def test_the_name_of_a_route_is_its_first_whole_one(route, host):
    assert host_of(route) == host


@pytest.mark.parametrize(
    ("cls", "url", "private"),
    [
        ("gke-l7-rilb", "http://10.128.0.9", True),
        ("gke-l7-cross-regional-internal-managed-mc", "", True),
        ("gke-l7-rilb", "http://127.0.0.9:8080", False),
        ("gke-l7-regional-external-managed", "http://192.0.2.1", False),
        ("", "http://10.128.0.9", False),
    ],
)
def test_a_gateway_in_the_vpc_is_not_gone_to_from_outside(cls, url, private):
    front = {"spec": {"gatewayClassName": cls}} if cls else None
    assert is_private(front, url) is private


PLAIN, PRIVATE = "http://192.0.2.1", "http://10.128.0.9"
VPC = {"spec": {"gatewayClassName": "gke-l7-rilb", "listeners": [{"port": 8443}]}}


@pytest.mark.parametrize(
    ("given", "front", "url", "port"),
    [
        pytest.param({}, service(port=8000), PLAIN, None, id="the address"),
        pytest.param({}, None, "", None, id="no address, and no key that needs one"),
        pytest.param({"api_key": "sk"}, service(port=8000), PLAIN, 8000, id="a key in the clear"),
        pytest.param({"api_key": "sk"}, None, "", 80, id="a key, and no Service"),
        pytest.param({"api_key": "sk", "url": PLAIN}, service(port=8000), PLAIN, None, id="a URL that was given"),
        pytest.param({"gateway": "front"}, VPC, PRIVATE, 80, id="a private Gateway, whose port is another's"),
        pytest.param({"gateway": "front"}, VPC, "http://127.0.0.9:8080", None, id="one that the sandbox plays"),
        pytest.param({"gateway": "front", "url": PRIVATE}, VPC, PRIVATE, None, id="its URL was given"),
        pytest.param({"port_forward": True, "url": PLAIN}, service(port=8000), PLAIN, 8000, id="wanted"),
        pytest.param({"port_forward": True, "service_port": 9}, service(port=8000), PLAIN, 9, id="to a given port"),
        pytest.param({"port_forward": False, "api_key": "sk"}, service(port=8000), PLAIN, None, id="not wanted"),
    ],
)
def test_a_forward_leads_to_the_service_where_its_address_is_not_to_be_asked(given, front, url, port):
    options = {"namespace": "golden", "service": "m", "url": None, "api_key": None, "gateway": None}
    options |= {"service_port": None, "port_forward": None, **given}
    forward = {"namespace": "golden", "service": "m", "pod": None, "port": port}
    assert forward_to(options, front, url) == (forward if port else None)


@pytest.mark.parametrize(
    ("deployment", "name", "exposure"),
    [
        ({"exposure": "a Gateway", "gpus": 1}, "front", "a Gateway, by https"),
        ({"exposure": "a load balancer", "gpus": 1}, None, "a load balancer"),
        ({"exposure": None, "gpus": 1}, "front", None),
    ],
)
def test_a_gateway_is_reported_with_its_scheme(deployment, name, exposure):
    assert as_exposed(deployment, gateway("HTTPS", 443), name) == {"exposure": exposure, "gpus": 1}


def test_a_report_without_a_deployment_has_none_with_a_gateway_either():
    assert as_exposed(None, gateway("HTTPS", 443), "front") is None


@pytest.mark.parametrize(
    ("page", "data"),
    [("out/a.html", "out/a.json"), ("a.htm", "a.json"), ("a", "a.json"), ("a.html.old", "a.html.old.json")],
)
def test_the_data_of_a_page_lie_beside_it(page, data):
    assert data_beside(page) == data


@pytest.mark.parametrize(
    ("front", "labels"),
    [(None, {}), ({}, {}), ({"metadata": {"labels": None}}, {}), ({"metadata": {"labels": {"a": "b"}}}, {"a": "b"})],
)
def test_labels_are_none_where_a_front_has_none(front, labels):
    assert labels_of(front) == labels


def start(*, exists: bool = True, ready: int = 0, asleep: bool = False, selects: bool = True) -> dict[str, Any]:
    selector = {"app": "m"} if selects else {}
    return {"exists": exists, "ready": ready, "asleep": asleep, "selector": selector, "text": "golden/m: it is so"}


URL = "http://192.0.2.1"
SLEEPS = start(asleep=True)
COMING = start()
READY = start(ready=1)
ABSENT = start(exists=False, selects=False)
DELETED = start(exists=False)
STRANGE = start(exists=False, ready=1)
WAKE = "To wake it: deploy"
DEPLOY = "To deploy it: deploy"


@pytest.mark.parametrize(
    ("found", "rightly", "asked", "refusal"),
    [
        pytest.param(Found(READY, URL, 1, False), False, True, None, id="serves"),
        pytest.param(Found(READY, "", 1, False), False, True, None, id="serves without an address"),
        pytest.param(Found(READY, URL, 1, True), False, True, None, id="serves, check mode"),
        pytest.param(Found(COMING, URL, 1, False), False, True, "golden/m: it is so", id="on its way"),
        pytest.param(
            Found(COMING, URL, 1, False, WAKE, DEPLOY), False, True, "golden/m: it is so", id="on its way, deployed"
        ),
        pytest.param(Found(COMING, URL, 1, True), False, True, None, id="on its way, check mode"),
        pytest.param(Found(COMING, "", 1, True), False, False, None, id="no address, check mode"),
        pytest.param(Found(ABSENT, "", 1, False), False, True, "golden/m: it is so", id="absent"),
        pytest.param(Found(ABSENT, "", 1, True), False, False, None, id="absent, check mode"),
        pytest.param(Found(ABSENT, URL, 1, False), False, True, None, id="no pods are selected, but an address"),
        pytest.param(Found(STRANGE, URL, 1, False), False, True, None, id="pods of no Deployment"),
        pytest.param(Found(DELETED, URL, 1, False), False, True, "golden/m: it is so", id="no Deployment"),
        pytest.param(Found(DELETED, URL, 1, True), False, True, None, id="no Deployment, check mode"),
        pytest.param(
            Found(DELETED, URL, 1, False, WAKE, DEPLOY), False, True, f"golden/m: it is so. {DEPLOY}", id="what deploys"
        ),
        pytest.param(Found(None, URL, 1, False), False, True, None, id="elsewhere"),
        pytest.param(Found(SLEEPS, URL, 0, False), True, False, None, id="sleeps as it is meant to"),
        pytest.param(Found(SLEEPS, URL, 1, True), True, False, None, id="sleeps until it is deployed, check mode"),
        pytest.param(
            Found(SLEEPS, URL, 1, False, WAKE), False, False, f"golden/m: it is so. {WAKE}", id="sleeps unasked"
        ),
    ],
)
def test_who_is_asked_and_what_is_refused(found, rightly, asked, refusal):
    assert (found.sleeps_rightly, found.is_asked) == (rightly, asked)
    if refusal is None:
        found.require_ready()
    else:
        with pytest.raises(NotServing) as error:
            found.require_ready()
        assert error.value.message == refusal


@pytest.mark.parametrize(("to_wake", "text"), [("", "golden/m: it is so"), (WAKE, f"golden/m: it is so. {WAKE}")])
def test_a_model_that_sleeps_says_what_wakes_it(to_wake, text):
    assert Found(SLEEPS, URL, 0, False, to_wake).why_asleep == text


def test_of_a_model_that_is_elsewhere_nothing_is_said():
    assert Found(None, URL, 0, False).why_asleep == ""


@pytest.mark.parametrize(("serves", "wanted"), [("a", "a"), (None, "a"), ("a", None)])
def test_the_model_that_is_wanted_and_one_that_nobody_names_are_right(serves, wanted):
    require_model(URL, serves, wanted)


def test_another_model_is_refused_with_the_variables_to_correct():
    with pytest.raises(AnotherModel) as error:
        require_model(URL, "org/other", "org/mine")
    names = OptionNames({"model": "llmops_model", "url": "verify_url"})
    assert error.value.told(names) == (
        "http://192.0.2.1 serves org/other, but llmops_model is org/mine; deploy it, or correct llmops_model or "
        "verify_url"
    )
    assert error.value.fields["serves"] == "org/other"


def test_a_name_that_a_model_is_served_by_counts_and_is_the_one_to_correct():
    require_model(URL, "mine", "org/mine", "mine")
    with pytest.raises(AnotherModel) as error:
        require_model(URL, "org/mine", "org/mine", "mine")
    assert "but llmops_served_name is mine" in error.value.told(OptionNames({"served_name": "llmops_served_name"}))
