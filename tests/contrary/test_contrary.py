# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every client against servers that misbehave: each case ends in time, in one line, and never well."""

from __future__ import annotations

import re
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.llmops.gke.plugins.module_utils.core.deadline import Deadline
from ansible_collections.llmops.gke.plugins.module_utils.core.errors import LlmopsError
from tests.contrary import cluster_asks, google_asks
from tests.contrary.asks import SECRET, Ask
from tests.contrary.server import Contrary
from tests.contrary.ways import MEGABYTE, PAGE, WAYS, Way, bomb, foreign, odd, pages

ASKS = [*google_asks.ASKS, *cluster_asks.ASKS]
SECONDS = 1.0
LATE = 1.1
"""Of the deadline, at most."""

AT_ONCE = 16
MEMORY = 160 * MEGABYTE
"""More than this no answer may cost, whatever comes. What is read is cut off long before; parsing takes the rest."""

READ = 40 * MEGABYTE

_STATUS = Path("/proc/self/status")
_PEAK = Path("/proc/self/clear_refs")


@dataclass
class Ended:
    """How a case ended. said: the error's message. requests: that the server saw; sent: bytes of bodies it sent."""

    outcome: Any
    seconds: float
    requests: list[str]
    sent: int
    memory: int = 0

    @property
    def problem(self) -> str:
        """What is wrong with it beside the words; empty where nothing is."""
        if not isinstance(self.outcome, Exception):
            return f"it gave {self.outcome!r:.200}"
        if not isinstance(self.outcome, LlmopsError):
            return f"it raised {self.outcome!r:.200}"
        if self.seconds > SECONDS * LATE:
            return f"it took {self.seconds:.2f} s"
        return ""


def run(ask: Ask, way: Way) -> Ended:
    """One case, which is not waited for for ever."""
    with Contrary(way.respond, ask.good) as server:
        ended = Ended("nothing yet", 0.0, server.requests, 0)

        def go() -> None:
            began = time.monotonic()
            try:
                ended.outcome = ask.run(server.url, Deadline(SECONDS))
            except Exception as error:
                ended.outcome = error
            ended.seconds = time.monotonic() - began

        thread = threading.Thread(target=go, daemon=True)
        thread.start()
        thread.join(4 * SECONDS)
        ended.sent = server.sent
        return ended


def run_alone(ask: Ask, way: Way) -> Ended:
    """One case with nothing beside it, and what it took of memory at most."""
    # What is made once is no part of any case.
    bomb()
    _PEAK.write_text("5", encoding="ascii")
    before = _memory("VmRSS")
    ended = run(ask, way)
    ended.memory = _memory("VmHWM") - before
    return ended


def _memory(which: str) -> int:
    return int(re.search(rf"{which}:\s+(\d+) kB", _STATUS.read_text(encoding="ascii"))[1]) * 1024


def _ways(ask: Ask) -> list[Way]:
    more = [odd(body) for body in ask.odd] + (pages(ask.page) if ask.page else [])
    return [way for way in (*WAYS, *more) if way.name not in ask.fine]


CASES = [(ask, way) for ask in ASKS for way in _ways(ask)]
LIGHT = [(ask, way) for ask, way in CASES if not way.heavy]
HEAVY = [(ask, way) for ask, way in CASES if way.heavy]


def _names(case: tuple[Ask, Way]) -> str:
    return f"{case[0].name}: {case[1].name}"


@pytest.fixture(scope="module")
def ended() -> Iterator[dict[str, Ended]]:
    """All light cases, run side by side; by the names of what was asked and how it was answered."""
    # What is made once is no part of any case.
    run(ASKS[0], WAYS[0])
    with ThreadPoolExecutor(AT_ONCE) as threads:
        results = dict(zip(map(_names, LIGHT), threads.map(lambda case: run(*case), LIGHT), strict=True))
    yield results
    kinds = Counter(type(one.outcome).__name__ for one in results.values())
    print(f"\n{len(LIGHT)} cases side by side, {len(HEAVY)} alone: {dict(kinds)}")


ALONE = 3
"""How often a case that failed beside others is run alone."""


@pytest.mark.parametrize(("ask", "way"), LIGHT, ids=map(_names, LIGHT))
def test_an_answer_that_is_none_ends_in_time_and_in_one_line(ask: Ask, way: Way, ended: dict[str, Ended]):
    case = ended[_names((ask, way))]
    for _again in range(ALONE):
        try:
            _check(ask, way, case)
        except AssertionError:
            # Beside fifteen others, or with more to do for the machine, a second may have been too short for it.
            case = run(ask, way)
    _check(ask, way, case)


@pytest.mark.parametrize(("ask", "way"), HEAVY, ids=map(_names, HEAVY))
@pytest.mark.skipif(not _PEAK.exists(), reason="only Linux tells a process its peak of memory")
def test_an_answer_without_measure_is_not_read_to_its_end(ask: Ask, way: Way):
    case = run_alone(ask, way)
    if case.problem.startswith("it took"):
        case = run_alone(ask, way)
    _check(ask, way, case)
    assert case.sent < READ
    assert case.memory < MEMORY, f"{case.memory / MEGABYTE:.0f} MiB"


def _check(ask: Ask, way: Way, case: Ended) -> None:
    assert not case.problem
    said = str(case.outcome)
    assert len(said.splitlines()) == 1 and len(said) < 1500, said
    assert ask.service.lower() in said.lower(), said
    assert re.search(way.said, said, re.IGNORECASE), said
    assert not ask.service or re.search(r"\b(GET|HEAD|POST|PATCH|DELETE) http://127\.0\.0\.1", said), said
    assert SECRET not in said + str(case.outcome.to_dict())
    assert len(case.requests) < 300


@pytest.mark.parametrize("ask", ASKS, ids=str)
def test_no_secret_follows_a_redirect_to_another_server(ask: Ask):
    with Contrary(lambda talk: talk.answer(PAGE, kind="text/html")) as other:
        case = run(ask, foreign(other.url))
        _check(ask, foreign(other.url), case)
    # The Hub alone keeps files elsewhere (its CDN), and is asked for them without any token.
    assert not other.requests or ask.service == "the Hugging Face Hub"
    assert not any("authorization" in headers or SECRET in str(headers) for headers in other.headers)
