# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What latency is held against where nobody set a limit: what a GPU allows, and what Google measured."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.google.accelerators import GPUS
from ansible_collections.llmops.gke.plugins.module_utils.models import memory
from ansible_collections.llmops.gke.plugins.module_utils.models.shape import read_shape
from ansible_collections.llmops.gke.plugins.module_utils.serving.report.yardsticks import impossible, yardsticks

from .test_report import SUMMARY, latency, limit, made, page

MISTRAL = {
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "hidden_size": 4096,
    "vocab_size": 32000,
}
PARAMETERS = 7241732096


def model(number_format: str = "fp16", *, gpu: str = "nvidia-l4", slow: bool = False, **config: Any) -> dict[str, Any]:
    """What hf_model_info says of Mistral 7B on one GPU."""
    shape = read_shape({**MISTRAL, **config})
    weights = {name: memory.weight_bytes(PARAMETERS, shape, name) for name in memory.LINEAR_BYTES}
    formats = memory.fit(weights, PARAMETERS, shape, memory.Gpus(GPUS[gpu], 1, 0.9), 4096)
    fit = {"fits": True, "format": number_format, "slow": slow, "gpu_bytes": 1, "usable_bytes": 1, "formats": formats}
    return {"fit": fit, "shape": shape.shown(), "parameters": PARAMETERS, "kv_bytes_per_token": 131072}


def measured(tpot: float = 0.06, ttft: float = 0.1, ntpot: float = 0.062, **changes: Any) -> dict[str, Any]:
    medians = {"tpot_seconds": tpot, "ttft_seconds": ttft, "ntpot_seconds": ntpot}
    hot = {name: {**SUMMARY, "median": median} for name, median in medians.items()} | {"overhead_seconds": None}
    return latency(hot={**hot, "e2e_seconds": SUMMARY}, prompt_tokens=133, **changes)


BENCHMARK = {
    "best": {"ttft_milliseconds": 70, "ntpot_milliseconds": 52, "of": "vllm v0.11.2 on g2-standard-12"},
    "unknown": None,
    "differences": [{"setting": "image", "ours": "tgi:3.3.5", "google": None}],
}


def verdict(**options: Any) -> tuple[str, str]:
    told = made(**options)["report"]["verdict"]
    return told["state"], told["headline"]


def held(**options: Any) -> dict[str, dict[str, Any]]:
    return {one["name"]: one for one in made(**options)["report"]["yardsticks"]}


def test_fp16_mistral_on_an_l4_reads_its_weights_in_48_milliseconds():
    found = held(latency=measured(), model=model())
    tpot = found["tpot_seconds"]
    assert (tpot["floor"], tpot["google"], tpot["measured"]) == (pytest.approx(0.04828, abs=1e-5), None, 0.06)
    assert (tpot["at_most"], tpot["by"], tpot["within"]) == (pytest.approx(2 * tpot["floor"]), "floor", True)
    # 133 tokens of prompt are calculated while the weights are read.
    assert found["ttft_seconds"]["floor"] == tpot["floor"]
    assert found["ttft_seconds"]["at_most"] == pytest.approx(2 * tpot["floor"] + 0.05)


def test_a_long_prompt_takes_its_time_to_calculate():
    long = {**measured(), "prompt_tokens": 3000}
    found = held(latency=long, model=model())
    assert found["ttft_seconds"]["floor"] == pytest.approx(2 * PARAMETERS * 3000 / 121e12, rel=1e-3)
    first, token = found["ttft_seconds"]["floor"], found["tpot_seconds"]["floor"]
    assert found["ntpot_seconds"]["floor"] == pytest.approx((first + 63 * token) / 64, rel=1e-4)


def test_half_as_many_bytes_take_half_the_time():
    fp16, fp8 = (held(latency=measured(), model=model(name))["tpot_seconds"]["floor"] for name in ("fp16", "fp8"))
    assert 0.5 < fp8 / fp16 < 0.55


def test_a_slow_quantisation_is_expected_to_be_as_slow_as_16_bits():
    fp16 = held(latency=measured(), model=model())["tpot_seconds"]
    nf4 = held(latency=measured(tpot=0.09), model=model("nf4", slow=True))["tpot_seconds"]
    assert nf4["floor"] < fp16["floor"] / 3
    assert nf4["at_most"] == pytest.approx(fp16["at_most"], rel=1e-3)
    assert held(latency=measured(tpot=0.09), model=model("nf4"))["tpot_seconds"]["within"] is False


def test_of_a_mixture_of_experts_no_floor_is_known():
    assert held(latency=measured(), model=model(num_local_experts=8)) == {}
    assert verdict(latency=measured(), model=model(num_local_experts=8))[0] == "unjudged"


