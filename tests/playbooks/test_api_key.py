# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A model that asks for a key is not opened by a shell that has none, only by who says so.

The tests of this file build on each other, in their order.
"""

from __future__ import annotations

import base64

import pytest

from tests.playbooks.watching import Watcher

KEY = "sk-canary-7d20"
MODEL = ("--tags", "model_server")
SECRET = "Secret default/mistral-7b-credentials"


@pytest.fixture(scope="module")
def watcher(sandbox) -> Watcher:
    run = sandbox.play("deploy.yml", LLMOPS_API_KEY=KEY)
    assert run.code == 0, run.output
    return Watcher(sandbox)


def key(watcher) -> str:
    data = watcher.get("secret", "mistral-7b-credentials")["data"]
    return base64.b64decode(data["API_KEY"]).decode()


@pytest.mark.parametrize("arguments", [("--check",), ()], ids=["check", "apply"])
def test_a_key_that_is_not_given_again_is_not_lost(sandbox, watcher, arguments):
    sandbox.forget_requests()
    run = sandbox.play("deploy.yml", *MODEL, *arguments)
    told = " ".join(run.output.split())
    assert run.code != 0, run.output
    assert f"{SECRET} would lose API_KEY: set llmops_api_key as before (LLMOPS_API_KEY in the environment)" in told
    assert "llmops_remove_api_key: true; nothing was applied" in told
    assert KEY not in run.output
    assert (sandbox.writes(), key(watcher)) == ([], KEY)


def test_status_needs_no_key_to_tell_what_it_would_do(sandbox, watcher):
    run = sandbox.play("status.yml")
    assert (run.code, key(watcher)) == (0, KEY), run.output
    assert SECRET in run.output


def test_who_says_so_opens_the_model(sandbox, watcher):
    opened = {"llmops_remove_api_key": True}
    planned = sandbox.play("deploy.yml", *MODEL, "--check", variables=opened)
    assert f"{SECRET} would lose API_KEY" in " ".join(planned.output.split())
    run = sandbox.play("deploy.yml", *MODEL, variables=opened)
    assert (run.code, run.recap["changed"]) == (0, planned.recap["changed"]), run.output
    assert f"{SECRET} lost API_KEY" in " ".join(run.output.split())
    again = sandbox.play("deploy.yml", *MODEL)
    assert (again.code, again.recap["changed"]) == (0, 0), again.output
