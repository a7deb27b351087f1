# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""gke_cluster with a kubeconfig: the same entry as gke_kubeconfig's, without a request of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.llmops.gke.plugins.module_utils.core.errors import LlmopsError
from ansible_collections.llmops.gke.plugins.module_utils.core.result import Result, silent
from ansible_collections.llmops.gke.plugins.module_utils.engines.gke import gke_cluster
from tests.unit.fake_http import FakeServer
from tests.unit.plugins.gke.gke_support import CLUSTER, CLUSTER_PATH, options
from tests.unit.plugins.gke.pools_cloud import CLUSTERS, DEFAULT, DEFAULT_BODY, Cloud, live
from tests.unit.plugins.gke.test_gke_kubeconfig import OURS, THEIRS

REACHED = {"endpoint": "203.0.113.9", "masterAuth": {"clusterCaCertificate": "Q0E="}}


class Reached(Cloud):
    """A cluster that has an endpoint once it was created."""

    def __call__(self, request: Any) -> Any:
        answer = super().__call__(request)
        if (request.method, request.path) == ("POST", CLUSTERS):
            self.cluster |= REACHED
        return answer


def play(cloud: Cloud, path: Path, check: bool = False, **given: Any) -> tuple[Result, FakeServer]:
    with FakeServer(cloud) as server:
        asked = {"node_pools": [DEFAULT], "kubeconfig": {"path": str(path)}, **given}
        task = options(gke_cluster.ARGUMENT_SPEC, server.url, name=CLUSTER, **asked)
        return gke_cluster.run(task, check, silent), server


def test_a_cluster_that_is_there_gets_its_entry_by_the_one_request(tmp_path):
    path = tmp_path / "config"
    foretold, _server = play(Reached(live(DEFAULT_BODY, **REACHED)), path, check=True)
    assert not path.exists()
    result, server = play(Reached(live(DEFAULT_BODY, **REACHED)), path)
    assert server.calls() == [f"GET {CLUSTER_PATH}"]
    assert yaml.safe_load(path.read_text()) == OURS
    assert result.changed and foretold.changed
    assert [step.to_dict() for step in foretold.plan] == [step.to_dict() for step in result.plan]
    assert (foretold.before, foretold.after) == (result.before, result.after)
    assert result.after[f"kubeconfig entry in {path}"]["server"] == "https://203.0.113.9"
    assert "kubeconfig" not in result.values
    again, _server = play(Reached(live(DEFAULT_BODY, **REACHED)), path)
    assert (again.changed, again.plan) == (False, [])


def test_a_cluster_that_is_created_gets_its_entry_then(tmp_path):
    path = tmp_path / "config"
    path.write_text(yaml.safe_dump(THEIRS))
    foretold, _server = play(Reached(None), path, check=True)
    result, _server = play(Reached(None), path)
    assert [step.resource for step in result.plan] == [step.resource for step in foretold.plan]
    assert [step.resource for step in result.plan] == ["cluster mistral", f"kubeconfig entry in {path}"]
    assert [one["name"] for one in yaml.safe_load(path.read_text())["clusters"]] == ["theirs", OURS["current-context"]]


def test_a_context_that_is_in_use_stays_where_that_is_wanted(tmp_path):
    path = tmp_path / "config"
    path.write_text(yaml.safe_dump(THEIRS))
    cloud = Reached(live(DEFAULT_BODY, **REACHED))
    play(cloud, path, kubeconfig={"path": str(path), "set_current_context": False})
    assert yaml.safe_load(path.read_text())["current-context"] == "theirs"


def test_a_file_that_cannot_be_written_fails_with_what_was_done_before_it(tmp_path):
    path = tmp_path / "config"
    path.write_text("- no kubeconfig\n")
    with pytest.raises(LlmopsError) as error:
        play(Reached(None), path)
    assert [step["resource"] for step in error.value.fields["steps_done"]] == ["cluster mistral"]
    assert path.read_text() == "- no kubeconfig\n"


def test_a_cluster_that_is_deleted_leaves_the_file_alone(tmp_path):
    path = tmp_path / "config"
    cloud = Reached(live(DEFAULT_BODY, **REACHED))
    result, _server = play(cloud, path, check=True, state="absent", node_pools=None)
    assert [step.action for step in result.plan] == ["delete"]
    assert not path.exists()
