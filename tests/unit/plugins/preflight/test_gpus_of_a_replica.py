# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One wrong number of GPUs is one finding: what is derived from it says nothing of its own."""

from __future__ import annotations

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.engines.serving.llm_preflight import PlanRefused
from tests.unit.fake_http import FakeServer
from tests.unit.plugins.preflight.test_llm_preflight import ALL, POOL, SERVED, hub, passed
from tests.unit.preflight_plans import deployment_plan

SKIP = [name for name in ALL if name != "model"]


def refusals(shards: int, parameters: int = 7_241_732_096, **options):
    plan = deployment_plan(POOL, model={**SERVED, "shards": shards}, options=options)
    with FakeServer(hub(parameters)) as server:
        with pytest.raises(PlanRefused) as caught:
            passed(plan, server.url, skip=SKIP)
        return caught.value.message.splitlines(), server.calls()


def test_a_number_that_the_engines_role_takes_over_is_refused_once_and_the_hub_is_asked_all_the_same():
    lines, asked = refusals(0, 90_000_000_000, llmops_gpus_per_replica=0, tgi_mistral_num_shard=0)
    assert lines == ["llmops_gpus_per_replica: 0 is not accepted; it takes 1 or more"]
    assert asked


def test_a_number_of_the_engines_own_is_refused_by_its_own_name():
    lines, _asked = refusals(-1, tgi_mistral_num_shard=-1)
    assert "tgi_mistral_num_shard: -1 is not accepted; it takes 1 or more" in lines
    assert not [line for line in lines if line.startswith("model: ")]
