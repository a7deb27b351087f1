# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Credentials by google-auth: real key files, a real token endpoint on loopback, and no secret in any message."""

from __future__ import annotations

import json

import google.auth
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from ansible_collections.llmops.gke.plugins.module_utils.core.deadline import Deadline
from ansible_collections.llmops.gke.plugins.module_utils.core.errors import InvalidOption
from ansible_collections.llmops.gke.plugins.module_utils.core.option_names import OptionNames
from ansible_collections.llmops.gke.plugins.module_utils.google.credentials import CredentialsRefused, authorizer
from ansible_collections.llmops.gke.plugins.module_utils.workflows import cluster_access
from tests.unit.fake_http import FakeServer, Reply


@pytest.fixture(scope="module")
def private_key() -> str:
    return (
        rsa.generate_private_key(public_exponent=65537, key_size=2048)
        .private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        .decode()
    )


def key_of(private_key: str, token_uri: str) -> dict[str, str]:
    return {
        "type": "service_account",
        "client_email": "robot@p.iam.gserviceaccount.com",
        "private_key": private_key,
        "token_uri": token_uri,
    }


def token(value: str) -> Reply:
    return Reply(200, {"access_token": value, "expires_in": 3600, "token_type": "Bearer"})


def test_a_service_accounts_key_is_exchanged_once_for_many_requests(private_key, tmp_path):
    with FakeServer([token("one"), token("two")]) as server:
        path = tmp_path / "key.json"
        path.write_text(json.dumps(key_of(private_key, f"{server.url}/token")))
        authorize = authorizer({"service_account_file": str(path)})
        assert authorize(False) == authorize(False) == {"Authorization": "Bearer one"}
        assert server.calls() == ["POST /token"]
        assert authorize(True) == {"Authorization": "Bearer two"}


def test_contents_serve_as_well_as_a_file(private_key):
    with FakeServer([token("one")]) as server:
        contents = json.dumps(key_of(private_key, f"{server.url}/token"))
        assert authorizer({"service_account_contents": contents})(False) == {"Authorization": "Bearer one"}


def test_an_access_token_is_used_as_it_is():
    assert authorizer({"access_token": "ya29.given"})(False) == {"Authorization": "Bearer ya29.given"}


def test_application_default_credentials_are_found_by_their_variable(private_key, tmp_path, monkeypatch):
    with FakeServer([token("adc")]) as server:
        path = tmp_path / "key.json"
        path.write_text(json.dumps(key_of(private_key, f"{server.url}/token")))
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(path))
        monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "p-project")
        assert authorizer({})(False) == {"Authorization": "Bearer adc"}


def test_a_user_s_own_credentials_are_refreshed_when_their_token_is_refused(tmp_path, monkeypatch):
    with FakeServer([token("one"), token("two")]) as server:
        path = tmp_path / "adc.json"
        user = {"type": "authorized_user", "client_id": "c", "client_secret": "s", "refresh_token": "r"}
        path.write_text(json.dumps(user))
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(path))
        monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "p-project")
        # A user's file names no endpoint of its own.
        monkeypatch.setattr("google.oauth2.credentials._GOOGLE_OAUTH2_TOKEN_ENDPOINT", f"{server.url}/token")
        authorize = authorizer({})
        assert authorize(False) == {"Authorization": "Bearer one"}
        assert authorize(True) == authorize(False) == {"Authorization": "Bearer two"}


@pytest.mark.parametrize(
    ("options", "option"),
    [
        ({"auth_kind": "accesstoken"}, "access_token"),
        ({"auth_kind": "serviceaccount"}, "service_account_file"),
        ({"service_account_file": "/nowhere/key.json"}, "service_account_file"),
        ({"service_account_contents": '{"private_key": "hush'}, "service_account_contents"),
        ({"service_account_contents": '{"type": "service_account"}'}, "service_account_contents"),
        ({"service_account_contents": '{"a":' * 100_000}, "service_account_contents"),
    ],
)
def test_credentials_that_cannot_be_are_refused_by_name(options, option):
    with pytest.raises(InvalidOption) as caught:
        authorizer(options)
    assert caught.value.message.startswith(f"{option}: ")
    assert "hush" not in caught.value.message


def test_without_any_credentials_it_says_what_to_run_or_to_set(tmp_path, monkeypatch):
    said = "Your default credentials were not found. See https://cloud.google.com/docs for more information."

    def nothing(**_options):
        raise google.auth.exceptions.DefaultCredentialsError(said)

    monkeypatch.setattr(google.auth, "default", nothing)
    with pytest.raises(CredentialsRefused) as refused:
        authorizer({})
    assert refused.value.told(OptionNames({"service_account_file": "llmops_google_auth.service_account_file"})) == (
        f"Google credentials (application): {said.removesuffix('.')}; run gcloud auth application-default login, or "
        "name a service account's key file by GCP_SERVICE_ACCOUNT_FILE or llmops_google_auth.service_account_file"
    )


