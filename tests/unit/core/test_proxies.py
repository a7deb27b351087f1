# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A proxy of the environment that lets nothing through is told by its address and by the variable that names it."""

from __future__ import annotations

import socket

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.core.deadline import Deadline
from ansible_collections.llmops.gke.plugins.module_utils.core.errors import HttpError
from ansible_collections.llmops.gke.plugins.module_utils.http.session import HttpSession
from tests.unit.fake_http import FakeServer, Reply

GOOGLE = "https://google.test"
NAMES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    return monkeypatch


def with_login(url: str) -> str:
    return url.replace("://", "://me:s3cr3t@")


def shown(url: str) -> str:
    return url.replace("://", "://***@")


def failure(deadline: float = 5) -> str:
    slept: list[float] = []
    http = HttpSession(GOOGLE, "GKE", Deadline(deadline, clock=lambda: sum(slept), sleep=slept.append))
    with pytest.raises(HttpError) as error:
        http.request("GET", "/thing", doing="read thing")
    return error.value.message


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])
@pytest.mark.parametrize(("status", "words"), [(407, "Proxy Authentication Required"), (403, "Forbidden")])
def test_what_it_answers_is_told_with_the_variable_that_names_it(environment, name, status, words):
    with FakeServer({("CONNECT", "google.test:443"): Reply(status)}) as proxy:
        environment.setenv(name, with_login(proxy.url))
        assert failure() == (
            f"read thing: GKE gave no connection: the proxy {shown(proxy.url)} ({name}; NO_PROXY leaves hosts out) "
            f"answered {status} {words} (GET {GOOGLE}/thing)"
        )
        assert len(proxy.requests) == 1


def test_one_that_is_not_there_is_told_likewise(environment):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        environment.setenv("HTTPS_PROXY", with_login(url))
        told = failure()
    assert f"the proxy {shown(url)} (HTTPS_PROXY; NO_PROXY leaves hosts out) is not reached: " in told
    assert "Connection refused" in told
    assert "SecureConnection" not in told
    assert "s3cr3t" not in told


def test_one_that_never_answers_is_named(environment):
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        environment.setenv("HTTPS_PROXY", with_login(url))
        http = HttpSession(GOOGLE, "GKE", Deadline(0.3))
        with pytest.raises(HttpError, match="timed out") as error:
            http.request("GET", "/thing", doing="read thing")
    assert f", by the proxy {shown(url)} (HTTPS_PROXY; NO_PROXY leaves hosts out)" in error.value.message
