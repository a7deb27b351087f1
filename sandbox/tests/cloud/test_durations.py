# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A sandbox can be told how long things take."""

from __future__ import annotations

import dataclasses

import pytest

from llmops_gke_sandbox import workloads
from llmops_gke_sandbox.clock import Clock
from llmops_gke_sandbox.config import Config
from llmops_gke_sandbox.durations import Durations, read

TGI = "us-docker.pkg.dev/deeplearning-platform-release/gcr.io/huggingface-text-generation-inference-cu124.2-4"
EXPORTER = "us-docker.pkg.dev/mirror/dcgm-exporter:3.3.6"


def test_what_is_not_told_takes_as_long_as_ever():
    assert read({"driver": 30}) == dataclasses.replace(Durations(), driver=30)
    assert Clock().durations == read({}) == Durations()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"clutser": 1}, "unknown duration 'clutser'; known: cluster, pool, node, "),
        ({"pool": -1}, "durations.pool must be a number of seconds, not -1"),
        ({"pool": True}, "durations.pool must be a number of seconds, not True"),
        ({"pool": "long"}, "durations.pool must be a number of seconds, not 'long'"),
        ({"pool": float("inf")}, "durations.pool must be a number of seconds, not inf"),
    ],
)
def test_a_duration_that_cannot_be_is_refused_at_the_start(tmp_path, given, words):
    with pytest.raises(ValueError, match=words):
        Config(tmp_path, durations=given)


@pytest.mark.parametrize(
    ("image", "streaming", "seconds"),
    [(TGI, True, 90.0), (TGI, False, 300.0), ("docker.io/vllm/vllm-openai:v0.9", True, 300.0), (EXPORTER, True, 5.0)],
)
def test_the_images_of_model_servers_alone_take_what_was_told(image, streaming, seconds):
    told = Durations(image=300.0, streamed_image=90.0)
    assert workloads.find(image).seconds(image, streaming, told) == seconds


@pytest.mark.parametrize("settings", [{"durations": {"cluster": 321, "pool": 123}}])
async def test_operations_expect_what_was_told(cloud):
    await cloud.create(nodePools=[{"name": "p", "initialNodeCount": 1}])
    await cloud.done("POST", "clusters/c1/nodePools", {"nodePool": {"name": "more", "initialNodeCount": 1}})
    operations = cloud.sandbox._parts.operations.all("-")
    assert [one.expected for one in operations] == [321, 123]
