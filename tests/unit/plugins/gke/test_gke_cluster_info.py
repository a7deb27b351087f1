# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""gke_cluster_info: one cluster or all of them, and an empty list where there are none."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.core.errors import HttpError
from ansible_collections.llmops.gke.plugins.module_utils.core.result import Result, silent
from ansible_collections.llmops.gke.plugins.module_utils.engines.gke import gke_cluster_info
from ansible_collections.llmops.gke.plugins.module_utils.engines.gke.gke_cluster_info import (
    ARGUMENT_SPEC as CLUSTER_INFO,
)
from tests.unit.fake_http import FakeServer, google_error
from tests.unit.plugins.gke.gke_support import CLUSTER, CLUSTER_PATH, NOT_FOUND, PARENT, PROJECT, options, running

ONE = running(name=CLUSTER, nodePools=[{"name": "gpu"}], masterAuth={"clientKey": "SECRET", "password": "SECRET"})


def play(answers: Any, **given: Any) -> tuple[Result, FakeServer]:
    with FakeServer(answers) as server:
        return gke_cluster_info.run(options(CLUSTER_INFO, server.url, **given), False, silent), server


def test_one_cluster_is_one_request_and_shows_no_secret():
    result, server = play({("GET", CLUSTER_PATH): ONE}, name=CLUSTER)
    assert server.calls() == [f"GET {CLUSTER_PATH}"]
    assert result.values["clusters"] == [{**ONE, "masterAuth": {}}]
    assert not result.changed


@pytest.mark.parametrize("location", ["us-central1", "-"])
def test_all_clusters_of_a_location_or_of_the_project(location: str):
    path = f"/v1/projects/{PROJECT}/locations/{location}/clusters"
    result, server = play({("GET", path): {"clusters": [ONE, ONE]}}, location=location)
    assert server.calls() == [f"GET {path}"]
    assert len(result.values["clusters"]) == 2
    assert "SECRET" not in str(result.values)


def test_none_is_an_empty_list():
    assert play({("GET", CLUSTER_PATH): NOT_FOUND}, name=CLUSTER)[0].values["clusters"] == []
    assert play({("GET", f"{PARENT}/clusters"): {}})[0].values["clusters"] == []


def test_a_refusal_is_told():
    refusal = google_error(403, "PERMISSION_DENIED", "Required container.clusters.list.")
    with pytest.raises(HttpError, match="list the clusters.*403 PERMISSION_DENIED: Required container.clusters.list"):
        play({("GET", f"{PARENT}/clusters"): refusal})
