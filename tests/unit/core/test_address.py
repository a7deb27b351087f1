# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses that are refused before anything is sent, and what a header can hold."""

from __future__ import annotations

import re

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.core.deadline import Deadline
from ansible_collections.llmops.gke.plugins.module_utils.core.errors import InvalidOption
from ansible_collections.llmops.gke.plugins.module_utils.http.address import (
    SWITCH,
    AddressRefused,
    check_address,
    check_proxy,
    endpoint,
    header_text,
)
from ansible_collections.llmops.gke.plugins.module_utils.http.session import HttpSession

BAD = [
    "",
    "host",
    "ftp://h",
    "https://",
    "https://u:p@h",
    "https://u@h",
    "https://h:0",
    "https://h:x",
    "https://h:99999",
]
BAD += ["https://[", "https://h\n", "https://h /", "https://h\x00", "file:///etc/passwd", "https://h\\@evil", "//h"]


@pytest.mark.parametrize("url", BAD)
def test_what_is_no_address_is_refused(url):
    with pytest.raises(AddressRefused, match="an http.s. URL without user and password"):
        HttpSession(url, "GKE", Deadline(5))
    with pytest.raises(InvalidOption, match="^container_api_endpoint: .* it takes an http.s. URL without user"):
        endpoint({"container_api_endpoint": url}, "container_api_endpoint")


def test_what_was_refused_is_repeated_without_a_password():
    for url, told in (("ftp://h/", "ftp://h/"), ("https://u:hunter2@h", "https://***@h")):
        with pytest.raises(InvalidOption, match=f"^e: '{re.escape(told)}' is not accepted"):
            endpoint({"e": url}, "e")


def test_an_endpoint_loses_its_slash():
    assert endpoint({"e": "https://h:8443/v1/"}, "e") == "https://h:8443/v1"


@pytest.mark.parametrize(
    "url",
    ["http://10.0.0.1", "http://model.default.svc:8080", "http://[2001:db8::1]", "http://localhost.evil"]
    + ["HTTP://10.0.0.1", "Http://model.default.svc:8080"],
)
def test_credentials_never_go_over_plain_http_to_another_machine(url, monkeypatch):
    monkeypatch.delenv(SWITCH, raising=False)
    with pytest.raises(AddressRefused, match=rf"plain http.*{SWITCH}=true"):
        HttpSession(url, "the model server", Deadline(5), authorize=lambda _fresh: {"Authorization": "Bearer x"})
    check_address(url, "the model server", with_credentials=False)
    monkeypatch.setenv(SWITCH, "false")
    with pytest.raises(AddressRefused):
        check_address(url, "the model server", with_credentials=True)
    for on in ("true", "True", "1", "yes", "on"):
        monkeypatch.setenv(SWITCH, on)
        check_address(url, "the model server", with_credentials=True)


@pytest.mark.parametrize(
    "url", ["https://10.0.0.1", "HTTPS://10.0.0.1", "http://127.0.0.1:1", "http://[::1]", "http://localhost:80"]
)
def test_credentials_go_by_tls_and_to_this_machine(url, monkeypatch):
    monkeypatch.delenv(SWITCH, raising=False)
    check_address(url, "GKE", with_credentials=True)


@pytest.mark.parametrize("value", ["  key\n", "key", "\tkey\r\n"])
def test_blanks_around_a_key_are_none_of_it(value):
    assert header_text("api_key", value) == "key"


@pytest.mark.parametrize("value", ["k\ney", "k\x00", "schlüssel\u20ac", "你好", " \n", "a\x7f"])
def test_a_key_that_no_header_can_hold_is_refused_by_name_and_not_repeated(value):
    with pytest.raises(InvalidOption, match="^api_key: '.hidden.' is not accepted") as error:
        header_text("api_key", value)
    assert value.strip() == "" or value not in error.value.message


def test_a_key_may_hold_latin_1():
    with pytest.raises(InvalidOption, match="it takes one line of characters that an HTTP header can hold"):
        header_text("api_key", "\u20ac")
    assert header_text("api_key", "schlüssel mit blank") == "schlüssel mit blank"


@pytest.mark.parametrize(
    "url", ["http://proxy:3128", "https://proxy", "http://me:pw@proxy:3128", "HTTP://proxy", "http://[::1]:3128"]
)
def test_a_proxy_has_a_scheme_and_a_host(url):
    assert check_proxy("cluster_proxy_url", url) == url


@pytest.mark.parametrize("url", [None, ""])
def test_no_proxy_is_none(url):
    assert check_proxy("cluster_proxy_url", url) is None


@pytest.mark.parametrize(
    "url", ["proxy:3128", "socks5://proxy", "http://", "http://proxy:0", "http://proxy:x", "http://["]
)
def test_what_is_no_proxy_is_refused(url):
    with pytest.raises(InvalidOption) as error:
        check_proxy("cluster_proxy_url", url)
    takes = "is not accepted; it takes http://HOST:PORT or https://HOST:PORT"
    assert error.value.message == f"cluster_proxy_url: {url!r} {takes}"


def test_the_password_of_what_is_no_proxy_is_not_repeated():
    with pytest.raises(InvalidOption, match="cluster_proxy_url: '.hidden.' is not accepted"):
        check_proxy("cluster_proxy_url", "socks5://me:hunter2@proxy")
