# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Three hundred objects in one task: how many requests they cost, and how many are in flight at once."""

from __future__ import annotations

import threading
from collections import Counter
from typing import Any

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.core.errors import HttpError
from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.client import api as client
from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.client.parallel import MOST

SET = {"apply_set": "configmaps/many", "prune": True}


def configs(count: int, **data: str) -> list[dict[str, Any]]:
    metadata = [{"name": f"c{number:03}", "namespace": "default"} for number in range(count)]
    return [{"apiVersion": "v1", "kind": "ConfigMap", "metadata": one, "data": data} for one in metadata]


def methods(cluster) -> dict[str, int]:
    return dict(Counter(call.partition(" ")[0] for call in cluster.calls()))


@pytest.fixture
def in_flight(monkeypatch) -> list[int]:
    """Writes that were under way when another one began, and that one."""
    seen, now, lock = [], [0], threading.Lock()
    patch = client.KubernetesApi.apply

    def counted(*arguments: Any, **given: Any) -> Any:
        with lock:
            now[0] += 1
            seen.append(now[0])
        try:
            return patch(*arguments, **given)
        finally:
            with lock:
                now[0] -= 1

    monkeypatch.setattr(client.KubernetesApi, "apply", counted)
    return seen


def test_their_life(cluster, in_flight):
    wanted = configs(300, k="1")
    cluster.calls()
    assert cluster.apply(*wanted, **SET)["changed"]
    # Each is rehearsed and written; what is there is asked for once.
    made = methods(cluster)
    assert made.pop("GET") <= 3
    assert made == {"PATCH": 2 * 300 + 2}
    assert max(in_flight) <= MOST
    assert not cluster.apply(*wanted, **SET)["changed"]
    assert methods(cluster) == {"GET": 2}
    assert cluster.apply(*configs(1, k="2"), *wanted[1:], **SET)["changed"]
    assert methods(cluster) == {"GET": 2, "PATCH": 1}
    assert cluster.apply(*wanted[:1], **SET)["changed"]
    assert methods(cluster)["DELETE"] == 299


def test_without_a_set_what_is_there_is_asked_for_once_as_well(cluster):
    wanted = configs(40, k="1")
    cluster.apply(*wanted)
    cluster.calls()
    assert not cluster.apply(*wanted)["changed"]
    assert methods(cluster) == {"GET": 1}


def test_more_than_a_page_of_them(cluster, monkeypatch):
    wanted = configs(40, k="1")
    cluster.apply(*wanted)
    monkeypatch.setattr(client, "PAGE", 15)
    cluster.calls()
    assert not cluster.apply(*wanted)["changed"]
    assert methods(cluster) == {"GET": 3}


def test_who_may_not_list_gets_them_one_by_one(cluster, monkeypatch):
    def refused(*_arguments: Any, **_given: Any) -> Any:
        raise HttpError("configmaps is forbidden", status=403, method="GET", url="/api/v1/configmaps")

    wanted = configs(25, k="1")
    cluster.apply(*wanted)
    monkeypatch.setattr(client.KubernetesApi, "list", refused)
    cluster.calls()
    assert not cluster.apply(*wanted)["changed"]
    assert methods(cluster) == {"GET": 25}


def test_secrets_of_others_are_not_read(cluster):
    secrets = [{**one, "kind": "Secret", "data": {"k": "MQ=="}} for one in configs(25)]
    cluster.apply(*secrets)
    cluster.calls()
    assert not cluster.apply(*secrets)["changed"]
    assert all("/secrets/c" in call for call in cluster.calls())
