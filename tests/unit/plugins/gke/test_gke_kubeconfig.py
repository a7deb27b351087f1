# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""gke_kubeconfig: gcloud's entry, merged into a file that may hold others' entries and secrets."""

from __future__ import annotations

import stat
import threading
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.llmops.gke.plugins.module_utils.core.errors import InvalidOption, LlmopsError
from ansible_collections.llmops.gke.plugins.module_utils.core.result import Result, silent
from ansible_collections.llmops.gke.plugins.module_utils.engines.gke import gke_kubeconfig
from ansible_collections.llmops.gke.plugins.module_utils.engines.gke.gke_kubeconfig import ARGUMENT_SPEC as KUBECONFIG
from ansible_collections.llmops.gke.plugins.module_utils.gke.kubeconfig import entry
from tests.unit.fake_http import FakeServer
from tests.unit.plugins.gke.gke_support import CLUSTER, CLUSTER_PATH, NOT_FOUND, options, running

NAME = "gke_demo-project_us-central1_mistral"
LIVE = running(name=CLUSTER, endpoint="203.0.113.9", masterAuth={"clusterCaCertificate": "Q0E="})
OURS = {
    "apiVersion": "v1",
    "kind": "Config",
    "preferences": {},
    "current-context": NAME,
    "clusters": [
        {"name": NAME, "cluster": {"server": "https://203.0.113.9", "certificate-authority-data": "Q0E="}},
    ],
    "contexts": [{"name": NAME, "context": {"cluster": NAME, "user": NAME}}],
    "users": [
        {
            "name": NAME,
            "user": {
                "exec": {
                    "apiVersion": "client.authentication.k8s.io/v1beta1",
                    "command": "gke-gcloud-auth-plugin",
                    "installHint": entry.INSTALL_HINT,
                    "provideClusterInfo": True,
                }
            },
        }
    ],
}
THEIRS = {
    "apiVersion": "v1",
    "kind": "Config",
    "current-context": "theirs",
    "extensions": [{"name": "kept"}],
    "clusters": [{"name": "theirs", "cluster": {"server": "https://elsewhere"}}],
    "contexts": [{"name": "theirs", "context": {"cluster": "theirs", "user": "theirs"}}],
    "users": [{"name": "theirs", "user": {"token": "SECRET"}}],
}


def play(live: Any = LIVE, check: bool = False, **given: Any) -> tuple[Result, FakeServer]:
    with FakeServer({("GET", CLUSTER_PATH): live}) as server:
        return gke_kubeconfig.run(options(KUBECONFIG, server.url, name=CLUSTER, **given), check, silent), server


def written(path: Path) -> dict[str, Any]:
    return yaml.safe_load(path.read_text())


def test_without_a_path_it_is_returned_and_nothing_is_written():
    result, server = play()
    assert result.values["kubeconfig"] == OURS
    assert not result.changed
    assert server.calls() == [f"GET {CLUSTER_PATH}"]


def test_a_new_file_is_private_and_the_next_run_changes_nothing(tmp_path: Path):
    path = tmp_path / "new" / "config"
    foretold, _server = play(path=str(path), check=True)
    assert not path.parent.exists()
    result, _server = play(path=str(path))
    assert written(path) == OURS
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert result.changed and foretold.changed
    assert (result.before, result.after) == (foretold.before, foretold.after)
    assert not play(path=str(path))[0].changed
    assert [entry.name for entry in path.parent.iterdir()] == ["config"]


def test_other_entries_stay_as_they_are_and_are_not_shown(tmp_path: Path):
    path = tmp_path / "config"
    path.write_text(yaml.safe_dump(THEIRS))
    path.chmod(0o644)
    result, _server = play(path=str(path))
    after = written(path)
    assert after["current-context"] == NAME
    assert after["extensions"] == THEIRS["extensions"]
    for part in ("clusters", "contexts", "users"):
        assert after[part] == [*THEIRS[part], *OURS[part]]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "SECRET" not in str(result.to_dict())
    removed, server = play(path=str(path), state="absent")
    assert removed.changed
    assert server.calls() == []
    assert written(path) == {**THEIRS, "current-context": ""}
    assert not play(path=str(path), state="absent")[0].changed


def test_what_looks_like_a_date_in_other_entries_stays_as_it_was_written(tmp_path: Path):
    path = tmp_path / "config"
    path.write_text("users:\n- name: theirs\n  user: {auth-provider: {config: {expiry: 2024-03-15T22:22:00Z}}}\n")
    play(path=str(path))
    assert "'2024-03-15T22:22:00Z'" in path.read_text()


