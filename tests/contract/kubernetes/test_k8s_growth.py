# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waits for pods that no node takes, with the cloud's autoscaler there to make room, or to say why it does not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.wait.wait import WaitFailed
from ansible_collections.llmops.gke.plugins.modules.k8s_apply import SPEC
from llmops_gke_sandbox.server import Sandbox
from tests.contract.gke.playground import Playground, quick_pauses

PLACE = {"location": "us-central1-a", "cluster": "c1"}
MACHINE = {"machine_type": "n1-standard-4"}


class LivingPlayground(Playground):
    """A cloud whose clusters have a Kubernetes in them."""

    async def _made(self, config: Any) -> Sandbox:
        return Sandbox(config)

    def pool(self, most: int) -> None:
        """Have a pool that may grow to ``most`` nodes."""
        limits = {"enabled": True, "min_node_count": 1, "max_node_count": most}
        pool = {"name": "serving", "initial_node_count": 1, "config": MACHINE, "autoscaling": limits}
        self.run("node_pool", **PLACE, **pool)

    def apply(self, manifest: dict[str, Any], told: list[str]) -> dict[str, Any]:
        """Apply and wait; gives the object, and adds to ``told`` what is said meanwhile."""
        options = self.options("cluster", location=PLACE["location"], name=PLACE["cluster"], state="absent")
        access = {name: options[name] for name in ("project", "access_token", "container_api_endpoint")}
        given = {**access, **PLACE, "manifests": [manifest], "wait": True, "timeout": 30}
        validated = ArgumentSpecValidator(dict(SPEC.argument_spec), **SPEC.rules).validate(given)
        assert not validated.error_messages, validated.error_messages
        return SPEC.run(validated.validated_parameters, False, told.append).to_dict()["objects"][0]["object"]


@pytest.fixture
def cloud(tmp_path) -> Iterator[LivingPlayground]:
    with quick_pauses():
        made = LivingPlayground(tmp_path, speed=1000.0)
        try:
            first = {"name": "first", "initial_node_count": 1, "config": MACHINE}
            made.run("cluster", location=PLACE["location"], name=PLACE["cluster"], node_pools=[first])
            yield made
        finally:
            made.close()


def wide(deployment, replicas: int) -> dict[str, Any]:
    """A Deployment of which each node takes one pod, and which gives a fast autoscaler time to repeat itself."""
    manifest = deployment(replicas=replicas, resources={"requests": {"cpu": "2500m"}})
    manifest["spec"]["progressDeadlineSeconds"] = 100000
    return manifest


def test_a_pool_at_its_maximum_ends_the_wait_until_it_may_grow(cloud, deployment):
    cloud.pool(most=1)
    with pytest.raises(WaitFailed) as error:
        cloud.apply(wide(deployment, 3), [])
    for words in ("of 2 nodes", "Insufficient cpu", "max node group size reached", "raise the pool's maximum"):
        assert words in error.value.message
    cloud.pool(most=2)
    assert cloud.apply(wide(deployment, 3), [])["status"]["availableReplicas"] == 3


def test_a_pool_that_may_grow_is_named_and_waited_for(cloud, deployment):
    cloud.pool(most=2)
    told: list[str] = []
    assert cloud.apply(wide(deployment, 3), told)["status"]["availableReplicas"] == 3
    for words in ("Insufficient cpu", "a pool grows for it", "1->2 (max: 2)"):
        assert any(words in line for line in told), words
