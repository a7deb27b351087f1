# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A wait that outlives its access token goes on with another."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.contract.gke.playground import Playground, playground

POOL = {"name": "first", "initial_node_count": 1, "config": {"machine_type": "n1-standard-4"}}
LIFETIME = 2


@pytest.fixture
def cloud(tmp_path) -> Iterator[Playground]:
    with playground(tmp_path, token_lifetime=LIFETIME) as made:
        yield made


@pytest.mark.parametrize("promised", [LIFETIME, 3600], ids=["as promised", "sooner than promised"])
def test_a_wait_outlives_its_token(cloud: Playground, monkeypatch: pytest.MonkeyPatch, promised: int):
    issue = cloud.sandbox.tokens.issue
    monkeypatch.setattr(cloud.sandbox.tokens, "issue", lambda said: {**issue(said), "expires_in": promised})
    # A cluster takes 240 of life's seconds, which is less than a tenth of a second here.
    cloud.fault("slow_operation", seconds=(LIFETIME + 1) * cloud.sandbox.clock.speed)
    key = cloud.endpoints["service_account_file"]
    result = cloud.run("cluster", location="us-central1", name="c1", node_pools=[POOL], service_account_file=key)
    assert result.changed
    entries = cloud.sandbox.log.entries("container")
    assert cloud.sandbox.log.entries("token")[1:]
    refused = [entry for entry in entries if entry["status"] == 401]
    assert len(refused) == (0 if promised == LIFETIME else 1)
    assert [entry["method"] for entry in entries].count("POST") == 1
