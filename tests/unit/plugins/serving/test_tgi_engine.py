# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What only TGI's engine knows: crashes by its log, settings without secrets, phases of its start."""

from __future__ import annotations

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.core.option_names import plain
from ansible_collections.llmops.gke.plugins.module_utils.kubernetes.diagnosis.crash_reasons import meaning_of
from ansible_collections.llmops.gke.plugins.module_utils.serving.tgi.engine import TgiEngine


@pytest.mark.parametrize(
    ("log", "meaning"),
    [
        ("OSError: You are trying to access a gated repo.", "the model is gated for this token"),
        ("403 Client Error: Forbidden for url", "the model is gated for this token"),
        ("401 Client Error: Unauthorized", "Hugging Face refuses the token or does not know the model"),
        ("RuntimeError: Not enough memory to handle 4096 prefill tokens", "the GPU's memory is not enough"),
        ("torch.OutOfMemoryError: CUDA out of memory", "the GPU's memory is not enough"),
        ("OSError: [Errno 28] No space left on device", "the disk is full"),
    ],
)
def test_a_crash_that_no_restart_cures_is_known_by_the_log(log, meaning):
    reason = meaning_of(f"INFO starting | {log} | Error: ShardCannotStart", TgiEngine.crash_reasons)
    assert reason is not None
    assert plain(reason.reason) == meaning
    assert reason in TgiEngine.crash_reasons


def test_a_crash_of_an_unknown_kind_has_no_reason():
    assert meaning_of("Segmentation fault", TgiEngine.crash_reasons) is None


def test_settings_come_from_environment_and_arguments_and_are_no_secrets():
    environment = {"MODEL_ID": "org/model", "QUANTIZE": "eetq", "API_KEY": "sk-canary", "NUM_SHARD": "1"}
    settings = TgiEngine().settings(
        environment, ["launcher", "--num-shard", "2", "--api-key=sk-canary", "--dtype=half"]
    )
    assert settings.quantization == "eetq"
    assert settings.shown == {"QUANTIZE": "eetq", "DTYPE": "half", "NUM_SHARD": "2"}
    assert TgiEngine().settings({}, []).quantization == ""


def test_its_phases_are_explained():
    assert [phase.name for phase in TgiEngine().launch_phases([], None)] == list(TgiEngine.phases)