@pytest.mark.parametrize(
    ("given", "state", "headline"),
    [
        ({"tpot": 0.06}, "fit", "Fit: it answers, as fast as this GPU lets expect. No limit was set."),
        ({"tpot": 0.12, "ntpot": 0.12}, "slow", "It answers, and slower than this GPU lets expect. No limit was set, "),
    ],
)
def test_without_a_limit_the_gpu_is_the_yardstick_and_nothing_fails(given, state, headline):
    told = verdict(latency=measured(**given), model=model())
    assert (told[0], told[1].startswith(headline)) == (state, True)


def test_googles_own_measurement_comes_before_the_gpus_floor():
    found = held(latency=measured(ntpot=0.066), model=model(), benchmark=BENCHMARK)
    ntpot = found["ntpot_seconds"]
    assert (ntpot["google"], ntpot["at_most"], ntpot["by"], ntpot["within"]) == (0.052, 0.065, "google", False)
    # Google tells no pace, so that is held against the floor.
    assert (found["tpot_seconds"]["by"], found["tpot_seconds"]["within"]) == ("floor", True)
    state, headline = verdict(latency=measured(ntpot=0.066), model=model(), benchmark=BENCHMARK)
    assert (state, headline.split(".")[0]) == ("slow", "It answers, and slower than Google measured")
    assert held(latency=measured(), benchmark=BENCHMARK)["ttft_seconds"]["at_most"] == pytest.approx(0.1375)


def test_a_limit_is_the_judge_where_one_was_set():
    slow = measured(tpot=0.2, ntpot=0.2, thresholds=[limit(True)])
    state, headline = verdict(latency=slow, model=model())
    assert (state, headline) == ("fit", "Fit: it answers, and every limit holds.")
    assert held(latency=slow, model=model())["tpot_seconds"]["within"] is False
    assert verdict(latency=measured(thresholds=[limit(False)]), model=model())[0] == "unfit"


def test_a_sandbox_s_page_has_one_scale_of_time_and_says_so_once(tmp_path):
    """What it costs, and what a GPU is expected to take, would be of another one."""
    read = page(tmp_path, latency=measured(), model=model(), simulated_speed=50.0)
    assert read.text.count("the times are the simulation's, 50 times faster than real time") == 1
    assert "real time" not in read.text.replace("faster than real time", "")
    cost = made(latency=latency(), simulated_speed=50.0)["report"]["cost"]
    assert f"${cost['alone']:,.2f}" not in read.text and "million tokens cost a simulation can't tell" in read.text
    assert f"${cost['hour']:.2f} for an hour of the machine" in read.text
    assert "a real GPU's times" in read.text and "not judged" not in read.text
    real = page(tmp_path, latency=measured(), model=model())
    assert "a real GPU's times" not in real.text and "for an hour of the machine" not in real.text


def test_simulated_figures_are_told_in_lifes_time_and_held_against_nothing():
    fast = measured(tpot=0.0012, ttft=0.002, ntpot=0.0013)
    found = held(latency=fast, model=model(), benchmark=BENCHMARK, simulated_speed=50.0)
    assert found["tpot_seconds"]["measured"] == pytest.approx(0.06)
    assert {one["within"] for one in found.values()} == {None}
    state, headline = verdict(latency=fast, model=model(), simulated_speed=50.0)
    assert (state, headline) == (
        "unjudged",
        "It answers. No limit was set, and simulated figures are held against no GPU's.",
    )
    by_header = {"generated_text": "x", "generated_tokens": 1, "seconds": 1, "finish_reason": "stop"}
    by_header["headers"] = {"x-simulated": "llmops-gke-sandbox"}
    assert verdict(latency=measured(tpot=0.5), model=model(), answer=by_header)[0] == "unjudged"


def test_a_pace_that_cannot_be_is_a_caution():
    cautions = made(latency=measured(tpot=0.02), model=model())["report"]["verdict"]["cautions"]
    assert any("time a token is less than this GPU can read the weights in" in one for one in cautions)
    for fine in (measured(tpot=0.049), measured(ttft=0.01)):
        assert not any("can read" in one for one in made(latency=fine, model=model())["report"]["verdict"]["cautions"])
    simulated = made(latency=measured(tpot=0.0001), model=model(), simulated_speed=50.0)["report"]["verdict"]
    assert not any("can read" in one for one in simulated["cautions"])