def test_a_refused_exchange_names_the_source_and_the_way_out(private_key):
    with FakeServer(
        {("POST", "/token"): Reply(400, {"error": "invalid_grant", "error_description": "gone"})}
    ) as server:
        authorize = authorizer({"service_account_contents": json.dumps(key_of(private_key, f"{server.url}/token"))})
        with pytest.raises(CredentialsRefused, match=r"Google credentials \(serviceaccount\).*invalid_grant") as caught:
            authorize(False)
    assert "PRIVATE KEY" not in caught.value.message


def test_a_proxy_that_refuses_is_asked_once_and_nobody_sent_to_log_in(private_key, monkeypatch):
    monkeypatch.delenv("https_proxy", raising=False)
    with FakeServer({("CONNECT", "google.test:443"): Reply(407)}) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        key = json.dumps(key_of(private_key, "https://google.test/token"))
        with pytest.raises(CredentialsRefused) as error:
            authorizer({"service_account_contents": key}, Deadline(5))(False)
        assert len(proxy.requests) == 1
    told = f"the proxy {proxy.url} (HTTPS_PROXY; NO_PROXY leaves hosts out) answered 407 Proxy Authentication Required"
    assert error.value.message.endswith(told)


@pytest.mark.parametrize("failure", [Reply(lost=True), Reply(502, "bad gateway")], ids=["connection closed", "502"])
def test_a_token_endpoint_that_fails_in_passing_is_asked_again(private_key, failure):
    with FakeServer([failure, failure, token("one")]) as server:
        key = json.dumps(key_of(private_key, f"{server.url}/token"))
        slept: list[float] = []
        deadline = Deadline(60, clock=lambda: sum(slept), sleep=slept.append)
        assert authorizer({"service_account_contents": key}, deadline)(False) == {"Authorization": "Bearer one"}
        assert server.calls() == ["POST /token"] * 3
    assert len(slept) == 2


@pytest.mark.parametrize(("seconds", "most"), [(3, 3), (3600, 30)], ids=["at the deadline", "long before it"])
def test_a_token_endpoint_that_never_gave_one_is_given_up(private_key, seconds, most):
    with FakeServer({("POST", "/token"): Reply(lost=True)}) as server:
        key = json.dumps(key_of(private_key, f"{server.url}/token"))
        slept: list[float] = []
        deadline = Deadline(seconds, clock=lambda: sum(slept), sleep=slept.append)
        with pytest.raises(CredentialsRefused, match="no access token was given") as caught:
            authorizer({"service_account_contents": key}, deadline)(False)
    assert 0 < sum(slept) <= most
    assert "\n" not in caught.value.message


def test_a_quota_project_goes_along(tmp_path, monkeypatch):
    with FakeServer([token("one")]) as server:
        path = tmp_path / "adc.json"
        user = {"type": "authorized_user", "client_id": "c", "client_secret": "s", "refresh_token": "r"}
        path.write_text(json.dumps({**user, "quota_project_id": "payer"}))
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(path))
        monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "p-project")
        monkeypatch.setattr("google.oauth2.credentials._GOOGLE_OAUTH2_TOKEN_ENDPOINT", f"{server.url}/token")
        authorize = authorizer({})
        assert authorize(False) == {"Authorization": "Bearer one", "x-goog-user-project": "payer"}


def test_a_cluster_is_not_told_whose_quota_is_used():
    given = {"Authorization": "Bearer one", "x-goog-user-project": "payer"}
    assert cluster_access.token_alone(lambda _fresh: given)(False) == {"Authorization": "Bearer one"}


def test_a_token_endpoint_that_asks_for_patience_is_asked_again_by_our_own_clock(private_key):
    busy = Reply(503, {"error": "busy"}, {"Retry-After": "7"})
    with FakeServer([busy, token("one")]) as server:
        key = json.dumps(key_of(private_key, f"{server.url}/token"))
        slept: list[float] = []
        deadline = Deadline(60, clock=lambda: sum(slept), sleep=slept.append)
        assert authorizer({"service_account_contents": key}, deadline)(False) == {"Authorization": "Bearer one"}
    assert slept == [7.0]


def test_a_key_is_not_sent_on_to_where_a_redirect_leads(private_key):
    with FakeServer({}) as other, FakeServer([Reply(307, "", {"Location": f"{other.url}/token"})]) as server:
        authorize = authorizer({"service_account_contents": json.dumps(key_of(private_key, f"{server.url}/token"))})
        with pytest.raises(CredentialsRefused, match="gave 307, a redirect, which is not followed"):
            authorize(False)
    assert not other.requests