def test_an_entry_that_differs_is_replaced_in_its_place_and_its_secret_not_shown(tmp_path: Path):
    path = tmp_path / "config"
    old = {**OURS, "users": [{"name": NAME, "user": {"token": "SECRET"}}, *THEIRS["users"]]}
    path.write_text(yaml.safe_dump(old))
    result, _server = play(path=str(path))
    assert written(path)["users"] == [*OURS["users"], *THEIRS["users"]]
    assert result.to_dict()["diff"]["before"]["user"] == "********"
    assert "SECRET" not in str(result.to_dict())


def test_a_file_that_others_may_read_is_made_private(tmp_path: Path):
    path = tmp_path / "config"
    play(path=str(path))
    path.chmod(0o640)
    result, _server = play(path=str(path))
    assert result.changed
    assert [change.field for change in result.plan[0].changes] == ["mode"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_cluster_becomes_the_current_context(tmp_path: Path):
    path = tmp_path / "config"
    play(path=str(path))
    path.write_text(yaml.safe_dump({**OURS, "current-context": "theirs"}))
    result, _server = play(path=str(path))
    assert [change.to_dict() for change in result.plan[0].changes] == [
        {"field": "current_context", "before": "theirs", "after": NAME}
    ]
    assert written(path) == OURS


def test_clusters_that_share_a_file_leave_its_current_context_alone(tmp_path: Path):
    path = tmp_path / "config"
    path.write_text(yaml.safe_dump(THEIRS))
    assert play(path=str(path), set_current_context=False)[0].changed
    assert written(path)["current-context"] == "theirs"
    assert not play(path=str(path), set_current_context=False)[0].changed


def test_a_link_stays_a_link(tmp_path: Path):
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "config")
    play(path=str(link))
    assert link.is_symlink()
    assert written(tmp_path / "config") == OURS


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("users: [\ntoken: SECRET", r"this is no YAML near line \d"),
        ("- SECRET", "its clusters are no list"),
        ("users: SECRET", "its users are no list"),
        ("contexts: [{context: {}}]", "its contexts are no list of named entries"),
    ],
)
def test_a_file_that_is_no_kubeconfig_is_refused_and_left_alone(tmp_path: Path, content: str, why: str):
    path = tmp_path / "config"
    path.write_text(content)
    with pytest.raises(InvalidOption, match=f"^path: .*{why}") as raised:
        play(path=str(path))
    assert "SECRET" not in raised.value.message
    assert path.read_text() == content


def test_two_tasks_at_once_both_get_their_entry_in(tmp_path: Path):
    path = tmp_path / "config"
    names = [f"cluster-{number}" for number in range(8)]
    parent = CLUSTER_PATH.rpartition("/")[0]
    with FakeServer({("GET", f"{parent}/{name}"): {**LIVE, "name": name} for name in names}) as server:
        tasks = [options(KUBECONFIG, server.url, name=name, path=str(path)) for name in names]
        threads = [threading.Thread(target=gke_kubeconfig.run, args=(task, False, silent)) for task in tasks]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(entry["name"].rpartition("_")[2] for entry in written(path)["users"]) == names


def test_a_dns_endpoint_needs_no_authority_and_a_proxy_is_kubectl_s():
    endpoints = {
        "dnsEndpointConfig": {"endpoint": "gke-1.us-central1.gke.goog", "allowExternalTraffic": True},
        "ipEndpointsConfig": {"enabled": True, "privateEndpoint": "10.0.0.2"},
    }
    live = {**LIVE, "controlPlaneEndpointsConfig": endpoints}

    def cluster_of(**given: Any) -> dict[str, Any]:
        return play(live=live, **given)[0].values["kubeconfig"]["clusters"][0]["cluster"]

    assert cluster_of(cluster_endpoint="dns") == {"server": "https://gke-1.us-central1.gke.goog"}
    proxied = cluster_of(cluster_endpoint="private", cluster_proxy_url="http://127.0.0.1:8888")
    assert proxied == {
        "server": "https://10.0.0.2",
        "certificate-authority-data": "Q0E=",
        "proxy-url": "http://127.0.0.1:8888",
    }


@pytest.mark.parametrize("url", ["socks5://127.0.0.1:1080", "127.0.0.1:8888", "http://"])
def test_a_proxy_that_is_none_is_refused(url: str):
    with pytest.raises(InvalidOption, match=r"cluster_proxy_url: .* is not accepted; it takes http://HOST:PORT"):
        play(cluster_proxy_url=url)


def test_a_missing_cluster_is_an_error_but_only_told_in_check_mode(tmp_path: Path):
    with pytest.raises(LlmopsError, match="cluster mistral does not exist in us-central1 of project demo-project"):
        play(NOT_FOUND)
    path = str(tmp_path / "config")
    result, _server = play(NOT_FOUND, check=True, path=path)
    assert result.changed
    assert result.values["kubeconfig"] is None
    assert len(result.warnings) == 1
