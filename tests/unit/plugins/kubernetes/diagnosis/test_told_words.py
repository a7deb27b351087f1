# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a log and of an image's refusal is told: what a person needs, once."""

from __future__ import annotations

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.diagnosis.cluster_view import ClusterView
from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.diagnosis.crash_reasons import ending
from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.diagnosis.pods import pod_state
from tests.unit.plugins.kubernetes.k8s_support import FakeView

IMAGE = "us-docker.pkg.dev/deeplearning-platform-release/gcr.io/huggingface-text-generation-inference-cu124.2-4:nope"
REFUSED = "ValueError: User-specified max_model_len (40000) is greater than the derived max_model_len"


@pytest.mark.parametrize(
    "info",
    [
        "(APIServer pid=1) INFO 11-26 21:01:44 [api_utils.py:347]   █▄█▀ █     █     █     █  model   org/model",
        "INFO:     Started server process [1]",
        "\x1b[2m2026-11-26T21:01:44Z\x1b[0m \x1b[32m INFO\x1b[0m text_generation_launcher: Args {",
        '{"timestamp":"2026-11-26T21:01:44Z","level":"INFO","fields":{"message":"Starting"}}',
        "2026-11-26 21:01:44,123 DEBUG urllib3",
        "█ █ ▄▄ ▀",
    ],
)
def test_lines_that_report_progress_are_no_part_of_the_reason(info):
    assert ending([info, REFUSED, info]) == REFUSED


@pytest.mark.parametrize("line", ["ValueError: there is no INFO in it", "  INFORMATION", "WARNING INFO is off", "}"])
def test_lines_that_only_speak_of_it_are_kept(line):
    assert ending([REFUSED, line]) == f"{REFUSED} | {line.strip()}"


def test_a_log_of_nothing_else_is_told_all_the_same():
    assert ending(["INFO one", "INFO two"]) == "INFO one | INFO two"


def test_only_what_stands_at_the_end_is_told():
    """An error that was healed since is none, however long ago the last one was."""
    assert ending(["CUDA out of memory, trying again", *["INFO waiting"] * 5]) == " | ".join(["INFO waiting"] * 5)


def pulling(message: str, image: str = IMAGE) -> str:
    state = {"waiting": {"reason": "ImagePullBackOff", "message": message}}
    status = {"name": "tgi", "image": image, "restartCount": 0, "state": state}
    pod = {"metadata": {"name": "m-1", "namespace": "ns"}, "status": {"containerStatuses": [status]}}
    view: ClusterView = FakeView()
    found = pod_state(view, pod, room_comes=False)
    assert found is not None
    return found.why


@pytest.mark.parametrize(
    ("image", "pulled"), [(IMAGE, IMAGE), ("vllm/vllm-openai:v0", "docker.io/vllm/vllm-openai:v0")], ids=str
)
def test_an_image_that_cannot_be_pulled_is_named_once(image, pulled):
    message = (
        f'Back-off pulling image "{image}": ErrImagePull: rpc error: code = NotFound desc = failed to pull and unpack '
        f'image "{pulled}": failed to resolve reference "{pulled}": {pulled}: not found'
    )
    assert pulling(message, image) == (
        f'container tgi of pod m-1: ImagePullBackOff: Back-off pulling image "{image}": ErrImagePull: rpc error: '
        "code = NotFound desc = failed to pull and unpack image: failed to resolve reference: not found"
    )


def test_the_url_of_a_registry_that_refuses_is_kept():
    url = "https://us-docker.pkg.dev/v2/token?scope=repository%3Agcr.io: 403 Forbidden"
    assert url in pulling(f'Back-off pulling image "{IMAGE}": ErrImagePull: failed to fetch oauth token from {url}')
