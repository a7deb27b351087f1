# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Client, replies and counters: when they agree, and what is said where they do not."""

from __future__ import annotations

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.llmops.gke.plugins.module_utils.core.result import silent
from ansible_collections.llmops.gke.plugins.module_utils.engines.serving.llm_latency import SPEC
from ansible_collections.llmops.gke.plugins.module_utils.serving.cross_checks import (
    Account,
    Series,
    differences,
    of_answers,
    of_metrics,
    of_replies,
    pace,
)
from ansible_collections.llmops.gke.plugins.module_utils.serving.engine import Answer
from ansible_collections.llmops.gke.plugins.module_utils.serving.tgi.engine import TgiEngine
from llmops_gke_sandbox.workloads.llm.timing import Timing
from llmops_gke_sandbox.workloads.tgi.background import BackgroundServer

CLIENT = Account(requests=4, tokens=40, seconds=2.0)
QUIET = Series(CLIENT)
NAMES = TgiEngine.metrics


def counters(requests: float, tokens: float, seconds: float) -> dict[str, float]:
    return {
        "tgi_request_duration_count": requests,
        "tgi_request_generated_tokens_sum": tokens,
        "tgi_request_duration_sum": seconds,
    }


def test_counters_that_grew_by_what_was_sent_agree():
    metrics = of_metrics(NAMES, counters(7, 100, 5.0), counters(11, 140, 6.98))
    assert metrics == Account(4, 40, pytest.approx(1.98))
    assert not differences(Series(CLIENT, metrics), QUIET)


def test_the_first_request_of_a_fresh_server_makes_the_counters():
    assert of_metrics(NAMES, {}, counters(1, 10, 0.5)) == Account(1, 10, 0.5)


@pytest.mark.parametrize(
    ("before", "after"),
    [(None, counters(1, 1, 1)), ({}, None), (counters(9, 1, 1), counters(1, 1, 1)), ({}, {})],
    ids=["unreadable before", "unreadable after", "began anew", "another server's"],
)
def test_counters_that_tell_nothing_are_no_source(before, after):
    assert of_metrics(NAMES, before, after) is None


@pytest.mark.parametrize(
    ("metrics", "said"),
    [
        (Account(5, 50, 2.5), "4 streams were sent, /metrics of the server count 5: somebody else uses it"),
        (Account(4, 44, 2.0), "40 tokens by their answers, 44 by /metrics"),
        (Account(4, 40, 2.2), "took 0.5000 s for the client and more, 0.5500 s, by /metrics"),
        (Account(4, 40, 1.2), "explains 0.0000 s: look at proxies"),
    ],
)
def test_a_disagreement_says_what_and_where_to_look(metrics, said):
    [found] = differences(Series(CLIENT, metrics), QUIET).contradictions
    assert said in found


def test_a_long_way_to_the_server_explains_the_difference():
    single = Series(CLIENT, replies=Account(4, 40, 1.2))
    assert differences(Series(CLIENT, Account(4, 40, 1.2)), Series(CLIENT)).contradictions
    assert differences(Series(CLIENT, Account(4, 40, 1.2)), single).contradictions == []


def test_where_the_server_says_nothing_of_a_single_request_its_counters_tell_the_way():
    streamed, far = Series(CLIENT, Account(4, 40, 1.2)), Series(CLIENT, Account(4, 40, 1.2))
    found = differences(streamed, far)
    assert found.contradictions == []
    assert len(found.explained) == 2
    assert "the way there and back explains 0.2000 s" in found.explained[0]
    others = Series(CLIENT, Account(5, 50, 1.2))
    assert len(differences(streamed, others).contradictions) == 2, "somebody else's tell no way"


@pytest.mark.parametrize(
    ("client", "server", "agree"),
    [(0.0344, 0.0112, False), (0.0344, 0.0313, True), (0.0344, 0.0295, False), (4.83, 4.4, True), (4.83, 4.38, False)],
)
def test_agreement_is_within_a_part_of_the_figure_however_short_it_is(client, server, agree):
    of = Series(Account(1, 1, client), Account(1, 1, server), Account(1, 1, server))
    assert (not differences(Series(Account(1, 1, client), Account(1, 1, server)), of)) is agree


