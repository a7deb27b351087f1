# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Releases of ansible-core that the collection is not tested with are refused by name."""

from __future__ import annotations

import pytest
import yaml
from ansible.errors import AnsibleError
from working_copy import ROOT

from ansible_collections.llmops.gke.plugins.action import deployment_plan
from ansible_collections.llmops.gke.plugins.plugin_utils.supported_core import LOWEST, refuse_older


@pytest.mark.parametrize("version", ["2.9.27", "2.17.14", "2.18.19", "2.19.0", "2.19.0rc1"])
def test_an_older_one_is_refused_with_both_versions(version):
    with pytest.raises(AnsibleError) as refused:
        refuse_older(version)
    assert str(refused.value) == f"llmops.gke needs ansible-core {LOWEST} or newer, and this is {version}"


@pytest.mark.parametrize("version", ["2.19.1", "2.19.14", "2.20.0", "2.21.0.dev0", "3.0.0"])
def test_a_newer_one_is_not(version):
    refuse_older(version)


def test_the_plan_of_a_deployment_is_not_made_by_an_older_one(monkeypatch):
    monkeypatch.setattr(deployment_plan, "ansible_version", "2.18.5")
    action = deployment_plan.ActionModule(*[None] * 6)
    with pytest.raises(AnsibleError, match=r"2\.19\.1 or newer, and this is 2\.18\.5"):
        action.run(None, {})


def test_it_is_the_lowest_that_the_collection_states():
    stated = yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text())["requires_ansible"]
    assert stated == f">={LOWEST}"
