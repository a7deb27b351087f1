# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the report says of the deployment itself: where, how large, by whom and from which commit."""

from __future__ import annotations

import pytest

from tests.unit.plugins.serving.test_report import latency, made, page

DEPLOYMENT = {"exposure": "LoadBalancer", "replicas": 2, "deployed_by": "ada", "commit": "1a2b3c4", "cluster": "c1"}
DEPLOYMENT |= {"project": "p1", "location": "us-central1", "namespace": "llm", "name": "mistral"}


def test_the_report_says_what_was_deployed_by_whom_and_from_which_commit(tmp_path):
    model = {"fit": None, "shape": {"positions": 32768}}
    read = page(tmp_path, latency=latency(), model=model, deployment=DEPLOYMENT)
    for said in (
        "Exposure LoadBalancer",
        "Replicas 2",
        "Deployed by ada, from commit 1a2b3c4",
        "Place llm/mistral on us-central1/c1 of p1",
        "– and 4096 tokens; the model's own limit is 32768",
    ):
        assert said in read.text, said
    assert made(latency=latency(), deployment=DEPLOYMENT)["report"]["deployment"] == DEPLOYMENT


@pytest.mark.parametrize(
    ("given", "said"),
    [({"replicas": 0}, "Replicas 0"), ({"commit": "1a2b"}, "Deployed from commit 1a2b"), ({"name": "m"}, "Place m")],
)
def test_what_is_not_known_of_a_deployment_is_left_out(tmp_path, given, said):
    nothing = dict.fromkeys(DEPLOYMENT)
    assert said in page(tmp_path, latency=latency(), deployment={**nothing, **given}).text
    assert "Deployed " not in page(tmp_path, latency=latency(), deployment=nothing).text.replace("What was", "")


def test_a_model_that_nobody_could_measure_is_still_named_by_its_deployment(tmp_path):
    assert "Replicas 2" in page(tmp_path, deployment=DEPLOYMENT).text
