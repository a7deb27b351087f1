# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The token endpoint gives tokens for the sandbox's key alone, and the APIs take nothing else."""

import asyncio
import base64
import json
import stat
import time

import pytest
from google.auth import crypt, jwt

GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"


def claims(cloud, **over):
    now = int(time.time())
    return {
        "iss": cloud.sandbox.config.service_account_email,
        "aud": f"{cloud.sandbox.url}/token",
        "scope": "https://www.googleapis.com/auth/cloud-platform",
        "iat": now,
        "exp": now + 600,
    } | over


def key(cloud) -> dict:
    return json.loads((cloud.sandbox.config.directory / "service-account.json").read_text())


def signed(cloud, claims: dict) -> str:
    return jwt.encode(crypt.RSASigner.from_service_account_info(key(cloud)), claims).decode()


async def ask(cloud, assertion, grant=GRANT):
    async with cloud.session.post("/token", data={"grant_type": grant, "assertion": assertion}) as answer:
        return answer.status, await answer.json()


async def test_key_is_its_owners_alone_and_names_the_sandbox(cloud):
    file = cloud.sandbox.config.directory / "service-account.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    content = key(cloud)
    assert content["token_uri"] == f"{cloud.sandbox.url}/token"
    assert content["client_email"] == "sandbox@sandbox-project.iam.gserviceaccount.com"


async def test_good_assertion_gives_a_token_that_the_apis_take(cloud):
    status, answer = await ask(cloud, signed(cloud, claims(cloud)))
    assert (status, answer["token_type"]) == (200, "Bearer")
    assert 0 < answer["expires_in"] <= 3600
    headers = {"Authorization": f"Bearer {answer['access_token']}"}
    status, _ = await cloud.call("GET", "clusters", headers=headers)
    assert status == 200


@pytest.mark.parametrize(
    ("over", "words"),
    [
        ({"iss": "someone@else"}, "account not found"),
        ({"aud": "https://elsewhere/token"}, "audience"),
        ({"exp": int(time.time()) - 60}, "reasonable timeframe"),
        ({"exp": int(time.time()) + 90000}, "reasonable timeframe"),
        ({"scope": ""}, "scope"),
    ],
)
async def test_wrong_claims_are_refused(cloud, over, words):
    status, answer = await ask(cloud, signed(cloud, claims(cloud, **over)))
    assert status == 400
    assert words in answer["error_description"]


async def test_another_signature_is_refused(cloud):
    good = signed(cloud, claims(cloud))
    head, payload, _ = good.split(".")
    forged = f"{head}.{payload}.{base64.urlsafe_b64encode(bytes(256)).decode()}"
    assert (await ask(cloud, forged))[1]["error_description"] == "Invalid JWT Signature."
    assert (await ask(cloud, "nonsense"))[1]["error"] == "invalid_grant"
    assert (await ask(cloud, good, "password"))[1]["error"] == "unsupported_grant_type"


@pytest.mark.parametrize("header", [{"Authorization": "Bearer ya29.other"}, {"Authorization": "Basic eDp5"}])
async def test_apis_refuse_what_was_not_issued(cloud, header):
    for path in ("clusters", "/compute/v1/projects/sandbox-project"):
        status, answer = await cloud.call("GET", path, headers=header)
        assert (status, answer["error"]["status"]) == (401, "UNAUTHENTICATED")


async def test_an_expired_token_is_refused_once_and_a_new_one_taken(cloud, token_of):
    cloud.faults.add("token_expired", times=1)
    assert (await cloud.refused("GET", "clusters"))["status"] == "UNAUTHENTICATED"
    fresh = await asyncio.to_thread(token_of, cloud.sandbox)
    status, _ = await cloud.call("GET", "clusters", headers={"Authorization": f"Bearer {fresh}"})
    assert status == 200
