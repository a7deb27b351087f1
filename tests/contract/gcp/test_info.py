# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""gcp_quota_info and gcp_zone_info on the sandbox's Compute."""

from __future__ import annotations

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.core.errors import InvalidOption
from ansible_collections.llmops.gke.plugins.module_utils.core.result import silent
from ansible_collections.llmops.gke.plugins.module_utils.engines.google import (
    gcp_quota_info as quota_info,
)
from ansible_collections.llmops.gke.plugins.module_utils.engines.google import (
    gcp_zone_info as zone_info,
)
from ansible_collections.llmops.gke.plugins.module_utils.engines.google.gcp_quota_info import (
    ARGUMENT_SPEC as QUOTA_INFO,
)
from ansible_collections.llmops.gke.plugins.module_utils.engines.google.gcp_zone_info import ARGUMENT_SPEC as ZONE_INFO


def test_quotas_of_a_region_and_of_the_project(options_of):
    options = options_of(QUOTA_INFO, location="us-central1-a", metrics=["NVIDIA_L4_GPUS", "GPUS_ALL_REGIONS"])
    values = quota_info.run(options, False, silent).values
    assert values["region"] == "us-central1"
    full = {"usage": 0.0}
    assert values["quotas"] == [
        {"metric": "NVIDIA_L4_GPUS", "scope": "regional", "limit": 8.0, "available": 8.0, **full},
        {"metric": "GPUS_ALL_REGIONS", "scope": "project", "limit": 16.0, "available": 16.0, **full},
    ]


def test_limits_of_gpus_by_cloud_quotas(options_of, fault):
    asked = {"location": "us-central1-a", "metrics": [], "accelerator_types": ["nvidia-h100-80gb", "nvidia-gb200"]}
    values = quota_info.run(options_of(QUOTA_INFO, **asked), False, silent).values
    none = "Cloud Quotas has no quota of it"
    assert [tuple(one.values()) for one in values["gpu_limits"]] == [
        ("nvidia-h100-80gb", False, 8.0, None),
        ("nvidia-h100-80gb", True, 8.0, None),
        ("nvidia-gb200", False, None, none),
        ("nvidia-gb200", True, None, none),
    ]
    fault("service_disabled", match={"api": "cloudquotas.*"})
    values = quota_info.run(options_of(QUOTA_INFO, **asked), False, silent).values
    assert [one["unknown"] for one in values["gpu_limits"]][:2] == [
        "Cloud Quotas is off (gcloud services enable cloudquotas.googleapis.com --project sandbox-project)"
    ] * 2
    with pytest.raises(InvalidOption, match="accelerator_types: 'nvidia-l40' is not accepted"):
        quota_info.run(options_of(QUOTA_INFO, location="us-central1", accelerator_types=["nvidia-l40"]), False, silent)


def test_zones_that_have_both(options_of):
    wanted = {"machine_type": "g2-standard-12", "accelerator_type": "nvidia-l4"}
    values = zone_info.run(options_of(ZONE_INFO, location="us-east4", **wanted), False, silent).values
    assert values["zones"] == ["us-east4-a", "us-east4-c"]
    assert values["regions"]["europe-west1"] == ["europe-west1-b", "europe-west1-c"]
    everywhere = zone_info.run(options_of(ZONE_INFO, **wanted), False, silent).values
    assert everywhere["zones"] == sorted(zone for zones in everywhere["regions"].values() for zone in zones)


def test_a_machine_that_no_zone_has(options_of):
    values = zone_info.run(options_of(ZONE_INFO, machine_type="n9-huge"), False, silent).values
    assert values == {"zones": [], "regions": {}}
