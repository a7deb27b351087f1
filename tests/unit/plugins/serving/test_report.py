# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""llm_report: what it concludes, what stands on the page, and that the page needs nothing but itself."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.core.errors import LlmopsError
from ansible_collections.llmops.gke.plugins.module_utils.core.option_names import OptionNames
from ansible_collections.llmops.gke.plugins.module_utils.core.result import silent
from ansible_collections.llmops.gke.plugins.module_utils.engines.serving.llm_report import run
from ansible_collections.llmops.gke.plugins.module_utils.serving.report.svg import Axis, ticks
from ansible_collections.llmops.gke.plugins.module_utils.serving.report.words import seconds, tick

SUMMARY = {"n": 20, "median": 0.05, "low": 0.049, "high": 0.052, "mean": 0.05, "min": 0.048, "max": 0.06}
SUMMARY |= {"p95": None, "p99": None}
STREAMED = ("ttft_seconds", "tpot_seconds", "ntpot_seconds", "e2e_seconds")
POD = {"pod": "mistral-1", "machine_type": "g2-standard-12", "accelerator_type": "nvidia-l4", "gpus": 1, "spot": False}
POD |= {"zone": "us-central1-a", "image": "tgi:3.3.5", "quantization": "", "settings": {"NUM_SHARD": "1"}}
POD |= {"restarts": 0, "start_seconds": 171.0}
POD |= {"start_stages": [{"name": "scheduled", "seconds": 90.0}, {"name": "load", "seconds": 81.0}]}
SERIES = {"client": {"requests": 20, "tokens": 1280, "mean_seconds": 3.2}, "replies": None, "metrics": None}


def latency(**changes):
    return {
        "url": "http://203.0.113.10",
        "model": "org/model",
        "info": {"server": "TGI", "version": "3.3.5", "max_total_tokens": 4096},
        "pods": [POD],
        "cold": dict.fromkeys(STREAMED, 0.4),
        "cold_reason": "fresh",
        "hot": dict.fromkeys(STREAMED, SUMMARY) | {"overhead_seconds": None},
        "samples": {name: [0.048, 0.05, 0.06] for name in STREAMED},
        "tokens": {"median": 64, "min": 64, "max": 64},
        "tokens_per_arrival": 1.0,
        "buffered": False,
        "cross_checks": {"streamed": SERIES, "single": SERIES, "agree": None, "disagreements": []}
        | {"tolerance": 0.1, "explained": []},
        "thresholds": [],
        **changes,
    }


def limit(passed, name="ttft_seconds"):
    return {"name": name, "limit": 0.04, "value": None if passed is None else 0.05, "passed": passed}


def made(**options):
    names = (
        "path",
        "json_path",
        "latency",
        "answer",
        "model",
        "load",
        "benchmark",
        "pods",
        "gpu",
        "gpus",
        "prices",
        "simulated_speed",
        "beside",
        "deployment",
    )
    return run({**dict.fromkeys(names), "title": "T", **options}, False, silent).values


