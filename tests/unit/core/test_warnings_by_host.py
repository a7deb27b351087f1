# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A warning of what was measured on one host names it, where a play has others."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.core.option_names import option
from ansible_collections.llmops.gke.plugins.modules import k8s_apply, llm_latency, llm_verify
from ansible_collections.llmops.gke.plugins.plugin_utils.engine_action import EngineAction


@pytest.mark.parametrize(
    ("module", "hosts", "told"),
    [
        (llm_verify, ["a", "b"], "a: slow"),
        (llm_latency, ["a", "b"], "a: slow"),
        (llm_verify, ["a"], "slow"),
        # Of an object that it names; the same for all of them is told once.
        (k8s_apply, ["a", "b"], "slow"),
    ],
)
def test_a_warning_names_its_host(module, hosts, told):
    action = object.__new__(type("Action", (EngineAction,), {"spec": module.SPEC}))
    action._task = SimpleNamespace(_role=None)
    known = {"ansible_play_hosts_all": hosts, "inventory_hostname": "a"}
    assert action._shown({"warnings": ["slow"]}, known, SimpleNamespace())["warnings"] == [told]
    assert action._shown({}, known, SimpleNamespace()) == {}


def test_one_that_names_an_option_is_told_once_and_whoever_carries_it_in_words():
    action = object.__new__(type("Action", (EngineAction,), {"spec": llm_verify.SPEC}))
    action._task = SimpleNamespace(_role=None, args={})
    action._templar = SimpleNamespace(template=lambda value: value)
    known = {"ansible_play_hosts_all": ["a", "b"], "inventory_hostname": "a"}
    # As ansible-core has a warning of a module.
    of_a_module = SimpleNamespace(event=SimpleNamespace(msg="slow"))
    marked = f"raise {option('maxReplicas')}"
    given = {"warnings": ["raise maxReplicas", of_a_module], "marked_warnings": [marked]}
    assert action._shown(given, known, SimpleNamespace())["warnings"] == ["a: raise maxReplicas", "a: slow"]