def test_the_page_has_floor_google_and_ours_on_one_line(tmp_path):
    read = page(tmp_path, latency=measured(), model=model(), benchmark=BENCHMARK)
    assert "How fast it could be" in read.text
    assert "whole answer over its tokens 48.3 ms 52.0 ms 62.0 ms 65.0 ms as expected" in read.text
    assert "time a token 48.3 ms" in read.text
    assert "Google measured vllm v0.11.2 on g2-standard-12." in read.text
    assert "Beside Google's manifest" in read.text and "image tgi:3.3.5" in read.text
    off = {"unknown": "it is off", "best": None}
    read = page(tmp_path, latency=measured(), model=model(), benchmark=off)
    assert "By Google nothing is known: it is off." in read.text and "Beside" not in read.text
    assert "By Google" not in page(tmp_path, latency=measured(), model=model(), benchmark={"skipped": True}).text
    same = page(tmp_path, latency=measured(), model=model(), benchmark={**BENCHMARK, "differences": []})
    assert "Image, GPUs and settings are the same." in same.text
    assert "How fast it could be" not in page(tmp_path, latency=measured()).text


@pytest.mark.parametrize(("overhead", "part"), [({**SUMMARY, "median": 0.023}, "23.0 ms of it"), (None, "not known")])
def test_a_forwarded_port_is_said_to_cost_its_own_time(overhead, part):
    through = measured(port_forwarded=True)
    through["hot"]["overhead_seconds"] = overhead
    (told,) = (one for one in made(latency=through)["report"]["verdict"]["cautions"] if "API server" in one)
    assert "adds its own time to the first token" in told and part in told
    assert not any("API server" in one for one in made(latency=measured())["report"]["verdict"]["cautions"])


def of_figures(
    chosen: dict[str, Any], *, fp16: float | None = None, slow: bool = False, **hot: float | None
) -> dict[str, dict[str, Any]]:
    """By figures that can be reckoned in the head: medians of hot requests, and what the format allows."""
    known = {"hot": {name: median and {"median": median} for name, median in hot.items()}, "tokens": {"median": 4}}
    fit = {"format": "own", "slow": slow, "formats": {"own": chosen, "fp16": {"token_seconds": fp16}}}
    found = yardsticks(known, {"fit": fit}, {}, speed=None, simulated=False)
    return {one["name"]: one for one in found}


@pytest.mark.parametrize(("overhead", "at_most"), [(0.02, 0.27), (None, 0.3)])
def test_the_way_there_and_back_is_the_measured_one_where_there_is(overhead, at_most):
    found = of_figures({"token_seconds": 0.125}, ttft_seconds=0.26, overhead_seconds=overhead)
    assert found["ttft_seconds"]["at_most"] == at_most
    assert found["ttft_seconds"]["within"] is True


def test_a_metric_that_was_not_measured_hides_no_other():
    assert list(of_figures({"token_seconds": 0.125}, ttft_seconds=None, tpot_seconds=0.1)) == ["tpot_seconds"]


@pytest.mark.parametrize("of_prompt", [None, 0.25])
def test_a_prompt_whose_length_or_cost_is_unknown_adds_nothing_to_the_floor(of_prompt):
    found = of_figures({"token_seconds": 0.125, "prompt_token_seconds": of_prompt}, ttft_seconds=0.1)
    assert found["ttft_seconds"]["floor"] == 0.125
    known = {"hot": {"ttft_seconds": {"median": 0.1}}, "tokens": {"median": 4}, "prompt_tokens": 2}
    fit = {"format": "own", "formats": {"own": {"token_seconds": 0.125, "prompt_token_seconds": of_prompt}}}
    (one,) = yardsticks(known, {"fit": fit}, {}, speed=None, simulated=False)
    assert one["floor"] == (0.5 if of_prompt else 0.125)


@pytest.mark.parametrize(("tpot", "within"), [(0.25, True), (0.250001, False)])
def test_what_is_just_as_fast_as_expected_is_within(tpot, within):
    assert of_figures({"token_seconds": 0.125}, tpot_seconds=tpot)["tpot_seconds"]["within"] is within


@pytest.mark.parametrize(("fp16", "slow", "at_most"), [(0.1875, True, 0.375), (0.0625, True, 0.25), (None, True, 0.25)])
def test_a_slow_method_is_as_slow_as_16_bits_and_never_faster_than_its_own_floor(fp16, slow, at_most):
    found = of_figures({"token_seconds": 0.125}, fp16=fp16, slow=slow, tpot_seconds=0.2)
    assert found["tpot_seconds"]["at_most"] == at_most


def test_figures_are_rounded_to_microseconds():
    found = of_figures({"token_seconds": 0.12345678}, tpot_seconds=0.23456789)["tpot_seconds"]
    assert (found["measured"], found["floor"], found["at_most"]) == (0.234568, 0.123457, 0.246914)


@pytest.mark.parametrize(("tpot", "cannot_be"), [(0.97, ["tpot_seconds"]), (0.98, []), (1.0, [])])
def test_a_pace_is_impossible_below_98_per_cent_of_the_floor(tpot, cannot_be):
    assert impossible([{"name": "tpot_seconds", "measured": tpot, "floor": 1.0}], simulated=False) == cannot_be
