# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A sandbox's Google APIs, asked as the modules ask."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
import requests
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from tests.playbooks.playground import Sandbox


@pytest.fixture(scope="package")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """A running sandbox, ended after the last test of this folder."""
    running = Sandbox(tmp_path_factory.mktemp("gcp") / "sandbox", speed=2000)
    yield running
    running.stop()


@pytest.fixture
def fault(sandbox: Sandbox) -> Iterator[Callable[..., None]]:
    """Switches a fault on until the test ends."""
    url = f"{sandbox.endpoints['admin']}/faults"

    def switch_on(name: str, **settings: Any) -> None:
        requests.post(url, json={"name": name, **settings}, timeout=10).raise_for_status()

    yield switch_on
    requests.delete(url, timeout=10).raise_for_status()


@pytest.fixture(scope="package")
def token(sandbox: Sandbox) -> str:
    """An access token of the sandbox, asked for once: to sign for one takes longer than most tests."""
    # Imported late: a conftest is loaded before Ansible's own finder of collections is in place.
    from ansible_collections.llmops.gke.plugins.module_utils.google.credentials import authorizer

    key = {"service_account_file": sandbox.endpoints["service_account_file"]}
    return authorizer(key)(False)["Authorization"].removeprefix("Bearer ")


@pytest.fixture
def options_of(sandbox: Sandbox, token: str) -> Callable[..., dict[str, Any]]:
    """The options of a module as its engine sees them, with the sandbox's endpoints."""

    def options(spec: Mapping[str, Any], **given: Any) -> dict[str, Any]:
        ends = sandbox.endpoints
        place = {
            "project": ends["project"],
            "access_token": token,
            **{name: value for name, value in ends["google_auth"].items() if name.endswith("_api_endpoint")},
        }
        asked = {name: value for name, value in {**place, **given}.items() if name in spec}
        validated = ArgumentSpecValidator(dict(spec)).validate(asked)
        assert not validated.error_messages, validated.error_messages
        return validated.validated_parameters

    return options