def test_what_the_way_there_and_back_explains_is_no_agreement_and_no_contradiction():
    of = Series(Account(1, 1, 0.0344), Account(1, 1, 0.0112), Account(1, 1, 0.0112))
    found = differences(of, of)
    assert found.contradictions == []
    assert "the way there and back explains 0.0232 s" in found.explained[0]


def test_the_server_s_own_pace_is_without_the_time_to_its_first_token():
    single = Series(Account(5, 5, 1.0), Account(5, 5, 0.5))
    assert pace(Series(CLIENT, Account(4, 40, 1.48)), single) == pytest.approx(0.03)
    assert pace(Series(CLIENT, Account(4, 40, 1.48)), Series(CLIENT)) is None
    assert pace(Series(CLIENT), single) is None
    assert pace(Series(CLIENT, Account(5, 50, 1.48)), single) is None, "somebody else's are among them"
    assert pace(Series(CLIENT, Account(4, 40, 0.3)), single) is None


def test_answers_of_one_length_tell_no_pace():
    single = Series(Account(5, 50, 1.0), Account(5, 50, 0.5))
    assert pace(Series(CLIENT, Account(4, 40, 1.48)), single) is None
    assert pace(Series(CLIENT, Account(4, 42, 1.48)), single) == pytest.approx(0.54)
    assert pace(Series(CLIENT, Account(4, 48, 0.4)), single) is None


def test_each_source_is_named_by_what_it_tells_of():
    single = Series(CLIENT, metrics=Account(4, 41, 2.0), replies=Account(4, 42, 2.0))
    assert differences(Series(CLIENT, Account(4, 43, 2.0)), single).contradictions == [
        "streams: 40 tokens by their answers, 43 by /metrics of the server",
        "single requests: 40 tokens by their answers, 41 by /metrics of the server",
        "single requests: 40 tokens by their answers, 42 by the replies of the server",
    ]


def test_accounts_are_shown_with_the_time_of_the_mean_request():
    shown = Series(Account(3, 40, 2.0), replies=Account(0, 0, 0.0)).shown()
    assert shown == {
        "client": {"requests": 3, "tokens": 40, "mean_seconds": 0.666667},
        "replies": {"requests": 0, "tokens": 0, "mean_seconds": None},
        "metrics": None,
    }


def test_the_client_s_account_is_the_sum_of_its_answers():
    answers = [Answer("a", 0.25, tokens=3), Answer("a", 0.5)]
    assert of_answers(answers) == Account(2, 3, 0.75)


def test_counters_that_did_not_grow_tell_of_no_request():
    assert of_metrics(NAMES, counters(7, 100, 5.0), counters(7, 100, 5.0)) == Account(0, 0, 0.0)
    # A counter that is not there yet has counted nothing.
    assert of_metrics(NAMES, {}, {"tgi_request_duration_count": 2.0}) == Account(2, 0, 0.0)


def test_headers_that_a_proxy_dropped_are_no_source():
    whole = Answer("a", 0.3, server_tokens=3, server_seconds=0.2)
    assert of_replies([whole, whole]) == Account(2, 6, 0.4)
    assert of_replies([whole, Answer("a", 0.3, server_seconds=0.2)]) is None
    assert of_replies([whole, Answer("a", 0.3, server_tokens=3)]) is None


def test_the_sandbox_s_server_tells_the_same_by_all_three():
    with BackgroundServer(Timing(ttft=0.005, itl=0.002)) as server:
        given = {"url": server.url, "prompt": "hi", "max_tokens": 5, "warmup": 1, "samples": 3, "timeout": 20}
        options = ArgumentSpecValidator(dict(SPEC.argument_spec), **SPEC.rules).validate(given).validated_parameters
        checks = SPEC.run(options, False, silent).values["cross_checks"]
    assert {name: account["requests"] for name, account in checks["single"].items()} == {
        "client": 5,
        "replies": 5,
        "metrics": 5,
    }
    assert checks["streamed"]["metrics"]["tokens"] == checks["streamed"]["client"]["tokens"] == 15
    assert checks["streamed"]["replies"] is None
