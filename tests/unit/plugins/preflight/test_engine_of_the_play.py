# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The model server that is asked for, against the roles of the play."""

from __future__ import annotations

from .test_rules import deployment, texts


def test_a_model_server_without_a_role_in_the_play_is_refused():
    text, *_others = texts(deployment({"llmops_engine": "vllm"}))
    takes = "it takes tgi, whose role the play has: roles of other model servers do nothing"
    assert text == f'llmops_engine: "vllm" is not accepted; {takes}'


def test_a_play_that_deploys_no_model_may_name_any_server():
    assert texts(deployment({"llmops_engine": "vllm"}, model=None)) == []
