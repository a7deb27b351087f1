# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""llm_report: what a million tokens cost, by the price of the machine that a replica has."""

from __future__ import annotations

import pytest

from .test_report import POD, latency, made


@pytest.mark.parametrize(
    ("pod", "prices", "hour"),
    [
        (POD, None, 1.0004),
        (POD, {"g2-standard-12": 0.62}, 0.62),
        (POD, {"nvidia-l4": 0.0}, 0.4404),
        ({**POD, "spot": True}, {"spot": 0.5}, 0.5002),
        ({**POD, "spot": True}, None, 0.5624),
        ({**POD, "machine_type": "n1-standard-8", "accelerator_type": "nvidia-tesla-t4", "gpus": 2}, None, 1.08),
        ({**POD, "machine_type": "a3-highgpu-8g", "accelerator_type": "nvidia-h100-80gb"}, None, 88.49),
    ],
)
def test_a_million_tokens_cost_what_the_machine_costs_while_they_come(pod, prices, hour):
    cost = made(latency=latency(pods=[pod]), prices=prices)["report"]["cost"]
    assert cost["hour"] == pytest.approx(hour, abs=1e-3)
    assert cost["alone"] == pytest.approx(hour / 3600 * 0.05 * 1e6, rel=1e-3)


@pytest.mark.parametrize(
    "pod",
    [
        {**POD, "machine_type": "x9-odd-1"},
        {**POD, "machine_type": None},
        {**POD, "machine_type": "a4-highgpu-8g", "accelerator_type": "nvidia-b200"},
    ],
)
def test_a_machine_without_a_price_has_no_cost(pod):
    assert made(latency=latency(pods=[pod]))["report"]["cost"] is None
