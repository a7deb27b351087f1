# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cold start beside earlier ones: which of them count, and what the page shows."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.serving.report.starts import KEPT, comparison, starts
from ansible_collections.llmops.gke.plugins.module_utils.workflows.model_startup import weights_of

from .test_report import POD, latency, made

HUB, GS = "the Hugging Face Hub", "gs://my-models/7b"


def seen(pod: str = "mistral-1", weights: str = HUB, seconds: float = 171.0, **changes: Any) -> dict[str, Any]:
    """What llm_latency tells of one pod."""
    return latency(engine="tgi", pods=[{**POD, "pod": pod, "weights": weights, "start_seconds": seconds}], **changes)


def start(pod: str = "mistral-0", weights: str = HUB, engine: str = "tgi", **changes: Any) -> dict[str, Any]:
    """A start that an earlier report tells of."""
    known = {"pod": pod, "weights": weights, "engine": engine, "model": "org/model", "speed": None}
    stages = [{"name": "weights", "seconds": 30.0}]
    return {**known, "made": "2026-01-01 12:00 UTC", "seconds": 200.0, "stages": stages, **changes}


def pods(found: list[dict[str, Any]]) -> list[str]:
    return [one["pod"] for one in found]


def test_this_start_comes_first_and_the_newest_of_each_source_follows():
    earlier = [start("c", GS), start("b"), start("a", GS), start("v", GS, "vllm")]
    found = starts(seen(), "now", None, earlier)
    assert pods(found) == ["mistral-1", "c", "b", "v"]
    assert found[0] == {
        **start("mistral-1", made="now", seconds=171.0),
        "stages": [{"name": "scheduled", "seconds": 90.0}, {"name": "load", "seconds": 81.0}],
    }
    many = [start(f"p{number}", f"gs://b/{number}") for number in range(9)]
    assert len(starts(seen(), "now", None, many)) == KEPT


def test_the_slowest_pod_is_the_start():
    slow = {**POD, "pod": "slow", "start_seconds": 300.0}
    assert pods(starts(latency(pods=[POD, slow]), "now", None)) == ["slow"]
    assert starts(latency(pods=[]), "now", None, [start()]) == starts(None, "now", None) == []


@pytest.mark.parametrize(
    "other",
    [
        start("mistral-1"),
        start(model="org/other"),
        start(speed=50.0),
        start(seconds="200"),
        start(seconds=True),
        start(stages=[{"name": "weights"}]),
        start(stages=[{"name": 1, "seconds": 1.0}]),
        start(stages="none"),
        start(speed="fast"),
        {name: value for name, value in start().items() if name != "speed"},
        {**start(), "weights": None},
        *("text", None, 7, [], {}),
    ],
    ids=str,
)
def test_what_says_nothing_beside_it_is_left_out(other):
    assert pods(starts(seen(), "now", None, [other, start("b")])) == ["mistral-1", "b"]


def test_the_phases_stand_side_by_side_and_are_safe():
    found = starts(seen(), "now", None, [start("b", "<script>gs", stages=[{"name": "weights<b>", "seconds": 30.0}])])
    page = comparison(found)
    rows = page.partition("<tbody>")[2].split("</tr>")
    assert "&lt;script&gt;gs" in page and "<script>" not in page and "weights&lt;b&gt;" in page
    assert rows[0] == f"<tr><td>weights from</td><td>{HUB}</td><td>&lt;script&gt;gs</td>"
    assert any(row.endswith("<td>load</td><td>81.0 s</td><td>–</td>") for row in rows)
    assert "<th>this start</th><th>2026-01-01 12:00 UTC</th>" in page
    assert comparison(found[:1]) == comparison([]) == ""


def test_a_report_keeps_the_starts_of_the_one_that_it_replaces(tmp_path):
    files = {"path": str(tmp_path / "r.html"), "json_path": str(tmp_path / "r.json")}
    first = made(latency=seen("a"), **files)
    assert pods(first["report"]["starts"]) == ["a"]
    assert "Beside earlier starts" not in (tmp_path / "r.html").read_text()
    made(latency=seen("b", GS, 90.0), **files)
    page = (tmp_path / "r.html").read_text()
    assert "Beside earlier starts of this model" in page and f"The weights came from <b>{GS}</b>" in page
    assert pods(json.loads((tmp_path / "r.json").read_text())["starts"]) == ["b", "a"]
    # The same pod, asked again, is the same start.
    assert pods(made(latency=seen("b", GS), **files)["report"]["starts"]) == ["b", "a"]


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "null", '{"starts": {}}', '{"starts": [1, null]}', b"\xff\xfe", "[" * 9999]
)
def test_a_report_that_is_none_is_no_history(tmp_path, content):
    path = tmp_path / "r.json"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    assert pods(made(latency=seen("b"), json_path=str(path))["report"]["starts"]) == ["b"]


CSI = "gcsfuse.csi.storage.gke.io"


@pytest.mark.parametrize(
    ("volume", "env", "told"),
    [
        ({"emptyDir": {}}, {}, HUB),
        ({"emptyDir": {}}, {"HF_ENDPOINT": "https://mirror"}, "https://mirror, as the Hugging Face Hub"),
        ({"csi": {"driver": CSI, "volumeAttributes": {"bucketName": "b"}}}, {}, "gs://b"),
        (
            {"csi": {"driver": CSI, "volumeAttributes": {"bucketName": "b", "mountOptions": "a-b,only-dir=a/7b"}}},
            {},
            "gs://b/a/7b",
        ),
        ({"csi": {"driver": "pd.csi.storage.gke.io"}}, {}, HUB),
        ({"hostPath": {"path": "/mnt/disks/gke-secondary-disks/gke-models-disk/7b"}}, {}, "a disk of the image models"),
        ({"hostPath": {"path": "/mnt/disks/other"}}, {}, HUB),
    ],
)
def test_a_pod_tells_where_its_weights_are_from(volume, env, told):
    container = {"name": "tgi", "env": [{"name": name, "value": value} for name, value in env.items()]}
    mounted = {**container, "volumeMounts": [{"name": "w", "mountPath": "/models"}]}
    pod = {"spec": {"containers": [{"name": "sidecar"}, mounted], "volumes": [{"name": "w", **volume}]}}
    assert weights_of(pod, "tgi") == told
    assert weights_of(pod, "sidecar") == HUB
