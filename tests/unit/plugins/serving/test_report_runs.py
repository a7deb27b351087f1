# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs side by side: which are shown beside a report, and how they compare."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.core.errors import InvalidOption
from ansible_collections.llmops.gke.plugins.module_utils.core.result import silent
from ansible_collections.llmops.gke.plugins.module_utils.engines.serving.llm_report import SPEC, run
from ansible_collections.llmops.gke.plugins.module_utils.serving.report.runs import NoRun, beside, comparison, run_of

from .test_report import POD, STREAMED, SUMMARY, latency

TGI = {"server": "text-generation-inference", "version": "2.4.0"}
VLLM = {"server": "vLLM", "version": "0.32.0"}


def options(path: Path, **given: Any) -> dict[str, Any]:
    known = {name: spec.get("default") for name, spec in SPEC.argument_spec.items()}
    return {**known, "path": str(path.with_suffix(".html")), "json_path": str(path), **given}


def report(path: Path, info: dict[str, str], median: float = 0.05, **given: Any) -> dict[str, Any]:
    """A report as llm_report writes it to a path."""
    hot = dict.fromkeys(STREAMED, SUMMARY | {"median": median}) | {"overhead_seconds": None}
    run(options(path, latency=latency(info=info, hot=hot, **given)), False, silent)
    return json.loads(path.read_text())


def servers(made: dict[str, Any]) -> list[str]:
    return [one["server"] for one in made["beside"]]


def test_the_last_run_by_another_server_stays_beside_the_new_ones(tmp_path):
    path = tmp_path / "model.json"
    assert servers(report(path, TGI)) == []
    assert servers(report(path, TGI)) == []
    assert servers(report(path, VLLM)) == ["text-generation-inference 2.4.0"]
    assert servers(report(path, VLLM)) == ["text-generation-inference 2.4.0"]
    assert servers(report(path, TGI)) == ["vLLM 0.32.0"]


@pytest.mark.parametrize(
    "changes", [{"image": "tgi:3.3.6"}, {"quantization": "awq"}, {"machine_type": "g2-standard-24"}, {"gpus": 2}]
)
def test_so_does_that_of_another_image_number_format_or_machine(tmp_path, changes):
    path = tmp_path / "model.json"
    report(path, TGI)
    assert servers(report(path, TGI, pods=[POD | changes])) == ["text-generation-inference 2.4.0"]


def test_the_last_run_of_each_other_choice_stays_the_newest_first(tmp_path):
    path = tmp_path / "model.json"

    def weights(source: str, info: dict[str, str] | None = None) -> list[str]:
        return [one["weights"] for one in report(path, info or TGI, pods=[POD | {"weights": source}])["beside"]]

    assert weights("hub") == []
    assert weights("bucket") == ["hub"]
    assert weights("disk") == ["bucket", "hub"]
    assert weights("bucket") == ["disk", "hub"]
    assert weights("bucket") == ["disk", "hub"]
    assert weights("disk", VLLM) == ["bucket", "disk", "hub"]
    assert [*weights("a"), *weights("b")] == ["disk", "bucket", "disk", "hub", "a", "disk", "bucket", "disk"]
    assert "Weights from" in path.with_suffix(".html").read_text()


def test_any_report_can_be_chosen(tmp_path):
    other = tmp_path / "other.json"
    report(other, TGI, model="org/other")
    path = tmp_path / "model.json"
    run(options(path, latency=latency(info=VLLM), beside=[str(other)]), False, silent)
    (chosen,) = json.loads(path.read_text())["beside"]
    assert (chosen["model"], chosen["cold_start"]) == ("org/other", {"scheduled": 90.0, "load": 81.0})


@pytest.mark.parametrize("content", ["", "{", "[]", "null", "{}", '{"latency": 1}', b"\xff\xfe", "[" * 9999, None])
def test_what_is_no_report_is_refused_where_it_was_chosen_and_no_matter_where_it_was_not(tmp_path, content):
    path = tmp_path / "model.json"
    content = content.encode() if isinstance(content, str) else content
    if content is not None:
        path.write_bytes(content)
    assert servers(report(path, TGI)) == []
    other = tmp_path / "other.json"
    if content is not None:
        other.write_bytes(content)
    with pytest.raises(InvalidOption, match=r"beside\[0\]: .*it takes the path of a report's JSON"):
        run(options(path, latency=latency(), beside=[str(other)]), False, silent)


def test_the_page_has_them_side_by_side(tmp_path):
    path = tmp_path / "model.json"
    report(path, TGI)
    report(
        path,
        VLLM,
        median=0.03,
        pods=[POD | {"image": "vllm:0.32", "start_stages": [{"name": "compile", "seconds": 9.0}]}],
    )
    page = path.with_suffix(".html").read_text()
    section = page.partition('<section id="comparison">')[2].partition("</section>")[0]
    for cell in (
        "<td>Model server</td><td>vLLM 0.32.0</td><td>text-generation-inference 2.4.0</td>",
        "<td>Image</td><td>vllm:0.32</td><td>tgi:3.3.5</td>",
        "<td>Time to the first token</td><td>30.0 ms</td><td>50.0 ms</td><td>40 % less</td>",
        "<td>Tokens a second, one request at a time</td><td>33.3</td><td>20.0</td><td>67 % more</td>",
        "<td>Cold start of a pod</td><td>2 min 51 s</td><td>2 min 51 s</td><td>the same</td>",
        "<td>… compile</td><td>9.00 s</td><td>–</td><td></td>",
        "<td>… load</td><td>–</td><td>81.0 s</td><td></td>",
    ):
        assert cell in section, section
    assert "under load" not in section and "measured alike" not in section


def test_what_another_run_says_is_no_part_of_the_page(tmp_path):
    path = tmp_path / "model.json"
    report(path, {"server": "<script>", "version": "1"})
    report(path, TGI)
    assert "<script>" not in path.with_suffix(".html").read_text()


def test_simulated_and_real_runs_are_not_alike():
    real = run_of({"made": "now", "simulated": False, "speed": None, "latency": None, "load": None})
    assert "Not all of them were measured alike" in comparison(real | {"simulated": True, "speed": 50.0}, [real])
    assert comparison(real, []) == ""


def test_a_run_beside_is_read_as_strictly_as_a_report():
    of_it = run_of({"made": "now", "simulated": False, "latency": None, "load": None})
    former = {"made": "x", "simulated": False, "latency": None, "load": None, "beside": [of_it, {"made": "now"}]}
    assert beside(of_it, [], former) == []
    of_another = of_it | {"server": "vLLM 0.32.0"}
    assert beside(of_it, [], former | {"beside": [of_it, of_another]}) == [of_another]
    with pytest.raises(NoRun):
        run_of({"latency": {"hot": {"ttft_seconds": {"median": "soon"}}}, "made": "", "simulated": 0, "load": None})
