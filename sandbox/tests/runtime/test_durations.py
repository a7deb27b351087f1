# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kubelet's pauses and how Go prints durations."""

from llmops_gke_sandbox.agents.kubelet.durations import back_off, go_duration


def test_pauses_double_up_to_five_minutes_however_often_it_failed():
    assert [back_off(failures) for failures in (0, 1, 2, 5, 6, 5000)] == [10, 10, 20, 160, 300, 300]


def test_go_prints_durations_so():
    assert [go_duration(seconds) for seconds in (10, 80, 300, 3700)] == ["10s", "1m20s", "5m0s", "1h1m40s"]
