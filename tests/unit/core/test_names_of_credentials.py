# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a message calls a credential: by where its value is from, the inventory or the environment."""

from __future__ import annotations

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.core.deadline import Deadline
from ansible_collections.llmops.gke.plugins.module_utils.core.errors import HttpError
from ansible_collections.llmops.gke.plugins.module_utils.google.options import GOOGLE_AUTH, google_auth_variables
from ansible_collections.llmops.gke.plugins.module_utils.http.session import HttpSession
from tests.unit.core.test_shared_options import kubeconfig

OWN = "llmops_google_auth.service_account_file"


@pytest.mark.parametrize(
    ("environment", "options", "name"),
    [
        ({}, {}, OWN),
        ({}, {"service_account_file": "a"}, OWN),
        ({"GCP_SERVICE_ACCOUNT_FILE": "a"}, {}, "GCP_SERVICE_ACCOUNT_FILE"),
        ({"GCP_SERVICE_ACCOUNT_FILE": "a"}, {"service_account_file": "a"}, "GCP_SERVICE_ACCOUNT_FILE"),
        ({"GCP_SERVICE_ACCOUNT_FILE": "a"}, {"service_account_file": "b"}, OWN),
        ({"GCE_CREDENTIALS_FILE_PATH": "a"}, {}, "GCE_CREDENTIALS_FILE_PATH"),
        ({"GCP_SERVICE_ACCOUNT_FILE": "a", "GCE_CREDENTIALS_FILE_PATH": "b"}, {}, "GCP_SERVICE_ACCOUNT_FILE"),
    ],
)
def test_a_credential_is_called_by_where_it_is_from(monkeypatch, environment, options, name):
    for option in GOOGLE_AUTH.values():
        for variable in option["fallback"][1]:
            monkeypatch.delenv(variable, raising=False)
    for variable, value in environment.items():
        monkeypatch.setenv(variable, value)
    named = google_auth_variables(options)
    assert named["service_account_file"] == name
    assert named.keys() == GOOGLE_AUTH.keys()
    assert {key: text for key, text in named.items() if key != "service_account_file"} == {
        key: f"llmops_google_auth.{key}" for key in GOOGLE_AUTH if key != "service_account_file"
    }


@pytest.mark.parametrize("in_process", [True, False])
def test_outside_of_roles_a_message_names_the_option_or_the_environment(tmp_path, monkeypatch, in_process):
    gone = str(tmp_path / "gone.json")
    given = {"access_token": None, "service_account_file": gone}
    assert kubeconfig(tmp_path, given, in_process=in_process)["msg"].startswith(f"service_account_file: '{gone}'")
    monkeypatch.setenv("GCP_SERVICE_ACCOUNT_FILE", gone)
    given["service_account_file"] = None
    result = kubeconfig(tmp_path, given, in_process=in_process)
    assert result["msg"].startswith(f"GCP_SERVICE_ACCOUNT_FILE: '{gone}' is not accepted")
    assert result["error"]["variable"] == "GCP_SERVICE_ACCOUNT_FILE"


def test_a_server_that_has_no_address_is_told_in_plain_words():
    session = HttpSession("https://nowhere.invalid", "the Hub", Deadline(2))
    with pytest.raises(HttpError) as raised:
        session.request("GET", "/x", doing="read x")
    assert "Failed to resolve 'nowhere.invalid'" in raised.value.message
    assert "host=" not in raised.value.message