class Page(HTMLParser):
    """What a browser would see: text, and everything that it would fetch."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.said, self.open, self.fetched = [], [], []
        self.feed(source)

    def handle_starttag(self, tag, attrs):
        if tag != "meta":
            self.open.append(tag)
        self.fetched += [value for name, value in attrs if name in ("src", "href", "data", "srcset")]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.said.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.said).split())


def page(tmp_path, **options) -> Page:
    path = tmp_path / "made" / "r.html"
    made(path=str(path), **options)
    source = path.read_text(encoding="utf-8")
    read = Page(source)
    assert read.open == []
    assert read.fetched == []
    assert not re.search(r"url\(|@import|<script", source)
    return read


@pytest.mark.parametrize(
    ("limits", "state"),
    [([], "unjudged"), ([limit(True)], "fit"), ([limit(True), limit(False)], "unfit"), ([limit(None)], "unjudged")],
)
def test_the_verdict_is_that_of_the_limits(limits, state):
    assert made(latency=latency(thresholds=limits))["report"]["verdict"]["state"] == state


def test_without_a_measurement_or_an_answer_it_is_not_fit():
    assert made()["report"]["verdict"]["state"] == "unfit"
    empty = {"generated_text": "", "generated_tokens": 1, "seconds": 1, "finish_reason": "eos_token"}
    assert "gave no text" in str(made(latency=latency(), answer=empty)["report"]["verdict"]["reasons"])


def test_a_task_that_failed_by_a_limit_gives_its_figures(tmp_path):
    limits = [limit(False)]
    failed = {"failed": True, "msg": "…", "error": {"measured": latency(thresholds=[]), "thresholds": limits}}
    read = page(tmp_path, latency=failed)
    assert "Not fit: 1 of 1 limits is broken." in read.text
    assert "time to the first token: 50.0 ms, at most 40.0 ms were allowed" in read.text


def test_nothing_of_how_a_task_was_called_reaches_the_report():
    registered = {**latency(), "invocation": {"module_args": {"access_token": "canary"}}, "changed": False}
    assert "canary" not in json.dumps(made(latency=registered))


def test_the_page_says_what_a_reader_needs(tmp_path):
    answer = {"generated_text": "<b>Purr</b> & more", "generated_tokens": 7, "seconds": 0.4, "finish_reason": "length"}
    read = page(tmp_path, latency=latency(thresholds=[limit(True)]), answer=answer, title="A <title>")
    for said in (
        "A <title>",
        "Fit: it answers, and every limit holds.",
        "<b>Purr</b> & more",
        "until a node with a free GPU was there",
        "mistral-1: 2 min 51 s",
        "the cold request, off this chart, took 400 ms",
        "g2-standard-12, 1 x nvidia-l4",
        "NUM_SHARD=1",
        "49.0 ms to 52.0 ms",
    ):
        assert said in read.text, said


def test_the_json_holds_what_the_page_shows(tmp_path):
    path = tmp_path / "r.json"
    values = made(json_path=str(path), latency=latency())
    assert json.loads(path.read_text()) == values["report"]
    assert values["written"] == [str(path)]
    assert path.stat().st_mode & 0o777 == 0o644


def test_check_mode_writes_nothing(tmp_path):
    path = tmp_path / "r.html"
    options = {"title": "T", "path": str(path), "simulated_speed": None, "beside": None}
    names = (
        "json_path",
        "latency",
        "answer",
        "model",
        "load",
        "benchmark",
        "pods",
        "gpu",
        "gpus",
        "prices",
        "deployment",
    )
    assert run({**dict.fromkeys(names), **options}, True, silent).values["written"] == []
    assert not path.exists()


def test_a_place_that_cannot_be_written_is_told_in_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(LlmopsError, match=r"^path: .*\(Not a directory\)$"):
        made(path=str(tmp_path / "file" / "r.html"))
    # Where even root can make no folder.
    with pytest.raises(LlmopsError, match="write the report to .*give another path") as error:
        made(path="/proc/none/r.html")
    assert error.value.told(OptionNames({"path": "verify_report_path"})).endswith("; give another verify_report_path")
    assert [each.name for each in tmp_path.iterdir()] == ["file"]


def test_a_sandbox_s_figures_are_said_to_be_simulated_and_cost_what_life_s_would():
    alone = made(latency=latency())["report"]["cost"]["alone"]
    assert made(latency=latency(), simulated_speed=50.0)["report"]["cost"]["alone"] == pytest.approx(
        50 * alone, rel=1e-4
    )
    by_header = {"generated_text": "a", "headers": {"x-simulated": "s"}}
    assert made(latency=latency(), answer=by_header)["report"]["simulated"] is True


def test_what_a_reader_should_beware_of():
    few = {**latency()["hot"], "e2e_seconds": {**SUMMARY, "n": 5}}
    told = latency(hot=few, buffered=True, tokens_per_arrival=4.0, thresholds=[limit(None)])
    told["cross_checks"] = {**told["cross_checks"], "disagreements": ["they differ"]}
    told["pods"] = [{**POD, "restarts": 2}]
    cautions = " | ".join(made(latency=told)["report"]["verdict"]["cautions"])
    for said in (
        "they differ",
        "only 5 samples",
        "4.0 tokens arrive at once",
        "was not measured",
        "restarted in mistral",
    ):
        assert said in cautions


def test_load_and_gpu_series_are_drawn_where_they_are_given(tmp_path):
    stage = {"achieved_rate": 1.9, "output_tokens_per_second": 120.0, "failures": 1, "tpot": {"p50": 0.05, "p95": 0.06}}
    stages = [{**stage, "offered_rate": rate, "ttft": {"p50": 0.1, "p95": rate * 0.1}} for rate in (1.0, 2.0, 4.0)]
    load = {"stages": stages, "knee": 2.0, "tool": "inference-perf 1", "calibration": None}
    gpu = [{"name": "DCGM_FI_DEV_GPU_UTIL", "unit": "%", "points": [[0, 10], [15, 90]]}]
    read = page(tmp_path, latency=latency(), load=load, gpu=gpu)
    for said in ("Under load", "knee at 2.00/s", "It was not calibrated.", "busy, % over the seconds"):
        assert said in read.text
    cost = made(latency=latency(), load=load)["report"]["cost"]
    assert cost["loaded"] == pytest.approx(1.0004 / 3600 / 120 * 1e6, rel=1e-3)


def test_a_load_alone_is_priced_by_all_the_pods_behind_it(tmp_path):
    stage = {"offered_rate": 2.0, "achieved_rate": 1.9, "output_tokens_per_second": 120.0, "failures": 0}
    load = {"stages": [{**stage, "ttft": {"p50": 0.1, "p95": None}, "tpot": None}], "knee": None, "tool": "t"}
    cost = made(load=load, pods=[POD, {**POD, "pod": "mistral-2"}])["report"]["cost"]
    assert cost["alone"] is None and cost["replicas"] == 2
    assert cost["loaded"] == pytest.approx(2 * 1.0004 / 3600 / 120 * 1e6, rel=1e-3)
    read = page(tmp_path, load=load, pods=[POD, POD])
    assert "g2-standard-12, 2 of them under load" in read.text and "for a million tokens under load" in read.text
    assert made(load=load)["report"]["cost"] is None


def test_the_headline_says_what_is_wrong():
    broken = latency(thresholds=[limit(False), limit(False, "tpot_seconds"), limit(True)])
    assert made(latency=broken)["report"]["verdict"]["headline"] == "Not fit: 2 of 3 limits are broken."
    silence = made(latency=latency(), answer={"generated_text": ""})
    assert silence["report"]["verdict"]["headline"] == "Not fit: the model did not answer."


def test_series_of_several_gpus_say_whose_they_are(tmp_path):
    one = {"name": "OTHER", "unit": "W", "node": "gpu-1", "gpu": "0", "points": [[0, 10], [1, 20]]}
    assert "of GPU" not in page(tmp_path, latency=latency(), gpu=[one]).text
    read = page(tmp_path, latency=latency(), gpu=[one, {**one, "gpu": "1"}])
    for said in ("OTHER, W of GPU 0 in gpu-1", "OTHER, W of GPU 1 in gpu-1"):
        assert said in read.text


def test_a_load_test_alone_is_left_to_the_reader_to_judge(tmp_path):
    stage = {"achieved_rate": 1.9, "output_tokens_per_second": None, "failures": 0, "tpot": None}
    stages = [{**stage, "offered_rate": 2.0, "ttft": {"p50": 0.1, "p95": None}}]
    read = page(tmp_path, load={"stages": stages, "knee": None, "tool": "t", "calibration": "c"})
    assert "No limit was set" in read.text
    assert "95 of 100 wait less" not in read.text


def test_the_gpus_as_they_were_last_seen(tmp_path):
    one = {"node": "node-1", "gpu": "0", "model": "NVIDIA L4", "figures": {"DCGM_FI_DEV_FB_USED": 20500, "OTHER": 1.5}}
    read = page(tmp_path, latency=latency(), gpus=[one])
    for said in ("NVIDIA L4 0 of node-1", "memory used, MiB", "20,500", "OTHER", "1.50"):
        assert said in read.text


def test_the_memory_of_a_model_is_drawn(tmp_path):
    one = {"fits": True, "weights_bytes": 14_480_000_000, "kv_tokens": 55_344, "longest_context": 32_768}
    one["concurrency"] = [{"context": 32_768, "requests": 1}]
    fit = {"fits": True, "format": "fp16", "gpu_bytes": 24_152_899_584, "usable_bytes": 21_737_609_625}
    model = {"fit": {**fit, "formats": {"fp16": one}}, "fit_reason": None, "parameters": 7_241_732_096}
    model |= {"kv_bytes_per_token": 131_072, "shape": {"attention": "GQA"}}
    read = page(tmp_path, latency=latency(), model=model)
    assert "weights 14.48 GB" in read.text
    assert "1 x 32,768" in read.text


def test_the_short_version_for_a_job_s_summary():
    short = made(latency=latency(thresholds=[limit(True)]))["short"]
    assert (short["verdict"], short["model"], short["cold_start_seconds"]) == ("fit", "org/model", 171.0)
    assert short["medians"]["ttft_seconds"] == 0.05
    assert len(json.dumps(short)) < 1000


@pytest.mark.parametrize(
    ("value", "said"), [(None, "–"), (0.00095, "0.95 ms"), (0.0527, "52.7 ms"), (4.83, "4.83 s"), (170.5, "2 min 50 s")]
)
def test_durations_in_words(value, said):
    assert seconds(value) == said


def test_axes_have_round_values():
    assert ticks(0.013, 0.052) == pytest.approx([0.02, 0.03, 0.04, 0.05])
    assert [tick(value) for value in (0, 0.02, 2.0, 10.0)] == ["0", "20 ms", "2 s", "10 s"]
    assert Axis(0, 0, 10, 20).at(0) == 10
