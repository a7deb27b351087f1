# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys of Secrets that an apply takes away: told before and after, and refused where they must stay."""

from __future__ import annotations

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.apply.secret_keys import KeyMustStay

SET = {"apply_set": "configmaps/mistral", "prune": True}
KEEP = {"keep_secret_keys": {"API_KEY": "give it again"}}
CONFIG = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"k": "v"}}


def secret(name="s", **values):
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": values}


def keys(cluster, name="s"):
    return {key for one in cluster.info("Secret", name=name) for key in one["data"]}


@pytest.mark.parametrize(
    ("manifests", "lost"),
    [
        ([secret(TOKEN="t")], ["API_KEY"]),
        ([CONFIG, secret(TOKEN="t")], ["API_KEY"]),
        ([CONFIG], ["API_KEY", "TOKEN"]),
        ([CONFIG, secret("renamed", API_KEY="k")], ["TOKEN"]),
        ([CONFIG, secret("renamed", API_KEY="k", TOKEN="t")], []),
        ([CONFIG, secret(API_KEY="other", TOKEN="t")], []),
    ],
)
def test_what_a_secret_loses_is_told_in_check_mode_and_for_real(cluster, manifests, lost):
    cluster.apply(CONFIG, secret(API_KEY="value-1", TOKEN="t"), **SET)
    foretold = cluster.apply(*manifests, check=True, **SET)
    happened = cluster.apply(*manifests, **SET)
    names = ", ".join(lost)
    assert foretold.get("warnings", []) == ([f"Secret default/s would lose {names}"] if lost else [])
    assert happened.get("warnings", []) == ([f"Secret default/s lost {names}"] if lost else [])
    assert "warnings" not in cluster.apply(*manifests, **SET)


@pytest.mark.parametrize("check", [True, False])
@pytest.mark.parametrize("manifests", [[secret(TOKEN="t")], [CONFIG, secret(TOKEN="t")], [CONFIG]])
def test_a_key_that_must_stay_is_not_taken_away(cluster, manifests, check):
    cluster.apply(CONFIG, secret(API_KEY="value-1", TOKEN="t"), **SET)
    cluster.calls()
    with pytest.raises(KeyMustStay) as raised:
        cluster.apply(*manifests, check=check, **SET, **KEEP)
    assert raised.value.message == "Secret default/s would lose API_KEY: give it again; nothing was applied"
    assert "value-1" not in str(raised.value.to_dict())
    assert {call.split()[0] for call in cluster.calls()} == {"GET"}
    assert keys(cluster) == {"API_KEY", "TOKEN"}


def test_a_key_that_stays_moves_or_is_somebody_else_s_is_no_loss(cluster):
    cluster.apply(CONFIG, secret(API_KEY="value-1"), **SET)
    assert not cluster.apply(CONFIG, secret(API_KEY="value-1"), **SET, **KEEP)["changed"]
    cluster.apply(CONFIG, secret("moved", API_KEY="value-2"), **SET, **KEEP)
    assert keys(cluster, "moved") == {"API_KEY"}
    theirs = {"field_manager": "somebody", "force_conflicts": True}
    cluster.apply(secret("moved", API_KEY="value-3"), **theirs)
    result = cluster.apply(CONFIG, secret("moved", TOKEN="t"), **SET, **KEEP)
    assert ("warnings" in result, keys(cluster, "moved")) == (False, {"API_KEY", "TOKEN"})
