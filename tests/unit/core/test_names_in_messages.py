# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Messages name the variables of a role wherever they speak of an option, and not only where they begin with one."""

from __future__ import annotations

import re
from typing import Any

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.core.errors import LlmopsError
from ansible_collections.llmops.gke.plugins.module_utils.core.option_names import OptionNames
from ansible_collections.llmops.gke.plugins.module_utils.engines.kubernetes.k8s_label import SPEC as LABEL
from ansible_collections.llmops.gke.plugins.module_utils.gke.validation import check_node_pool_fields
from ansible_collections.llmops.gke.plugins.module_utils.google.credentials import authorizer
from tests.unit.fake_http import FakeServer, Reply

VARIABLES = {
    "name": "llmops_service_name",
    "namespace": "llmops_namespace",
    "locations": "llmops_zones",
    "locations_in_order": "gpu_nodepool_locations_in_order",
    "autoscaling.enabled": "gpu_nodepool_autoscaling_enabled",
    "autoscaling.min_node_count": "gpu_nodepool_min_node_count",
    "autoscaling.max_node_count": "gpu_nodepool_max_node_count",
    "auth_kind": "llmops_google_auth.auth_kind",
}


def pool(**given: Any) -> None:
    check_node_pool_fields({"locations": [], **given}, "us-central1", "node_pools[0].")


def label() -> None:
    with FakeServer(lambda _request: Reply(404, {"kind": "Status", "reason": "NotFound", "code": 404})) as server:
        access = {
            "current-context": "c",
            "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
            "clusters": [{"name": "c", "cluster": {"server": server.url}}],
            "users": [{"name": "u", "user": {"token": "t"}}],
        }
        options = {name: one.get("default") for name, one in LABEL.argument_spec.items()}
        options |= {"kubeconfig": access, "kind": "Service", "namespace": "default", "name": "m", "labels": {"a": "b"}}
        LABEL.run(options, False, print)


@pytest.mark.parametrize(
    ("refused", "named"),
    [
        (label, "it does not exist; apply it first, or correct llmops_service_name and llmops_namespace"),
        (lambda: pool(locations_in_order=True), "the zones in their order: name them in llmops_zones"),
        (
            lambda: pool(autoscaling={"min_node_count": 1}),
            "gpu_nodepool_autoscaling_enabled: None is not accepted; it takes true where gpu_nodepool_min_node_count",
        ),
        (
            lambda: pool(autoscaling={"enabled": True, "min_node_count": 3, "max_node_count": 2}),
            "gpu_nodepool_max_node_count: 2 is not accepted; it takes 3 or more (gpu_nodepool_min_node_count is 3)",
        ),
        (
            lambda: authorizer({"auth_kind": "serviceaccount"})(False),
            "because llmops_google_auth.auth_kind is serviceaccount",
        ),
    ],
)
def test_each_option_is_named_by_its_variable(refused, named):
    with pytest.raises(LlmopsError) as raised:
        refused()
    assert named in OptionNames(VARIABLES).render(raised.value.marked)
    # As a module, it names its own options.
    assert not re.search("llmops_(zones|name|google)|gpu_nodepool_", raised.value.message)
