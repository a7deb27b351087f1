# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of GPUs against the sandbox's own data, and against what Compute Engine publishes."""

from __future__ import annotations

import json
from importlib.resources import files

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.google.accelerators import GPUS
from ansible_collections.llmops.gke.plugins.module_utils.google.machine_types import MACHINE_TYPES
from llmops_gke_sandbox.google import places
from llmops_gke_sandbox.workloads.dcgm_exporter import _PRODUCTS
from llmops_gke_sandbox.workloads.llm.timing import GPUS as TIMED

CARDS = {name: gpu for name, gpu in GPUS.items() if gpu.same_as is None}
"""A virtual workstation is a licence on one of them, which the sandbox does not play."""


def test_the_sandbox_has_every_gpu_and_no_other():
    assert set(places.accelerators()) == set(CARDS)


@pytest.mark.parametrize("name", CARDS)
def test_a_gpu_is_the_same_in_both(name: str):
    ours, theirs = CARDS[name], places.accelerators()[name]
    counts = [machine.gpus for machine in ours.machine_types] or list(ours.attachable)
    assert (theirs.quota, theirs.spot_quota, theirs.per_instance) == (ours.quota, ours.spot_quota, max(counts))
    assert theirs.family == ours.quota_family
    assert theirs.zones


def test_the_sandbox_has_every_machine_type_with_gpus():
    assert {name for name, one in MACHINE_TYPES.items() if one.gpu} == {
        name for name, one in places.machines().items() if one.gpu
    }


@pytest.mark.parametrize("name", places.machines())
def test_a_machine_type_is_the_same_in_both(name: str):
    ours, theirs = MACHINE_TYPES[name], places.machines()[name]
    assert (theirs.cpus, theirs.memory_mb) == (ours.cpus, ours.memory_gb * 1024)
    assert (theirs.gpu, theirs.gpus) == (ours.gpu, ours.gpus)
    assert theirs.local_ssds == ((ours.bundled_ssds,) if ours.bundled_ssds else ours.local_ssds)
    attachable = {gpu.name for gpu in GPUS.values() if gpu.attachable} if ours.family == "n1" else set()
    assert theirs.attachable == attachable


@pytest.mark.parametrize("name", TIMED)
def test_the_simulated_server_has_the_gpus_memory_and_bandwidth(name: str):
    assert (TIMED[name].memory, TIMED[name].bandwidth) == (GPUS[name].memory_bytes, GPUS[name].bandwidth * 1e9)


@pytest.mark.parametrize("name", _PRODUCTS)
def test_the_simulated_exporter_has_the_gpus_memory(name: str):
    assert _PRODUCTS[name][1] == GPUS[name].memory_mib


@pytest.fixture(scope="module")
def published() -> set[str]:
    """The metrics that Compute Engine's discovery document has for a region's quotas."""
    documents = files("googleapiclient") / "discovery_cache" / "documents"
    compute = json.loads((documents / "compute.v1.json").read_text(encoding="utf-8"))
    return set(compute["schemas"]["Quota"]["properties"]["metric"]["enum"])


@pytest.mark.parametrize("name", CARDS)
def test_a_quota_on_demand_is_one_that_compute_engine_publishes(name: str, published: set[str]):
    gpu = CARDS[name]
    if gpu.quota is not None:
        assert {gpu.quota, gpu.spot_quota} <= published
    else:
        # What the metric would be called, were there one.
        assert f"{gpu.quota_family or name.upper().replace('-', '_')}_GPUS" not in published


def test_no_published_gpu_is_forgotten(published: set[str]):
    spot = {name for name in published if name.startswith("PREEMPTIBLE_NVIDIA_") and not name.endswith("_VWS_GPUS")}
    # K80 is gone.
    assert spot - {"PREEMPTIBLE_NVIDIA_K80_GPUS"} <= {gpu.spot_quota for gpu in GPUS.values()}
