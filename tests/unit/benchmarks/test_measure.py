# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How runs are compared: by turns, by medians, less what an empty one costs."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from benchmarks.measure import Cost, Row, by_turns, counted, median, net, timed


def test_the_median_is_of_each_figure_by_itself():
    costs = [Cost(1.0, 9.0, requests=3), Cost(5.0, 8.0, requests=3), Cost(2.0, 7.0, requests=4)]
    assert median(costs) == Cost(2.0, 8.0, requests=3)


def test_what_one_run_did_not_count_has_no_median():
    assert median([Cost(1.0, 1.0, tasks=2), Cost(3.0, 3.0)]) == Cost(2.0, 2.0)


def test_net_of_an_empty_run_is_less_time_and_as_many_requests():
    cost = Cost(3.0, 2.0, memory=50.0, tasks=4, requests=5, connections=2)
    assert net(cost, Cost(1.0, 0.5, tasks=0, requests=1)) == Cost(2.0, 1.5, 50.0, 4, 5, 2)
    assert net(Cost(0.3, 0.2), Cost(0.4, 0.4)) == Cost(0.0, 0.0)


def test_contenders_take_turns():
    order = []

    def contender(name: str, *seconds: float):
        left = iter(seconds)
        return lambda: order.append(name) or Cost(next(left), 0.0)

    found = by_turns({"ours": contender("ours", 1.0, 3.0, 2.0), "theirs": contender("theirs", 9.0, 7.0, 8.0)}, 3)
    assert order == ["ours", "theirs"] * 3
    assert {name: cost.seconds for name, cost in found.items()} == {"ours": 2.0, "theirs": 8.0}


def test_requests_and_connections_are_counted_apart():
    log = [{"connection": "a"}, {"connection": "b"}, {"connection": "a"}]
    assert counted(Cost(1.0, 1.0, memory=9.0), log, 7) == Cost(1.0, 1.0, 9.0, tasks=7, requests=3, connections=2)


def test_a_row_comes_back_from_json_as_it_was():
    row = Row("a cluster", "first", "llmops.gke", Cost(1.5, 0.5, tasks=3))
    assert Row.of_dict(json.loads(json.dumps(row.to_dict()))) == row


def test_a_program_is_timed_and_its_words_are_kept(tmp_path: Path):
    cost, said = timed([sys.executable, "-c", "print(1 + 1)"], {}, tmp_path)
    assert said == "2\n"
    assert cost.seconds > 0


def test_a_program_that_fails_says_why(tmp_path: Path):
    with pytest.raises(RuntimeError, match="ended with 3:\nno such thing"):
        timed([sys.executable, "-c", "import sys; print('no such thing'); sys.exit(3)"], {}, tmp_path)
